"""Sprites: small mirrored creatures, heroes, invaders, ships and things, on a transparent ground."""

from __future__ import annotations

from typing import Callable

import numpy as np
from PIL import Image, ImageDraw

from .colours import Indices, enlarge, palette_image, ramp
from .figures import BLACK, FIRST_SHADED, WHITE, canvas, mirrored, palette_of, shaded

BODY, ACCENT, SKIN, METAL = range(FIRST_SHADED, FIRST_SHADED + 4)


def draw_sprite(rng: np.random.Generator) -> Image.Image:
    """One sprite of 16 to 32 px, or a short strip of such in other colours; mode P or RGBA."""
    size = int(rng.choice([16, 20, 24, 32]))
    designs: list[Callable[[np.random.Generator, int], Indices]] = [_creature, _creature, _ghost, _slime]
    designs += [_hero, _hero, _invader, _ship, _potion, _mushroom]
    materials = designs[int(rng.integers(len(designs)))](rng, size)
    if rng.random() < 0.2:
        materials = _strip(materials, frames=int(rng.integers(2, 5)))
    hue = rng.random()
    ramps = [
        ramp(hue, rng.uniform(0.35, 0.85), low=0.4),
        ramp(hue + rng.uniform(0.2, 0.8), rng.uniform(0.3, 0.8), low=0.45),
        ramp(rng.uniform(0.04, 0.09), rng.uniform(0.3, 0.6), low=rng.uniform(0.3, 0.6)),
        ramp(0.6, 0.12, low=0.4),
    ]
    image = palette_image(shaded(materials), palette_of(ramps), transparent=True)
    if rng.random() < 0.15 and materials.shape[1] <= 24:
        image = enlarge(image, 2)
    return image.convert("RGBA") if rng.random() < 0.25 else image


def _strip(materials: Indices, frames: int) -> Indices:
    """The figure several times in a row, bobbing up and down as in a walk cycle."""
    return np.hstack([np.roll(materials, -(frame % 2), axis=0) for frame in range(frames)])


def _eyes(rng: np.random.Generator, pen: ImageDraw.ImageDraw, size: int, row: float, apart: float) -> None:
    """The left one of two eyes, looking straight; large on large sprites."""
    reach = 1 if size < 20 else int(rng.integers(1, 3))
    column, line = round(size * (0.5 - apart)), round(size * row)
    pen.rectangle((column - reach + 1, line - reach, column + 1, line + 1), fill=WHITE)
    pen.rectangle((column + 1, line, column + 1, line + 1), fill=BLACK)


