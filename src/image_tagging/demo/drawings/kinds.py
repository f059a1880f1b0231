"""The kinds of pictures, by name, and the one way to draw any of them."""

from __future__ import annotations

import zlib
from typing import Callable

import numpy as np
from PIL import Image

from .charts import draw_chart
from .isometric import draw_isometric
from .maps import draw_map
from .portraits import draw_portrait
from .skies import draw_gradient, draw_star_field
from .sprites import draw_sprite
from .tiles import draw_tile

_DRAWERS: dict[str, Callable[[np.random.Generator], Image.Image]] = {
    "charts": draw_chart,
    "gradients": draw_gradient,
    "isometric": draw_isometric,
    "maps": draw_map,
    "portraits": draw_portrait,
    "sprites": draw_sprite,
    "star-fields": draw_star_field,
    "tiles": draw_tile,
}

KINDS: tuple[str, ...] = tuple(_DRAWERS)


def draw(kind: str, number: int, seed: int = 0) -> Image.Image:
    """Picture ``number`` (0, 1, ...) of a kind; the same arguments always give the same picture.

    Raises ``ValueError`` for a kind that is not in :data:`KINDS` or a negative number or seed.
    """
    if kind not in _DRAWERS:
        raise ValueError(f"there is no kind of drawing named {kind!r}: choose one of {', '.join(KINDS)}")
    if number < 0 or seed < 0:
        raise ValueError(f"number and seed start at 0, not {min(number, seed)}: give 0 or more")
    # The kind counts by its name, so that a new kind leaves the pictures of the others as they are.
    return _DRAWERS[kind](np.random.default_rng([seed, zlib.crc32(kind.encode()), number]))
