"""A picture of any size -> its pixels in a square, with its proportions kept and sprites enlarged without blur."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

#: The side of the square, in pixels.
SIDE = 128


def resize_to_fit(picture: Image.Image) -> NDArray[np.uint8]:
    """Return an RGB picture with its longer side at ``SIDE`` pixels and its proportions kept: (h, w, 3) uint8.

    Every new pixel is the mean of what it covers. A sprite is enlarged without blur: by a whole factor with hard edges
    first, then reduced to size in the same way.
    """
    width, height = (max(1, round(SIDE * length / max(picture.size))) for length in picture.size)
    # A huge picture is first reduced to about twice the size by boxes, which is fast and makes no full-size copy.
    boxes = (max(1, picture.width // (2 * width)), max(1, picture.height // (2 * height)))
    pixels = upscale_nearest(np.asarray(picture if boxes == (1, 1) else picture.reduce(boxes)), height, width)
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


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
