"""Tiles: ground and walls that repeat without a seam, as tile maps are made of."""

from __future__ import annotations

from typing import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .colours import Floats, Indices, enlarge, grid, material, noise, palette_image, pick

Cells = NDArray[np.int64]
SHADES = 6  # shade 0 is the joint between stones, 1 ... 5 go from dark to light


def draw_tile(rng: np.random.Generator) -> Image.Image:
    """One tile of 16 to 64 px, or four of them side by side; mode P or RGB."""
    size = int(rng.choice([16, 24, 32, 32, 48, 64]))
    designs: list[tuple[Callable[[np.random.Generator, int], Indices], tuple[str, ...]]] = [
        (_bricks, ("brick", "stone", "slate", "moss", "sand")),
        (_cobbles, ("stone", "slate", "earth", "moss", "violet")),
        (_grass, ("grass", "leaf", "moss", "sand")),
        (_planks, ("wood", "wood", "earth")),
        (_slabs, ("stone", "slate", "sand", "violet")),
        (_waves, ("water", "water", "lava")),
        (_ornament, ("violet", "brick", "water", "leaf", "sand")),
    ]
    design, made_of = designs[int(rng.integers(len(designs)))]
    shades = design(rng, size)
    if rng.random() < 0.3 and size <= 32:
        shades = np.tile(shades, (2, 2))
    palette = material(rng, pick(rng, made_of), SHADES, low=rng.uniform(0.1, 0.3), high=rng.uniform(0.65, 0.95))
    image = palette_image(shades, palette)
    if rng.random() < 0.2 and size <= 32:
        image = enlarge(image, 2)
    return image.convert("RGB") if rng.random() < 0.4 else image


def _shades(light: Floats, low: int = 1) -> Indices:
    """Shades ``low`` ... 5 for light from 0 to 1."""
    shades: Indices = np.clip(low + np.floor(light * (SHADES - low)), low, SHADES - 1).astype(np.uint8)
    return shades


def _bevelled(rng: np.random.Generator, cells: Cells, grain: float = 0.25) -> Indices:
    """Stones from a map of cell numbers: each of its own shade, lit above, dark joints below and to the right."""
    height, width = cells.shape
    own = rng.uniform(0.3, 0.6, size=int(cells.max()) + 1)
    light = own[cells] + grain * (noise(rng, height, width, 1.0) - 0.5)
    light = np.where((np.roll(cells, 2, 0) != cells) | (np.roll(cells, 2, 1) != cells), light + 0.25, light)
    shades = _shades(light)
    shades[(np.roll(cells, -1, 0) != cells) | (np.roll(cells, -1, 1) != cells)] = 0
    return shades


def _bricks(rng: np.random.Generator, size: int) -> Indices:
    courses = int(rng.choice([2, 4, 4] if size < 32 else [4, 6, 8]))
    across = max(1, courses // 2)
    rows, columns = grid(size, size)
    course = np.floor(rows * courses / size)
    brick = np.floor(columns * across / size + 0.5 * (course % 2)) % across
    return _bevelled(rng, (course * across + brick).astype(np.int64))


def _cobbles(rng: np.random.Generator, size: int) -> Indices:
    """Cells around random points; distances run around the edges, so that the tile repeats."""
    points = rng.uniform(0, size, size=(int(rng.integers(6, 8 + size // 4)), 2))
    rows, columns = grid(size, size)
    down = np.abs(rows[..., None] - points[:, 0])
    across = np.abs(columns[..., None] - points[:, 1])
    away = np.hypot(np.minimum(down, size - down), np.minimum(across, size - across))
    return _bevelled(rng, away.argmin(axis=-1))


def _grass(rng: np.random.Generator, size: int) -> Indices:
    shades = _shades(0.25 + 0.35 * noise(rng, size, size, rng.uniform(0.6, 1.4)))
    for _ in range(size * size // int(rng.integers(30, 70))):  # blades: a light tip over a dark foot
        row, column = rng.integers(size, size=2)
        for step in range(int(rng.integers(2, 4))):
            shades[(row - step) % size, (column + (step == 2)) % size] = 2 + step
        shades[(row + 1) % size, column] = 1
    if rng.random() < 0.3:  # flowers
        for row, column in rng.integers(size, size=(max(2, size // 8), 2)):
            shades[row, (column + np.array([-1, 1])) % size] = 5
            shades[(row + np.array([-1, 1])) % size, column] = 5
    return shades


def _planks(rng: np.random.Generator, size: int) -> Indices:
    planks = int(rng.choice([2, 4] if size < 32 else [4, 6]))
    rows, columns = grid(size, size)
    plank = np.floor(rows * planks / size).astype(np.int64)
    ends = rng.integers(size, size=planks)
    grain = noise(rng, planks * 8, size, 1.5)[(rows * planks * 8 / size).astype(np.int64) % (planks * 8), 0]
    light = rng.uniform(0.35, 0.6, planks)[plank] + 0.5 * (grain - 0.5) + 0.15 * (noise(rng, size, size, 1.2) - 0.5)
    shades = _shades(light)
    shades[(np.roll(plank, -1, 0) != plank) | (columns == ends[plank])] = 0
    nails = (np.abs(columns - ends[plank]) == 2) & (np.roll(plank, 2, 0) != plank) & (np.roll(plank, 1, 0) == plank)
    shades[nails] = 5
    return shades if rng.random() < 0.6 else np.ascontiguousarray(shades.T)


def _slabs(rng: np.random.Generator, size: int) -> Indices:
    count = int(rng.choice([1, 2] if size < 32 else [2, 3, 4]))
    rows, columns = grid(size, size)
    cells = (np.floor(rows * count / size) * count + np.floor(columns * count / size)).astype(np.int64)
    shades = _bevelled(rng, cells, grain=0.4)
    for _ in range(int(rng.integers(0, 4))):  # cracks
        row, column = (int(place) for place in rng.integers(size, size=2))
        for _ in range(size // 3):
            shades[row % size, column % size] = 1
            row, column = row + int(rng.integers(0, 2)), column + int(rng.integers(-1, 2))
    return shades


def _waves(rng: np.random.Generator, size: int) -> Indices:
    rows, columns = grid(size, size)
    turns = 2 * np.pi / size
    bend = 0.9 * np.sin(turns * columns * int(rng.integers(1, 3))) + 4 * (noise(rng, size, size, 2.0) - 0.5)
    swell = 0.5 + 0.5 * np.sin(turns * rows * int(rng.integers(2, 5)) + bend)
    return _shades(0.15 + 0.45 * swell + 0.5 * (swell > 0.93), low=0)


def _ornament(rng: np.random.Generator, size: int) -> Indices:
    """A carpet or mosaic: random cells, mirrored four times."""
    cells = int(rng.choice([4, 8])) if size > 16 else 4
    corner = rng.integers(1, SHADES, size=(cells, cells))
    corner = np.triu(corner) + np.triu(corner, 1).T
    whole = np.block([[corner, corner[:, ::-1]], [corner[::-1], corner[::-1, ::-1]]])
    places = np.arange(size) * 2 * cells // size
    shades = whole[np.ix_(places, places)].astype(np.uint8)
    if rng.random() < 0.5:
        shades[0, :] = shades[:, 0] = 0
    return shades