def _dot_eyes(pen: ImageDraw.ImageDraw, size: int, row: float) -> None:
    """Two upright strokes: all that fits a small face."""
    column, line = size // 2 - 1 - max(1, size // 12), round(size * row)
    pen.rectangle((column, line, column, line + size // 16), fill=BLACK)


def _mouth(rng: np.random.Generator, pen: ImageDraw.ImageDraw, size: int, row: float) -> None:
    line, half = round(size * row), int(rng.integers(1, max(2, size // 7)))
    pen.line((size // 2 - half, line, size // 2, line), fill=BLACK)
    if half > 1 and rng.random() < 0.6:  # a tooth
        pen.point((size // 2 - half + 1, line), fill=WHITE)


def _headgear(rng: np.random.Generator, pen: ImageDraw.ImageDraw, size: int, top: float, half: float) -> None:
    """Ears, horns or feelers, or nothing, on the left of a head."""
    left, line, style = size * (0.5 - half), size * top, int(rng.integers(4))
    if style == 0:
        pen.polygon([(left, line + size * 0.2), (left + 1, line - 1), (size * 0.46, line + 2)], fill=BODY)
    elif style == 1:
        pen.polygon([(left + 1, line + size * 0.15), (left - 1, line - 2), (left + size * 0.16, line + 2)], fill=ACCENT)
    elif style == 2:
        pen.line((size * 0.42, line + 2, size * 0.36, line - size * 0.12), fill=BODY)
        pen.rectangle((size * 0.34 - 1, line - size * 0.14, size * 0.34, line - size * 0.14 + 1), fill=ACCENT)


def _creature(rng: np.random.Generator, size: int) -> Indices:
    sheet, pen = canvas(size, size)
    half, tall = rng.uniform(0.22, 0.38), rng.uniform(0.22, 0.32)
    middle = 0.54
    _headgear(rng, pen, size, middle - tall, half)
    foot = size * rng.uniform(0.34, 0.42)
    pen.rectangle((foot - 1, size * middle, foot + size // 16, size - 2), fill=BODY)
    arm = size * (middle + rng.uniform(-0.12, 0.12))
    pen.line((size * 0.5, size * middle, max(1.0, size * (0.42 - half)), arm), fill=BODY, width=max(1, size // 12))
    pen.ellipse((size * (0.5 - half), size * (middle - tall), size * (0.5 + half), size * (middle + tall)), fill=BODY)
    if rng.random() < 0.7:
        pen.ellipse((size * (0.55 - half), size * middle, size * (0.45 + half), size * (middle + tall)), fill=ACCENT)
    _eyes(rng, pen, size, middle - tall * 0.35, half * 0.5)
    _mouth(rng, pen, size, middle + tall * 0.4)
    return mirrored(sheet)


def _slime(rng: np.random.Generator, size: int) -> Indices:
    sheet, pen = canvas(size, size)
    top = size * rng.uniform(0.25, 0.5)
    pen.ellipse((size * 0.12, top, size * 0.88, size * 1.3), fill=BODY)
    pen.rectangle((0, size - 2, size, size), fill=0)
    if rng.random() < 0.5:
        pen.polygon([(size * 0.42, top + 2), (size * 0.5, top - size * 0.16), (size * 0.6, top + 2)], fill=BODY)
    _eyes(rng, pen, size, 0.66, 0.17)
    _mouth(rng, pen, size, 0.82)
    return mirrored(sheet)


def _ghost(rng: np.random.Generator, size: int) -> Indices:
    sheet, pen = canvas(size, size)
    pen.ellipse((size * 0.18, size * 0.1, size * 0.82, size * 0.75), fill=BODY)
    pen.rectangle((size * 0.18, size * 0.42, size * 0.82, size * 0.84), fill=BODY)
    hem = max(2, size // int(rng.integers(7, 11)))
    for column in range(int(size * 0.18) + 1, size // 2, hem * 2):
        pen.rectangle((column, size * 0.84 - hem // 2, column + hem - 1, size), fill=0)
    _eyes(rng, pen, size, 0.4, 0.15)
    _mouth(rng, pen, size, 0.62)
    return mirrored(sheet)


def _hero(rng: np.random.Generator, size: int) -> Indices:
    sheet, pen = canvas(size, size)
    pen.rectangle((size * 0.34, size * 0.76, size // 2 - 2, size * 0.94), fill=ACCENT)
    pen.rectangle((size * 0.3, size * 0.52, size * 0.5, size * 0.78), fill=BODY)
    pen.rectangle((size * 0.22, size * 0.54, size * 0.28, size * 0.72), fill=BODY)
    pen.rectangle((size * 0.22, size * 0.7, size * 0.28, size * 0.75), fill=SKIN)
    pen.line((size * 0.3, size * 0.7, size * 0.5, size * 0.7), fill=METAL)
    pen.ellipse((size * 0.26, size * 0.14, size * 0.72, size * 0.54), fill=SKIN)
    _hat(rng, pen, size)
    _dot_eyes(pen, size, 0.4)
    materials = mirrored(sheet)
    if rng.random() < 0.6:  # a sword or a staff, in one hand only
        column, blade = round(size * 0.82), METAL if rng.random() < 0.6 else ACCENT
        materials[round(size * 0.25) : round(size * 0.85), column : column + max(1, size // 16)] = blade
        materials[round(size * 0.68), column - 1 : column + 2 + size // 20] = ACCENT
    return materials


def _hat(rng: np.random.Generator, pen: ImageDraw.ImageDraw, size: int) -> None:
    """Hair, a helmet or a wizard's hat."""
    style = int(rng.integers(4))
    if style == 0:
        pen.polygon([(size * 0.16, size * 0.3), (size * 0.5, 0), (size * 0.84, size * 0.3)], fill=BODY)
    elif style == 1:
        pen.pieslice((size * 0.24, size * 0.1, size * 0.74, size * 0.56), 180, 360, fill=METAL)
        pen.rectangle((size * 0.47, size * 0.02, size * 0.5, size * 0.16), fill=ACCENT)
    else:
        pen.pieslice((size * 0.24, size * 0.1, size * 0.74, size * 0.5), 180, 360, fill=ACCENT)
        if style == 2:  # long hair
            pen.rectangle((size * 0.24, size * 0.28, size * 0.3, size * 0.54), fill=ACCENT)


def _invader(rng: np.random.Generator, size: int) -> Indices:
    """Random cells around a filled middle, as in the oldest arcade games."""
    cells = rng.random((8, 4)) < np.linspace(0.35, 0.9, 4)
    cells[2:6, 3] = True
    cells[3, 2] = False
    materials = np.where(cells, np.where(rng.random((8, 1)) < 0.3, ACCENT, BODY), 0).astype(np.uint8)
    both = np.hstack([materials, materials[:, ::-1]])
    times = (size - 2) // 8
    figure = np.kron(both, np.ones((times, times), dtype=np.uint8))
    margin = size - figure.shape[0]
    return np.pad(figure, (margin // 2, margin - margin // 2))


def _ship(rng: np.random.Generator, size: int) -> Indices:
    sheet, pen = canvas(size, size)
    nose, wing = size * rng.uniform(0.06, 0.2), size * rng.uniform(0.06, 0.2)
    pen.polygon(
        [(size * 0.42, size * 0.4), (wing, size * rng.uniform(0.6, 0.85)), (size * 0.45, size * 0.8)], fill=BODY
    )
    pen.rectangle((wing, size * 0.5, wing + size // 16, size * 0.85), fill=ACCENT)
    pen.polygon(
        [(size * 0.5, nose), (size * 0.36, size * 0.5), (size * 0.4, size * 0.88), (size, size * 0.88)], fill=METAL
    )
    pen.ellipse((size * 0.42, size * 0.34, size * 0.58, size * 0.56), fill=BODY)
    pen.rectangle((size * 0.42, size * 0.88, size * 0.46, size * 0.96), fill=ACCENT)
    return mirrored(sheet)


def _potion(rng: np.random.Generator, size: int) -> Indices:
    sheet, pen = canvas(size, size)
    low, half = size * 0.92, size * rng.uniform(0.26, 0.4)
    pen.rectangle((size * 0.4, size * 0.16, size * 0.6, size * 0.5), fill=METAL)
    pen.rectangle((size * 0.38, size * 0.08, size * 0.62, size * 0.16), fill=SKIN)
    pen.ellipse((size * 0.5 - half, low - 2 * half, size * 0.5 + half, low), fill=METAL)
    pen.chord((size * 0.5 - half + 1, low - 2 * half + 1, size * 0.5 + half - 1, low - 1), -20, 200, fill=BODY)
    pen.point((size * 0.4, low - half), fill=WHITE)
    return mirrored(sheet)


def _mushroom(rng: np.random.Generator, size: int) -> Indices:
    sheet, pen = canvas(size, size)
    pen.rectangle((size * 0.36, size * 0.55, size * 0.6, size * 0.92), fill=SKIN)
    pen.pieslice((size * 0.1, size * rng.uniform(0.08, 0.25), size * 0.92, size), 180, 360, fill=BODY)
    spot = max(1, size // 10)
    for row, column in ((0.3, 0.5), (0.42, 0.26)):
        box = (size * column - spot, size * row - spot, size * column + spot, size * row + spot)
        pen.ellipse(box, fill=ACCENT if rng.random() < 0.5 else WHITE)
    if rng.random() < 0.6:
        _dot_eyes(pen, size, 0.7)
    return mirrored(sheet)
