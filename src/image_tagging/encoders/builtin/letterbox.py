"""A picture of any size -> its pixels in a square: with its proportions and sprites without blur, or stretched."""

from __future__ import annotations

from itertools import chain
from math import gcd
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The sides of the squares, in pixels: of the project's own network and the classical features, and of
#: EfficientNet-Lite0.
SIDE, LARGER_SIDE = 128, 224

#: Longer pictures are reduced to about this length, however narrow they become, and not searched for enlarged pixels.
_LONGEST = 32_768

#: A picture is searched for enlarged pixels in bands of about this many pixels: no copy of it at its full size.
_BAND_PIXELS = 1 << 18


def native_pixels(picture: Image.Image) -> NDArray[np.uint8]:
    """Return an RGB picture with its proportions, and not much larger than the squares need: (h, w, 3) uint8.

    A sprite that was saved n times as large becomes what it was. A huge picture is first reduced by boxes, which is
    fast and makes no copy of it at its full size.
    """
    picture = _without_enlargement(picture)
    box = max(1, min(picture.size) // (2 * LARGER_SIDE), max(picture.size) // _LONGEST)
    return np.asarray(picture if box == 1 else picture.reduce(box))


def resize_to_fit(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return pixels (h, w, 3) with the longer side at ``SIDE`` and the proportions kept: (h, w, 3) uint8.

    Every new pixel is the mean of what it covers. A sprite is enlarged without blur: by a whole factor with hard edges
    first, then reduced to size in the same way.
    """
    height, width = (max(1, round(SIDE * length / max(pixels.shape[:2]))) for length in pixels.shape[:2])
    pixels = upscale_nearest(pixels, height, width)
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def stretch_to_square(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return pixels (h, w, 3) stretched to the larger square: (LARGER_SIDE, LARGER_SIDE, 3) uint8.

    What is larger is averaged, what is smaller enlarged by linear interpolation: a network that learned from
    photographs takes the squares of a sprite that is enlarged with hard edges for things.
    """
    height, width = (min(length, LARGER_SIDE) for length in pixels.shape[:2])
    reduced = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    square = cv2.resize(reduced, (LARGER_SIDE, LARGER_SIDE), interpolation=cv2.INTER_LINEAR)
    return np.asarray(square, dtype=np.uint8)


def upscale_nearest(pixels: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Return pixels (h, w, 3) enlarged to at least ``height`` x ``width``, by whole factors and with hard edges."""
    rows, columns = pixels.shape[:2]
    size = (columns * -(-width // columns), rows * -(-height // rows))
    if size == (columns, rows):
        return pixels
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)


def pad_to_square(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return what ``resize_to_fit`` gives in the middle of a white square: (SIDE, SIDE, 3) uint8.

    White is also what transparent pixels become.
    """
    height, width = pixels.shape[:2]
    above, before = (SIDE - height) // 2, (SIDE - width) // 2
    edges = (above, SIDE - height - above, before, SIDE - width - before)
    return np.asarray(cv2.copyMakeBorder(pixels, *edges, cv2.BORDER_CONSTANT, value=(255, 255, 255)), dtype=np.uint8)


def _without_enlargement(picture: Image.Image) -> Image.Image:
    """Return a picture that consists of squares of one colour each with one pixel for each square; others as they are.

    One row and one column say of most pictures that they are none of these, so that those cost nothing. Of the others
    most are known by a few bands.
    """
    width, height = picture.size
    if max(width, height) > _LONGEST:
        return picture
    row, column = (0, height // 2, width, height // 2 + 1), (width // 2, 0, width // 2 + 1, height)
    rows = max(1, _BAND_PIXELS // width)
    # Each band begins with the last row of the one before, so that no change between two rows is missed.
    bands = ((0, max(0, top - 1), width, min(height, top + rows)) for top in range(0, height, rows))
    factor = gcd(width, height)
    for box in chain((row, column), bands):
        colours = np.asarray(picture.crop(box).convert("RGBX")).view(np.uint32)[:, :, 0]
        factor = gcd(factor, _changes(colours, box[1]), _changes(colours.T, box[0]))
        if factor == 1:
            return picture
    return picture.resize((width // factor, height // factor), Image.Resampling.NEAREST)


def _changes(lines: NDArray[np.uint32], first: int) -> int:
    """Return the greatest common divisor of the numbers of all lines that differ from the one before; 0 without any.

    ``first`` is the number of the first of these lines.
    """
    changes = np.flatnonzero((lines[1:] != lines[:-1]).any(axis=1)) + first + 1
    return int(np.gcd.reduce(changes, initial=0))
