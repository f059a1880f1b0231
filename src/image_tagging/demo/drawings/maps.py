"""Maps: land, sea and mountains from noise, in the colours of an atlas, of parchment or of another planet."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from .colours import Colour, Floats, blend, colour, grid, noise, ramp, rgb_image, sides


def draw_map(rng: np.random.Generator) -> Image.Image:
    """One map of 64 to 256 px; mode P or RGB."""
    height, width = sides(rng, [64, 96, 128, 160, 192, 256])
    heights = _heights(rng, height, width)
    levels = int(rng.integers(8, 20))
    sea = rng.uniform(0.3, 0.5)
    colours = _coloured(rng, np.floor(heights * levels) / levels if rng.random() < 0.7 else heights, sea)
    if rng.random() < 0.5:
        colours = colours * _hillshade(heights, sea)[..., None]
    if rng.random() < 0.4:
        colours[_contours(heights, levels)] *= 0.72
    image = rgb_image(colours)
    _marks(rng, image, heights, sea)
    return image.quantize(colors=48, dither=Image.Dither.NONE) if rng.random() < 0.6 else image


def _heights(rng: np.random.Generator, height: int, width: int) -> Floats:
    """Heights (height, width) from 0 to 1; some maps are islands, low towards the edges."""
    heights = noise(rng, height, width, rng.uniform(1.5, 2.1))
    if rng.random() < 0.5:
        rows, columns = grid(height, width)
        away = np.maximum(np.abs(rows / height - 0.5), np.abs(columns / width - 0.5)) * 2
        heights = heights * (1.15 - away**2)
        heights = (heights - heights.min()) / (heights.max() - heights.min())
    return np.clip(heights, 0, 0.9999)


def _coloured(rng: np.random.Generator, heights: Floats, sea: float) -> Floats:
    """Water below sea level and land above it, each with its own row of colours."""
    water, land = _atlas(rng)
    below = blend(water, heights / sea)
    above = blend(land, (heights - sea) / (1 - sea))
    return np.where((heights < sea)[..., None], below, above)


def _atlas(rng: np.random.Generator) -> tuple[list[Colour], list[Colour]]:
    """The colours of the sea from deep to shallow, and of the land from the shore up."""
    lean = rng.normal(0, 0.02)
    atlases = [
        (
            [colour(0.61 + lean, 0.75, 0.4), colour(0.56 + lean, 0.6, 0.75)],
            [
                colour(0.13, 0.4, 0.88),
                colour(0.27 + lean, 0.55, 0.62),
                colour(0.34, 0.5, 0.42),
                colour(0.08, 0.4, 0.5),
                (240, 240, 245),
            ],
        ),
        (ramp(0.10 + lean, 0.25, 3, 0.62, 0.78), ramp(0.11 + lean, 0.4, 4, 0.95, 0.6)),
        (
            [colour(0.02, 0.9, 0.55), colour(0.1, 0.85, 1.0)],
            [colour(0.05, 0.5, 0.2), colour(0.7, 0.12, 0.35), colour(0.66, 0.08, 0.6)],
        ),
        (ramp(0.58 + lean, 0.45, 3, 0.45, 0.85), [(214, 224, 232), (240, 244, 248), (178, 196, 214), (252, 252, 255)]),
        (
            [colour(0.56, 0.5, 0.5), colour(0.5, 0.4, 0.75)],
            [colour(0.1, 0.45, 0.9), colour(0.08, 0.55, 0.78), colour(0.04, 0.55, 0.55), colour(0.03, 0.4, 0.35)],
        ),
        (ramp(rng.random(), 0.6, 3, 0.2, 0.5), ramp(rng.random(), 0.45, 4, 0.4, 0.95)),
    ]
    return atlases[int(rng.choice(len(atlases), p=[0.4, 0.14, 0.1, 0.1, 0.14, 0.12]))]


def _hillshade(heights: Floats, sea: float) -> Floats:
    """Light from the upper left on land, as cartographers draw it; the sea stays flat."""
    down, across = np.gradient(heights)
    light = 1 - 7 * (down + across) * min(heights.shape) / 128
    return np.where(heights < sea, 1.0, np.clip(light, 0.65, 1.25))


def _contours(heights: Floats, levels: int) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    steps = np.floor(heights * levels)
    lines = np.zeros(heights.shape, dtype=np.bool_)
    lines[:-1] |= steps[:-1] != steps[1:]
    lines[:, :-1] |= steps[:, :-1] != steps[:, 1:]
    return lines


def _marks(rng: np.random.Generator, image: Image.Image, heights: Floats, sea: float) -> None:
    """On some maps towns on land, a dotted route between them, or a border."""
    pen = ImageDraw.Draw(image)
    places = np.argwhere((heights > sea + 0.05) & (heights < sea + 0.3))
    if rng.random() < 0.5 and len(places) > 10:
        towns = [
            tuple(int(side) for side in places[int(rng.integers(len(places)))]) for _ in range(int(rng.integers(2, 6)))
        ]
        if rng.random() < 0.6:
            for (row, column), (next_row, next_column) in zip(towns, towns[1:]):
                for along in np.linspace(0, 1, max(3, int(np.hypot(next_row - row, next_column - column) // 5))):
                    spot = (column + (next_column - column) * along, row + (next_row - row) * along)
                    pen.point([spot, (spot[0] + 1, spot[1])], fill=(150, 30, 30))
        for row, column in towns:
            pen.rectangle((column - 2, row - 2, column + 2, row + 2), fill=(235, 220, 200), outline=(60, 30, 30))
    if rng.random() < 0.3:
        pen.rectangle((0, 0, image.width - 1, image.height - 1), outline=(70, 50, 40), width=2)
        pen.rectangle((3, 3, image.width - 4, image.height - 4), outline=(225, 205, 165))
