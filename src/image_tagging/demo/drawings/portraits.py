"""Portraits: a face to the shoulders before a plain or dithered ground, as in the dialogues of games."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from .colours import Colour, Indices, enlarge, grid, ordered_dither, palette_image, ramp
from .figures import BLACK, FIRST_SHADED, WHITE, canvas, mirrored, palette_of, shaded

SKIN, HAIR, CLOTH, TRIM, LIP = range(FIRST_SHADED, FIRST_SHADED + 5)
HOOD, CROWN, HELMET = range(3)  # the headgear of half of all people


def draw_portrait(rng: np.random.Generator) -> Image.Image:
    """One portrait of 48 to 144 px; mode P."""
    size = int(rng.choice([48, 56, 64, 72]))
    indices = shaded(_person(rng, size), rim=max(1, size // 28))
    ramps = [
        _skin(rng),
        _hair(rng),
        ramp(rng.random(), rng.uniform(0.3, 0.8)),
        ramp(0.13, 0.6),
        ramp(0.98, 0.5, 3, 0.4, 0.8),
    ]
    palette = palette_of(ramps)
    ground = ramp(rng.random(), rng.uniform(0.15, 0.55), 4, rng.uniform(0.15, 0.5), rng.uniform(0.55, 0.95))
    filled = np.where(indices == 0, len(palette) + _ground(rng, size), indices).astype(np.uint8)
    if rng.random() < 0.4:
        _frame(filled, len(palette))
    image = palette_image(filled, [*palette, *ground])
    return enlarge(image, 2) if rng.random() < 0.5 else image


def _skin(rng: np.random.Generator) -> list[Colour]:
    if rng.random() < 0.15:  # an orc, a fairy or a ghost
        return ramp(rng.uniform(0.2, 0.8), 0.4, low=0.4)
    light = rng.uniform(0.6, 1.0)
    return ramp(rng.uniform(0.045, 0.085), 0.82 - 0.45 * light, low=light * 0.72, high=light)


def _hair(rng: np.random.Generator) -> list[Colour]:
    if rng.random() < 0.3:
        return ramp(rng.random(), 0.65)
    light = rng.uniform(0.25, 0.95)
    return ramp(rng.uniform(0.04, 0.13), rng.uniform(0.1, 0.7), low=light * 0.4, high=light)


def _ground(rng: np.random.Generator, size: int) -> Indices:
    """Shade 0 ... 3 of each pixel behind the person: plain, from top to bottom, or a glow behind the head."""
    rows, columns = grid(size, size)
    style = int(rng.integers(3))
    if style == 0:
        along = np.full((size, size), 0.5)
    elif style == 1:
        along = rows / size if rng.random() < 0.5 else 1 - rows / size
    else:
        along = 1.2 - np.hypot(rows - size * 0.45, columns - size * 0.5) / (size * 0.6)
    return np.clip(np.floor(along * 4 + ordered_dither(size, size)), 0, 3).astype(np.uint8)


def _frame(indices: Indices, ground: int) -> None:
    indices[[0, -1], :] = indices[:, [0, -1]] = 1
    indices[1, 1:-1] = indices[-2, 1:-1] = indices[1:-1, 1] = indices[1:-1, -2] = ground + 3


def _person(rng: np.random.Generator, size: int) -> Indices:
    """Drawn from back to front, on a scale where the picture is 1 wide and 1 high."""
    sheet, pen = canvas(size, size)
    half, chin = rng.uniform(0.17, 0.22), rng.uniform(0.68, 0.74)
    top = chin - rng.uniform(0.46, 0.52)
    if rng.random() < 0.45:  # long hair, behind everything
        _oval(pen, size, (0.5 - half - 0.08, top - 0.05, 0.5 + half + 0.08, rng.uniform(0.8, 1.05)), HAIR)
    shoulders = rng.uniform(0.28, 0.42)
    _oval(pen, size, (0.5 - shoulders, 0.76, 0.5 + shoulders, 1.4), CLOTH)
    _box(pen, size, (0.5 - half * 0.5, chin - 0.1, 0.5 + half * 0.5, 0.82), SKIN)
    collar = [(0.5 - half * 0.7, 0.77), (0.5, rng.uniform(0.84, 0.95)), (0.5, 0.78 if rng.random() < 0.5 else 1.0)]
    pen.polygon([(across * size, down * size) for across, down in collar], fill=TRIM)
    ear = rng.choice([0.04, 0.04, 0.12])  # some are elves
    eyes = top + (chin - top) * rng.uniform(0.52, 0.58)
    pen.polygon(
        [
            (size * (0.5 - half - ear), size * (eyes - ear)),
            (size * 0.4, size * (eyes - 0.04)),
            (size * 0.4, size * (eyes + 0.1)),
        ],
        fill=SKIN,
    )
    _oval(pen, size, (0.5 - half, top, 0.5 + half, chin), SKIN)
    style = int(rng.integers(6))
    if style != HOOD:
        _hair_over(rng, pen, size, (half, top, eyes))
    _face(rng, pen, size, (half, eyes, chin))
    if style <= HELMET:
        _headgear(pen, size, (half, top, eyes), style)
    return mirrored(sheet)


def _oval(pen: ImageDraw.ImageDraw, size: int, box: tuple[float, float, float, float], fill: int) -> None:
    pen.ellipse(tuple(round(edge * size) for edge in box), fill=fill)


def _box(pen: ImageDraw.ImageDraw, size: int, box: tuple[float, float, float, float], fill: int) -> None:
    pen.rectangle(tuple(round(edge * size) for edge in box), fill=fill)


def _face(rng: np.random.Generator, pen: ImageDraw.ImageDraw, size: int, face: tuple[float, float, float]) -> None:
    """The left half of eyes, brows, mouth and beard; ``face`` is its half width, eye line and chin."""
    half, eyes, chin = face
    beard = rng.random() < 0.25
    if beard:
        pen.pieslice(
            [size * (0.5 - half), size * (eyes - 0.1), size * (0.5 + half), size * (chin + 0.04)], 15, 165, fill=HAIR
        )
    eye, tall = 0.5 - half * 0.48, rng.uniform(0.025, 0.045)
    _oval(pen, size, (eye - 0.05, eyes - tall, eye + 0.045, eyes + tall), WHITE)
    _box(pen, size, (eye - 0.005, eyes - tall, eye + 0.02, eyes + tall), BLACK)
    brow = eyes - tall - rng.uniform(0.03, 0.06)
    tilt = rng.uniform(-0.02, 0.03)
    pen.line(
        (size * (eye - 0.06), size * (brow - tilt), size * (eye + 0.05), size * (brow + tilt)),
        fill=HAIR,
        width=max(1, size // 40),
    )
    mouth = chin - (chin - eyes) * 0.32
    wide = rng.uniform(0.03, 0.08)
    _box(pen, size, (0.5 - wide, mouth, 0.5, mouth + rng.uniform(0.0, 0.03)), LIP)
    _box(pen, size, (0.48, eyes + (mouth - eyes) * 0.55, 0.5, eyes + (mouth - eyes) * 0.6), LIP)
    if rng.random() < 0.2:  # glasses
        pen.ellipse(
            (size * (eye - 0.08), size * (eyes - 0.06), size * (eye + 0.075), size * (eyes + 0.06)), outline=BLACK
        )
        pen.line((size * (eye + 0.07), size * eyes, size * 0.5, size * eyes), fill=BLACK)


def _hair_over(rng: np.random.Generator, pen: ImageDraw.ImageDraw, size: int, head: tuple[float, float, float]) -> None:
    """Hair above the brow and down the temples; ``head`` is half width, top and eye line."""
    half, _, eyes = head
    pen.pieslice(_skull(size, head), 180, 360, fill=HAIR)
    fringe = eyes - rng.uniform(0.1, 0.17)
    forehead = [0.5 - half + 0.03, fringe, 0.5 + half - 0.03, 2 * eyes - fringe + 0.1]
    pen.chord([size * edge for edge in forehead], 180, 360, fill=SKIN)
    _box(pen, size, (0.5 - half - 0.03, eyes - 0.12, 0.5 - half + 0.03, eyes + rng.uniform(0.0, 0.2)), HAIR)


def _skull(size: int, head: tuple[float, float, float]) -> list[float]:
    half, top, eyes = head
    return [size * (0.5 - half - 0.03), size * (top - 0.06), size * (0.5 + half + 0.03), size * (2 * eyes - top)]


def _headgear(pen: ImageDraw.ImageDraw, size: int, head: tuple[float, float, float], style: int) -> None:
    """A hood, a crown or a helmet; ``head`` is half width, top and eye line."""
    half, top, eyes = head
    left, upper, right, _ = _skull(size, head)
    if style == HOOD:
        around = [left - size * 0.05, upper - size * 0.05, right + size * 0.05, size * 1.05]
        pen.arc(around, 120, 420, fill=CLOTH, width=size // 9)
    elif style == CROWN:
        _box(pen, size, (0.5 - half * 0.9, top - 0.05, 0.5, top + 0.04), TRIM)
        for across in (0.5 - half * 0.75, 0.5 - half * 0.05):
            spike = [(across - 0.06, top), (across, top - 0.16), (across + 0.06, top)]
            pen.polygon([(size * x, size * y) for x, y in spike], fill=TRIM)
    else:
        pen.pieslice([left, upper, right, 2 * size * (eyes - 0.12) - upper], 180, 360, fill=CLOTH)
        _box(pen, size, (0.5 - half - 0.03, eyes - 0.15, 0.5, eyes - 0.11), TRIM)
