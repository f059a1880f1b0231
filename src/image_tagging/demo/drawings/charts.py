"""Charts: bars, lines, areas, pies and points on a light ground, with axes, grid, title and legend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

import numpy as np
from PIL import Image, ImageDraw

from .colours import Colour, Floats, colour, noise, sides

SHARP = 3  # drawn this many times larger, then reduced: smooth edges


@dataclass(frozen=True)
class Plot:
    """Where a chart is drawn (left, top, right, bottom, in px of the large drawing), with what pen and colours."""

    pen: ImageDraw.ImageDraw
    box: tuple[int, int, int, int]
    series: list[Colour]
    paper: Colour

    def point(self, across: float, up: float) -> tuple[float, float]:
        """Where a value lies; both from 0 to 1."""
        left, top, right, bottom = self.box
        return left + across * (right - left), bottom - up * (bottom - top)


def draw_chart(rng: np.random.Generator) -> Image.Image:
    """One chart of 120 to 256 px; mode P or RGB."""
    height, width = sides(rng, [120, 160, 200, 256])
    paper = (
        (255, 255, 255) if rng.random() < 0.5 else colour(rng.random(), rng.uniform(0.02, 0.08), rng.uniform(0.93, 1.0))
    )
    image = Image.new("RGB", (width * SHARP, height * SHARP), paper)
    margins = [rng.uniform(0.1, 0.16), rng.uniform(0.08, 0.2), rng.uniform(0.84, 0.95), rng.uniform(0.8, 0.9)]
    left, top, right, bottom = (int(part * side) for part, side in zip(margins, image.size * 2))
    plot = Plot(ImageDraw.Draw(image), (left, top, right, bottom), _series(rng), paper)
    drawers: list[Callable[[np.random.Generator, Plot], None]] = [_bars, _bars, _lines, _lines, _area, _points]
    style = int(rng.integers(8))
    if style < len(drawers):
        _axes(rng, plot)
        drawers[style](rng, plot)
    else:
        _pie(rng, plot)
    _words(rng, plot, image.width)
    small = image.resize((width, height), Image.Resampling.LANCZOS)
    return small.quantize(colors=64, dither=Image.Dither.NONE) if rng.random() < 0.5 else small


def _series(rng: np.random.Generator) -> list[Colour]:
    """Six colours that go together: around the wheel, or shades of one."""
    hue, strength, light = rng.random(), rng.uniform(0.35, 0.85), rng.uniform(0.6, 0.9)
    if rng.random() < 0.3:
        return [colour(hue + 0.01 * step, strength, 0.35 + 0.11 * step) for step in range(6)]
    return [colour(hue + step * 0.618, strength, light) for step in range(6)]


def _axes(rng: np.random.Generator, plot: Plot) -> None:
    """Grid lines, ticks with figures too small to read, and two axes or a box."""
    left, top, right, bottom = plot.box
    lines = int(rng.integers(3, 7))
    for step in range(lines + 1):
        level = plot.point(0, step / lines)[1]
        plot.pen.line((left, level, right, level), fill=(218, 220, 226), width=SHARP - 1)
        plot.pen.rectangle((left - 7 * SHARP, level - SHARP, left - 3 * SHARP, level + SHARP), fill=(130, 132, 140))
    for step in range(1, lines + 1):
        across = plot.point(step / (lines + 1), 0)[0]
        plot.pen.rectangle(
            (across - 3 * SHARP, bottom + 3 * SHARP, across + 3 * SHARP, bottom + 5 * SHARP), fill=(130, 132, 140)
        )
    ink = (60, 62, 70)
    if rng.random() < 0.3:
        plot.pen.rectangle(plot.box, outline=ink, width=SHARP)
    else:
        plot.pen.line([(left, top), (left, bottom), (right, bottom)], fill=ink, width=SHARP)


def _bars(rng: np.random.Generator, plot: Plot) -> None:
    """Groups of one to three bars, side by side or stacked, some with a gap to their neighbours."""
    groups, members, stacked = int(rng.integers(3, 11)), int(rng.integers(1, 4)), rng.random() < 0.35
    gap, many_coloured = rng.uniform(0.1, 0.35), members == 1 and rng.random() < 0.3
    for group in range(groups):
        start, wide, foot = (group + gap / 2) / groups, (1 - gap) / groups, 0.0
        for member, value in enumerate(rng.uniform(0.1, 0.95, size=members)):
            high = value / members if stacked else value
            near = start if stacked else start + wide * member / members
            far = near + (wide if stacked else wide / members)
            upper, lower = plot.point(near, foot + high), plot.point(far, foot)
            plot.pen.rectangle((*upper, *lower), fill=plot.series[group % 6 if many_coloured else member])
            foot += high if stacked else 0.0


def _walk(rng: np.random.Generator, count: int) -> Floats:
    """A wandering series of values from 0.06 to 0.94."""
    steps = np.cumsum(rng.standard_normal(count) + rng.normal(0, 0.25))
    values: Floats = 0.06 + 0.88 * (steps - steps.min()) / max(float(np.ptp(steps)), 1e-9)
    return values


def _lines(rng: np.random.Generator, plot: Plot) -> None:
    count, dots = int(rng.integers(5, 40)), rng.random() < 0.4
    for number in range(int(rng.integers(1, 5))):
        values = _walk(rng, count) * rng.uniform(0.5, 1.0)
        path = [plot.point(step / (count - 1), float(value)) for step, value in enumerate(values)]
        plot.pen.line(path, fill=plot.series[number], width=SHARP * 2, joint="curve")
        if dots and count < 16:
            for across, down in path:
                reach = SHARP * 2
                plot.pen.ellipse((across - reach, down - reach, across + reach, down + reach), fill=plot.series[number])


def _area(rng: np.random.Generator, plot: Plot) -> None:
    """Smooth layers, the tallest behind."""
    layers = int(rng.integers(1, 5))
    for number in range(layers):
        values = (0.35 + 0.6 * noise(rng, 4, 60, 1.6)[0]) * (1 - number / (layers + 0.5))
        path = [plot.point(step / 59, float(value)) for step, value in enumerate(values)]
        plot.pen.polygon([plot.point(0, 0), *path, plot.point(1, 0)], fill=plot.series[number])


def _points(rng: np.random.Generator, plot: Plot) -> None:
    """Clouds of points, each around its own middle."""
    for number in range(int(rng.integers(1, 4))):
        middle, spread, lean = rng.uniform(0.25, 0.75, size=2), rng.uniform(0.05, 0.16), rng.uniform(-1, 1)
        for right, up in rng.standard_normal((int(rng.integers(15, 60)), 2)) * spread:
            across, down = plot.point(*np.clip([middle[0] + right, middle[1] + up + lean * right], 0.02, 0.98))
            reach = SHARP * 2
            plot.pen.ellipse((across - reach, down - reach, across + reach, down + reach), fill=plot.series[number])


def _pie(rng: np.random.Generator, plot: Plot) -> None:
    """A pie, or a ring, of three to six slices."""
    left, top, right, bottom = plot.box
    radius = min(right - left, bottom - top) / 2
    across = left + radius if rng.random() < 0.5 else (left + right) / 2
    down = (top + bottom) / 2
    box = (across - radius, down - radius, across + radius, down + radius)
    parts = rng.dirichlet(np.full(int(rng.integers(3, 7)), 3.0))
    ends = rng.uniform(0, 360) + np.cumsum([0.0, *parts]) * 360
    for number, (start, end) in enumerate(zip(ends, ends[1:])):
        plot.pen.pieslice(box, start, end, fill=plot.series[number], outline=plot.paper, width=SHARP)
    if rng.random() < 0.4:
        hole = radius * rng.uniform(0.4, 0.65)
        plot.pen.ellipse((across - hole, down - hole, across + hole, down + hole), fill=plot.paper)


def _words(rng: np.random.Generator, plot: Plot, width: int) -> None:
    """A title and a legend; at this size words are bars of ink."""
    left, top, right, _ = plot.box
    if rng.random() < 0.75:
        place, line = left, top * 0.4
        for length in rng.integers(4, 16, size=int(rng.integers(2, 5))):
            plot.pen.rectangle((place, line, place + length * SHARP, line + 3 * SHARP), fill=(70, 72, 80))
            place += (int(length) + 3) * SHARP
    if rng.random() < 0.5:
        place = right - 26 * SHARP
        wide = min(24 * SHARP, width - place - 2 * SHARP)
        for number in range(int(rng.integers(2, 4))):
            line = top + (3 + number * 7) * SHARP
            plot.pen.rectangle((place, line, place + 4 * SHARP, line + 4 * SHARP), fill=plot.series[number])
            plot.pen.rectangle((place + 7 * SHARP, line + SHARP, place + wide, line + 3 * SHARP), fill=(120, 122, 130))
