"""Maps, star fields and gradient skies: pictures of noise and of colours that flow into each other."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from .painting import SIZES, Array, Random, blend, colour, noise, pick, ramp, true_colour

#: Colours of a map's sea from deep to shallow, and of its land from the shore up.
ATLASES = (
    ("1a3f66 4d9bbf", "e0c987 8f9e47 5f8c3a 356b3b 80604d f0f0f5"), ("9e8b6b c7b48c", "f2e3bd dcc28f b98f5c 997048"),
    ("19305c 3f78b8", "e8dca0 b9c46a 6da04a 3c7a48 7d6a58 ffffff"), ("8c1a0e ff9a26", "33241a 4f4a52 999299 5c5560"),
    ("3f7580 73bfbf", "e6be7e c78852 8c4f3f 593a36 80604d"), ("3d5c8c 8fb8d9", "d6e0e8 f0f4f8 b2c4d6 fcfcff"),
    ("241440 5c3a80", "335c59 4c998c 99d9b8 e0f2d0"), ("0f2e33 2f5f5f", "5c2e5c 99478c d17ab0 f5c2dc"),
)  # fmt: skip


def draw_map(rng: Random) -> Image.Image:
    """Draw a map of 96 to 256 px; mode P or RGB."""
    height, width = pick(rng, SIZES)
    heights = noise(rng, height, width, rng.uniform(1.5, 2.1))
    if rng.random() < 0.5:  # an island, low towards the edges
        edge = np.maximum(np.abs(np.linspace(-1, 1, height))[:, None], np.abs(np.linspace(-1, 1, width)))
        heights = np.clip(heights * (1.15 - edge**2), 0, 1)
    levels, sea = int(rng.integers(8, 20)), rng.uniform(0.3, 0.5)
    steps, wet = np.floor(heights * levels), heights < sea
    shown = pick(rng, (steps / levels, steps / levels, heights))
    water, land = (np.frombuffer(bytes.fromhex(stops), np.uint8).reshape(-1, 3) for stops in pick(rng, ATLASES))
    pixels = np.where(wet[..., None], blend(water, shown / sea), blend(land, (shown - sea) / (1 - sea)))
    if rng.random() < 0.5:  # hills lit from the upper left, as cartographers draw them
        slope = np.add(*np.gradient(heights)) * min(height, width) / 18
        pixels *= np.where(wet, 1, np.clip(1 - slope, 0.65, 1.25))[..., None]
    if rng.random() < 0.4:  # contour lines
        pixels[(steps != np.roll(steps, 1, 0)) | (steps != np.roll(steps, 1, 1))] *= 0.72
    image = true_colour(pixels * rng.uniform(0.88, 1.08, size=3))
    towns = rng.permutation(np.argwhere((heights > sea + 0.05) & (heights < sea + 0.3)))
    for y, x in towns[: pick(rng, (0, 0, 3, 5))].tolist():
        ImageDraw.Draw(image).rectangle((x - 2, y - 2, x + 2, y + 2), (235, 220, 200), (60, 30, 30))
    return image.quantize(colors=48, dither=Image.Dither.NONE) if rng.random() < 0.6 else image


def draw_star_field(rng: Random) -> Image.Image:
    """Draw space with stars, often with nebulae or planets; RGB, 96 to 256 px."""
    height, width = pick(rng, SIZES)
    sky = np.full((height, width, 3), colour(rng.uniform(0.55, 0.8), 0.7, rng.uniform(0.02, 0.15)), np.float64)
    for _ in range(pick(rng, (0, 1, 1, 2))):  # nebulae, whose light adds up
        hue, cloud = rng.random(), np.clip(noise(rng, height, width, rng.uniform(1.5, 2.2)) * 1.8 - 0.8, 0, 1) ** 1.5
        stops = [(0, 0, 0), colour(hue, 0.8, 0.5), colour(hue + 0.1, 0.5, 0.95)]
        sky = 255 - (255 - sky) * (1 - blend(stops, cloud * (0.4 + 0.6 * noise(rng, height, width, 1.2))) / 255)
    _add_stars(rng, sky)
    for _ in range(pick(rng, (0, 0, 1, 1, 2))):
        _add_planet(rng, sky)
    return true_colour(np.rint(sky / 20) * 20 + 4 if rng.random() < 0.3 else sky)  # few colours, or all


def _add_stars(rng: Random, sky: Array) -> None:
    """Add many faint stars and few bright ones, the brightest with rays."""
    stars = np.clip(1 - rng.random(sky.shape[:2]) / rng.uniform(0.004, 0.014), 0, 1)
    shine, bright = stars**3, np.where(stars > 0.95, stars, 0)
    for step in (-2, -1, 1, 2):
        rays = np.maximum(np.roll(bright, step, 0), np.roll(bright, step, 1))
        shine = np.maximum(shine, rays * (1 - abs(step) / 3))
    tint = blend([(255, 226, 180), (255, 255, 255), (190, 210, 255)], noise(rng, len(sky), sky.shape[1], 0.5))
    np.maximum(sky, tint * shine[..., None], out=sky)


def _add_planet(rng: Random, sky: Array) -> None:
    """Add a banded or cloudy ball lit from one side, now and then with a ring."""
    height, width = sky.shape[:2]
    radius, turn, tilt = min(height, width) * rng.uniform(0.08, 0.3), rng.uniform(0, 2 * np.pi), rng.uniform(-0.5, 0.5)
    down = (np.arange(height)[:, None] - height * rng.uniform(0.15, 0.85)) / radius
    across = (np.arange(width) - width * rng.uniform(0.15, 0.85)) / radius
    depth, clouds = np.sqrt(np.clip(1 - down**2 - across**2, 0, None)), noise(rng, height, width, 1.6)
    light = np.clip(0.75 * depth + 0.65 * (down * np.sin(turn) + across * np.cos(turn)), 0.04, 1)
    surface = pick(rng, (clouds, np.sin(down * rng.uniform(4, 9) + 2 * clouds) * 0.5 + 0.5))
    ball = blend(ramp(rng.random(), rng.uniform(0.2, 0.7), 4), surface) * light[..., None]
    sky[depth > 0] = ball[depth > 0]
    away = np.hypot(across + tilt * down, (down - tilt * across) * 3.4)
    ring = (away > 1.35) & (away < pick(rng, (0, 0, 2))) & ((depth == 0) | (down > tilt * across))
    sky[ring] = sky[ring] * 0.4 + 0.6 * np.array(colour(rng.random(), 0.25, 0.8))


def draw_gradient(rng: Random) -> Image.Image:
    """Draw a sunset over hills, water or a neon floor, or colours that flow; RGB, 96 to 256 px."""
    height, width = pick(rng, SIZES)
    hue, way, values = rng.uniform(0.55, 0.85), rng.uniform(0.05, 0.14), (rng.uniform(0.15, 0.6), 0.6, 0.9, 1.0)
    stops = [colour(hue + way * step, 0.85 - 0.13 * step, value) for step, value in enumerate(values)]
    if rng.random() < 0.2:
        flow = [colour(hue + 1.3 * way * step, 0.55, rng.uniform(0.7, 1.0)) for step in range(4)]
        return true_colour(blend(pick(rng, (stops, flow)), noise(rng, height, width, 3.0)))
    horizon = int(height * rng.uniform(0.58, 0.78))
    sky = np.repeat(blend(stops, np.linspace(0, rng.uniform(1.0, 1.5), height))[:, None], width, axis=1)
    _add_stars(rng, sky[: horizon // pick(rng, (2, horizon))])
    add_ground = pick(rng, (None, _add_hills, _add_hills, _add_neon_floor))
    _add_sun(rng, sky, horizon, striped=add_ground is _add_neon_floor)
    sky[horizon:] = sky[2 * horizon - height : horizon][::-1] * 0.65  # water that mirrors the sky
    if add_ground:
        add_ground(rng, sky, horizon)
    return true_colour(sky)


def _add_sun(rng: Random, sky: Array, horizon: int, *, striped: bool) -> None:
    """Add a sun with its glow, striped more widely towards the horizon."""
    height, width = sky.shape[:2]
    radius, hue = min(height, width) * rng.uniform(0.14, 0.3), pick(rng, (0.14, 0.14, 0.08, 0.97))
    place = (np.arange(height)[:, None] - horizon) / radius + rng.uniform(0.0, 0.9)
    away = np.hypot(place, (np.arange(width) - width * rng.uniform(0.35, 0.65)) / radius)
    cover = np.clip((1 - away) * radius + 0.5, 0, 1)
    cover *= (place < 0) | (np.mod(place * 5, 1) >= (0.2 + 0.35 * place) * striped)
    cover = np.maximum(cover, 0.35 * np.exp((1 - away) / 0.7) * (away > 1))[..., None]
    stops = [colour(hue, 0.45, 1.0), colour(hue - 0.09, 0.68, 1.0), colour(hue - 0.21, 0.72, 0.95)]
    sky += (blend(stops, place / 2 + 0.5) - sky) * cover


def _add_hills(rng: Random, sky: Array, horizon: int) -> None:
    """Add ridges that darken towards the viewer."""
    hue, count, rough = rng.uniform(0.6, 0.9), int(rng.integers(2, 6)), rng.uniform(1.2, 2.2)
    for near in np.arange(count) / count:
        line = horizon + (len(sky) - horizon) * near - (noise(rng, 8, sky.shape[1], rough)[0] - 0.3) * len(sky) * 0.16
        sky[np.arange(len(sky))[:, None] > line] = colour(hue, 0.55, 0.5 - 0.42 * near)


def _add_neon_floor(rng: Random, sky: Array, horizon: int) -> None:
    """Add a dark floor with glowing lines that meet at the horizon."""
    near, across = np.linspace(0, 1, len(sky) - horizon)[:, None], np.linspace(-0.5, 0.5, sky.shape[1])
    spread, levels = 0.03 + 0.21 * near, np.floor(8 * near ** (1 / 2.2))
    lines = (np.mod(across / spread + 0.5, 1) * spread * sky.shape[1] < 1) | (levels != np.roll(levels, 1, 0))
    floor = blend([colour(0.78, 0.8, 0.25), colour(0.7, 0.8, 0.08)], near)
    sky[horizon:] = np.where(lines[..., None], colour(rng.uniform(0.48, 0.95), 0.75, 0.95), floor)
