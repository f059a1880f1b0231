"""Charts: bars, areas, lines and pies on a light ground, with axes, grid and title."""

from __future__ import annotations

import numpy as np
from PIL import Image

from .painting import SIZES, Array, Random, colour, noise, pick, true_colour

SHARP = 2  # drawn this many times larger, then reduced: smooth edges
INK, GREY, PALE = (64, 66, 74), (128, 130, 138), (218, 220, 226)


def draw_chart(rng: Random) -> Image.Image:
    """Draw a chart of 96 to 256 px; mode P or RGB."""
    height, width = pick(rng, SIZES)
    paper = pick(rng, ((255, 255, 255), colour(rng.random(), rng.uniform(0.02, 0.08), 0.97)))
    pixels = np.full((height * SHARP, width * SHARP, 3), paper, np.float64)
    left, low, *axes = rng.uniform((0.1, 0.12, 0.7, 0.6), (0.16, 0.2, 0.8, 0.7)) * (width, height, width, height)
    x = np.arange(width * SHARP) / SHARP - left  # px from the origin of the axes
    y = (height - low - np.arange(height * SHARP) / SHARP)[:, None]
    draw = pick(rng, (_bars, _curves, _curves, _pie))
    if draw is not _pie:  # a grid, axes, and ticks with figures too small to read
        gaps = np.array(axes) / rng.integers(3, 7)
        across, up = np.abs(x - np.rint(x / gaps[0]) * gaps[0]), np.abs(y - np.rint(y / gaps[1]) * gaps[1])
        in_x, in_y = (x > -1) & (x < axes[0]), (y > -1) & (y < axes[1] + 1)
        pixels[(up < 0.5) & in_x & in_y] = PALE
        pixels[(up < 1) & in_y & (x > -8) & (x < -4) | (across < 3) & in_x & (y > -6) & (y < -4)] = GREY
        pixels[(np.abs(x) < 0.6) & in_y | (np.abs(y) < 0.6) & in_x] = INK
    hue, turn, light = rng.random(), pick(rng, (0.618, 0.618, 0.01)), rng.uniform(0.6, 0.9)
    series = np.array([colour(hue + n * turn, 0.6, light if turn > 0.1 else 0.35 + 0.11 * n) for n in range(6)])
    shown = draw(rng, x, y, axes)  # the number of a series at each pixel, or -1
    pixels[shown >= 0] = series[shown[shown >= 0]]
    words = np.cumsum(rng.integers((2, 5), (4, 16), size=(pick(rng, (0, 2, 3, 4)), 2)))  # of the title, as bars of ink
    pixels[(np.searchsorted(words, x) % 2 == 1) & (np.abs(y - axes[1] - 8) < 1.5)] = INK
    small = true_colour(pixels).resize((width, height), Image.Resampling.LANCZOS)
    return small.quantize(colors=64, dither=Image.Dither.NONE) if rng.random() < 0.5 else small


def _bars(rng: Random, x: Array, y: Array, axes: list[float]) -> Array:
    """Return where bars show which of up to three series, in groups."""
    groups, members, gap = int(rng.integers(3, 11)), int(rng.integers(1, 4)), rng.uniform(0.1, 0.35)
    values = rng.uniform(0.1, 0.95, size=(groups, members)) * axes[1]
    group = np.clip(x / axes[0] * groups, 0, groups - 1).astype(np.int64)
    across = (x / axes[0] * groups - group - gap / 2) / (1 - gap)
    member = np.clip(across * members, 0, members - 1).astype(np.int64)
    return np.where((across > 0) & (across < 1) & (y > 0) & (y < values[group, member]), member, -1)


def _curves(rng: Random, x: Array, y: Array, axes: list[float]) -> Array:
    """Return where curves are shown: as areas with the tallest behind, as lines, or as dots."""
    count, curves = int(rng.integers(6, 30)), int(rng.integers(1, 5))
    style, shown = pick(rng, ("area", "line", "both", "dots")), np.full((len(y), len(x)), -1)
    knots = np.linspace(0, axes[0], count)
    for number in range(curves):
        tall = 1 - number / (curves + 0.5) if style == "area" else rng.uniform(0.5, 1.0)
        values = (0.1 + 0.8 * noise(rng, 4, count, 1.2)[0]) * tall * axes[1]
        curve = np.interp(x, knots, values)
        line = np.abs(y - curve) < 1.2 * np.hypot(1, np.gradient(curve, x))
        nearest = np.abs(x - knots[:, None]).argmin(axis=0)
        dots = np.hypot(x - knots[nearest], y - values[nearest]) < 2.5
        shown[{"area": y < curve, "line": line, "both": line | dots, "dots": dots}[style]] = number
    return np.where((x > 0) & (x < axes[0]) & (y > 0), shown, -1)


def _pie(rng: Random, x: Array, y: Array, axes: list[float]) -> Array:
    """Return where the slices of a pie or a ring are shown."""
    radius = min(axes) / 2
    across, up = x - max(radius, axes[0] * pick(rng, (0.35, 0.5))), y - axes[1] / 2
    away, turn = np.hypot(across, up), (np.arctan2(up, across) / (2 * np.pi) + rng.random()) % 1
    ends = np.cumsum([0.0, *rng.uniform(0.2, 1.0, size=int(rng.integers(3, 7)))])
    gap = np.abs(turn[..., None] - ends / ends[-1]).min(axis=-1) * away * 2 * np.pi < 0.6
    ring = (away < radius) & (away > radius * pick(rng, (0.0, 0.4, 0.6))) & ~gap
    return np.where(ring, np.digitize(turn, ends[1:-1] / ends[-1]), -1)
