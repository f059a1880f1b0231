"""What the training report and the review app both draw: their style, figures in words, and bars of intervals."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Optional

#: What stands where a figure is not known.
NOTHING = "–"

#: Pixels of the bar of an interval, and of the dot on it.
_WIDTH, _HEIGHT, _RADIUS = 120, 14, 4


@cache
def component_style() -> str:
    """Return the style sheet that both have in common."""
    return files(__package__).joinpath("components.css").read_text(encoding="utf-8")


def figure(value: Optional[float], digits: int = 2) -> str:
    """Return a figure that stays one: ``0.81``."""
    return NOTHING if value is None else f"{value:.{digits}f}"


def share(value: Optional[float]) -> str:
    """Return a share as a percentage: ``84 %``."""
    return NOTHING if value is None else f"{value * 100:.0f}\u202f%"


def limits(low: float, high: float) -> str:
    """Return an interval: ``0.71 – 0.91``."""
    return f"{figure(low)} – {figure(high)}"


def interval_bar(value: float, low: float, high: float) -> str:
    """Return a figure on its interval, all between 0 and 1, as an SVG element; readers of screens are spared it."""
    middle = _HEIGHT // 2
    left, width = low * _WIDTH, max(1.0, (high - low) * _WIDTH)
    at = min(_WIDTH - _RADIUS, max(_RADIUS, value * _WIDTH))
    drawn = (
        f'<line class="track" x1="0" x2="{_WIDTH}" y1="{middle}" y2="{middle}"/>'
        f'<rect class="interval" x="{left:.1f}" y="{middle - 4}" width="{width:.1f}" height="8" rx="4"/>'
        f'<circle class="value" cx="{at:.1f}" cy="{middle}" r="{_RADIUS}"/>'
    )
    size = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}"'
    return f'<svg class="bar" {size} aria-hidden="true">{drawn}</svg>'
