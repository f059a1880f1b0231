"""Star fields and gradient skies: the two kinds that share their colours, and differ in what they show."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from .colours import (
    Colour,
    Floats,
    blend,
    colour,
    enlarge,
    grid,
    noise,
    ordered_dither,
    ramp,
    rgb_image,
    sides,
)


def draw_star_field(rng: np.random.Generator) -> Image.Image:
    """Space with stars, often nebulae, sometimes planets; RGB, 64 to 256 px."""
    pixelated = rng.random() < 0.4
    height, width = sides(rng, [64, 80, 96, 112, 128] if pixelated else [96, 128, 192, 256])
    sky = _night(rng, height, width)
    _stars(rng, sky)
    for _ in range(int(rng.choice([0, 0, 1, 1, 2]))):
        _planet(rng, sky)
    if pixelated:  # few colours and square pixels
        image = rgb_image(np.floor(sky / 20 + 0.5 + ordered_dither(height, width)[..., None]) * 20 + 4)
        return enlarge(image, 2) if rng.random() < 0.6 else image
    return rgb_image(sky)


def _night(rng: np.random.Generator, height: int, width: int) -> Floats:
    """Almost black, with up to two clouds of light over it."""
    rows, _ = grid(height, width)
    hue = rng.uniform(0.55, 0.8)
    sky = blend(
        [colour(hue, 0.7, rng.uniform(0.02, 0.1)), colour(hue + 0.05, 0.7, rng.uniform(0.05, 0.2))], rows / height
    )
    for _ in range(int(rng.integers(0, 3))):
        cloud = np.clip(noise(rng, height, width, rng.uniform(1.5, 2.2)) * 1.8 - 0.8, 0, 1) ** 1.5
        cloud *= 0.4 + 0.6 * noise(rng, height, width, 1.2)
        own = rng.random()
        glow = blend([(0, 0, 0), colour(own, 0.8, 0.5), colour(own + 0.1, 0.5, 0.95)], cloud)
        sky = 255 - (255 - sky) * (255 - glow) / 255  # light adds up
    return sky


def _stars(rng: np.random.Generator, sky: Floats) -> None:
    """Many faint stars and few bright ones (a power law, as in the real sky), the brightest with rays."""
    height, width = sky.shape[:2]
    count = int(height * width * rng.uniform(0.002, 0.012))
    places = np.column_stack([rng.integers(height, size=count), rng.integers(width, size=count)])
    brightness = np.clip(rng.pareto(1.6, size=count) * 0.2 + 0.15, 0, 1)
    tints = np.array([(255, 255, 255), (190, 210, 255), (255, 226, 180), (255, 190, 170)])[
        rng.choice(4, size=count, p=[0.5, 0.25, 0.15, 0.1])
    ]
    for (row, column), bright, tint in zip(places, brightness, tints):
        sky[row, column] = np.maximum(sky[row, column], tint * bright)
        if bright > 0.85 and rng.random() < 0.4:
            reach = int(rng.integers(1, 4))
            for step in range(1, reach + 1):
                for down, across in ((0, step), (0, -step), (step, 0), (-step, 0)):
                    at = ((row + down) % height, (column + across) % width)
                    sky[at] = np.maximum(sky[at], tint * bright * (1 - step / (reach + 1)))


def _planet(rng: np.random.Generator, sky: Floats) -> None:
    """A banded or cloudy ball lit from one side, now and then with a ring."""
    height, width = sky.shape[:2]
    rows, columns = grid(height, width)
    radius = min(height, width) * rng.uniform(0.08, 0.3)
    down = (rows - height * rng.uniform(0.15, 0.85)) / radius
    across = (columns - width * rng.uniform(0.15, 0.85)) / radius
    depth = np.sqrt(np.clip(1 - down**2 - across**2, 0, None))
    turn = rng.uniform(0, 2 * np.pi)
    light = np.clip(0.75 * depth + 0.65 * (down * np.sin(turn) + across * np.cos(turn)), 0.04, 1)
    bands = np.sin(down * rng.uniform(4, 9) + 2 * noise(rng, height, width, 1.6)) * 0.5 + 0.5
    surface = bands if rng.random() < 0.5 else noise(rng, height, width, 1.6)
    colours = blend(ramp(rng.random(), rng.uniform(0.2, 0.7), 4, 0.35, 0.98), np.clip(surface, 0, 1)) * light[..., None]
    ball = depth > 0
    if rng.random() < 0.3:
        tilt = rng.uniform(-0.5, 0.5)
        away = np.hypot(across + tilt * down, (down - tilt * across) * 3.4)
        ring = (away > 1.35) & (away < 2.0) & (~ball | (down - tilt * across > 0))
        sky[ring] = sky[ring] * 0.4 + 0.6 * np.array(colour(rng.random(), 0.25, 0.8))
        ball &= ~ring
    sky[ball] = colours[ball]


def draw_gradient(rng: np.random.Generator) -> Image.Image:
    """A smooth sky of three or four colours: a sunset, a synth-wave scene or flowing blots; RGB, 96 to 256 px."""
    height, width = sides(rng, [96, 128, 160, 192, 256])
    style = int(rng.integers(4))
    if style == 0:
        return rgb_image(_blots(rng, height, width))
    sky = blend(_sunset(rng), grid(height, width)[0] / (height * rng.uniform(0.65, 1.0)))
    horizon = int(height * rng.uniform(0.58, 0.78))
    if rng.random() < 0.35:
        _stars(rng, sky[: horizon // 2])
    _sun(rng, sky, horizon, striped=style == 1)
    if style == 1:
        return _neon_floor(rng, sky, horizon)
    _hills(rng, sky, horizon)
    return rgb_image(sky)


def _sunset(rng: np.random.Generator) -> list[Colour]:
    """From the zenith down: deep, strong, warm and pale."""
    start, way = rng.uniform(0.55, 0.85), rng.uniform(0.15, 0.4)
    values = (rng.uniform(0.15, 0.6), 0.6, 0.9, 1.0)
    return [colour(start + way * step / 3, 0.85 - 0.13 * step, values[step]) for step in range(4)]


def _blots(rng: np.random.Generator, height: int, width: int) -> Floats:
    """Colours that flow into each other around a few points, or along one direction."""
    rows, columns = grid(height, width)
    hue = rng.random()
    way = rng.choice([-1, 1]) * rng.uniform(0.08, 0.14)
    colours = [colour(hue + way * step, rng.uniform(0.35, 0.8), rng.uniform(0.7, 1.0)) for step in range(4)]
    if rng.random() < 0.4:
        turn = rng.uniform(0, 2 * np.pi)
        along = np.cos(turn) * columns / width + np.sin(turn) * rows / height
        return blend(colours[:3], (along - along.min()) / (along.max() - along.min()))
    points = rng.uniform(-0.1, 1.1, size=(4, 2))
    away = np.hypot(rows[..., None] / height - points[:, 0], columns[..., None] / width - points[:, 1])
    weights = 1 / (away**2 + 0.05) ** 1.5
    mixed: Floats = (weights / weights.sum(axis=-1, keepdims=True)) @ np.array(colours, dtype=np.float64)
    return mixed


def _sun(rng: np.random.Generator, sky: Floats, horizon: int, *, striped: bool) -> None:
    height, width = sky.shape[:2]
    rows, columns = grid(height, width)
    radius = min(height, width) * rng.uniform(0.14, 0.3)
    middle = horizon - radius * rng.uniform(0.0, 0.9)
    away = np.hypot(rows - middle, columns - width * rng.uniform(0.35, 0.65))
    cover = np.clip(radius - away + 0.5, 0, 1)
    if striped:  # the gaps grow towards the horizon
        place = (rows - middle) / radius
        cover *= ~((place > 0) & (np.mod(place * 5, 1) < 0.2 + 0.35 * place))
    hue = rng.choice([0.14, 0.14, 0.08, 0.97])
    shades = [colour(hue, 0.45, 1.0), colour(hue - 0.09, 0.68, 1.0), colour(hue - 0.21, 0.72, 0.95)]
    warm = blend(shades, (rows - middle + radius) / (2 * radius))
    glow = np.exp(-np.clip(away - radius, 0, None) / (radius * 0.7)) * 0.35
    strength = np.maximum(cover, glow * (away > radius))[..., None]
    sky[:] = sky * (1 - strength) + warm * strength


def _hills(rng: np.random.Generator, sky: Floats, horizon: int) -> None:
    """Ridges that darken towards the viewer, or mirror-calm water."""
    height, width = sky.shape[:2]
    rows, _ = grid(height, width)
    if rng.random() < 0.35:
        reflected = sky[horizon - 1 :: -1][: height - horizon]
        sky[horizon : horizon + len(reflected)] = reflected * 0.65
        return
    hue = rng.uniform(0.6, 0.9)
    count = int(rng.integers(2, 5))
    for ridge in range(count):
        line = horizon + (height - horizon) * ridge / count - (noise(rng, 8, width, 1.5)[0] - 0.3) * height * 0.16
        sky[rows > line] = colour(hue, 0.55, 0.5 - 0.42 * ridge / count)


def _neon_floor(rng: np.random.Generator, sky: Floats, horizon: int) -> Image.Image:
    """A dark floor with glowing lines that meet at the horizon."""
    height, width = sky.shape[:2]
    sky[horizon:] = blend([colour(0.78, 0.8, 0.25), colour(0.7, 0.8, 0.08)], np.linspace(0, 1, height - horizon))[
        :, None
    ]
    image = rgb_image(sky)
    pen = ImageDraw.Draw(image)
    neon = colour(rng.uniform(0.48, 0.95), 0.75, 0.95)
    for step in range(-12, 13):
        pen.line((width / 2 + step * width * 0.03, horizon, width / 2 + step * width * 0.24, height), fill=neon)
    for step in range(9):
        line = horizon + (height - horizon) * (step / 8) ** 2.2
        pen.line((0, line, width, line), fill=neon)
    return image
