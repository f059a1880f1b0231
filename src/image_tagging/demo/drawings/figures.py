"""How a figure of a few materials becomes pixel art: drawn flat, mirrored, then shaded and outlined."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from .colours import INK, Colour, Indices

WHITE, BLACK = 1, 2  # flat materials, for eyes and mouths: they take no shading and cast none
FIRST_SHADED = 3


def canvas(height: int, width: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """An empty sheet of material numbers, and its pen."""
    sheet = Image.new("L", (width, height), 0)
    return sheet, ImageDraw.Draw(sheet)


def mirrored(sheet: Image.Image) -> Indices:
    """The material numbers (height, width), the right half a mirror of the left; the width is even."""
    left = np.asarray(sheet, dtype=np.uint8)[:, : sheet.width // 2]
    return np.hstack([left, left[:, ::-1]])


def _moved(materials: Indices, down: int, right: int) -> Indices:
    """The materials moved; what comes in from outside is empty."""
    reach = max(abs(down), abs(right))
    padded = np.pad(materials, reach)
    height, width = materials.shape
    return padded[reach - down : reach - down + height, reach - right : reach - right + width]


def shaded(materials: Indices, rim: int = 1, *, outline: bool = True) -> Indices:
    """Palette numbers (height, width) of a figure lit from the upper left.

    Each material gets a light rim on that side and a dark one on the other. With an outline, the empty pixels
    around the figure turn to ink.
    """
    above, below = _moved(materials, rim, rim), _moved(materials, -rim, -rim)
    lit = (above != materials) & ((above == 0) | (above >= FIRST_SHADED))
    dark = (below != materials) & ((below == 0) | (below >= FIRST_SHADED))
    lightness = (1 + lit.astype(np.uint8)) - dark  # thin parts are both, and keep the middle shade
    shades = np.where(materials >= FIRST_SHADED, 4 + 3 * (materials - FIRST_SHADED) + lightness, materials + 1)
    indices = np.where(materials == 0, 0, shades).astype(np.uint8)
    if outline:
        around = sum(_moved(materials, *step) > 0 for step in ((0, 1), (1, 0), (0, -1), (-1, 0)))
        indices[(materials == 0) & (np.asarray(around) > 0)] = 1
    return indices


def palette_of(ramps: Sequence[Sequence[Colour]], background: Colour = (255, 0, 255)) -> list[Colour]:
    """The palette that fits :func:`shaded`: background, ink, white, black, then three shades per material."""
    return [background, INK, (248, 248, 240), (20, 16, 28), *(shade for shades in ramps for shade in shades)]
