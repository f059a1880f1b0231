"""A picture of any size -> its pixels in a square, in its proportions: sprites are enlarged without blur."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

#: The side of the square, in pixels.
SIDE = 128


def fitted(picture: Image.Image) -> NDArray[np.uint8]:
    """An RGB picture in its proportions with the longer side at ``SIDE`` pixels: (h, w, 3) uint8.

    Every new pixel is the mean of what it covers. A sprite is enlarged without blur: by a whole factor with
    hard edges first, then down to size in the same way.
    """
    width, height = (max(1, round(SIDE * length / max(picture.size))) for length in picture.size)
    # A huge picture is first boxed down to about twice the size, which is fast and makes no full-size copy.
    boxes = (max(1, picture.width // (2 * width)), max(1, picture.height // (2 * height)))
    pixels = np.asarray(picture if boxes == (1, 1) else picture.reduce(boxes))
    return np.asarray(
        cv2.resize(enlarged(pixels, height, width), (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8
    )


def enlarged(pixels: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Pixels (h, w, 3), so many or more of them each way: by whole factors and with hard edges."""
    rows, columns = pixels.shape[:2]
    size = (columns * -(-width // columns), rows * -(-height // rows))
    if size == (columns, rows):
        return pixels
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)


def squared(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A fitted picture in the middle of its square (SIDE, SIDE, 3), on white, as what is transparent is."""
    height, width = pixels.shape[:2]
    above, before = (SIDE - height) // 2, (SIDE - width) // 2
    edges = (above, SIDE - height - above, before, SIDE - width - before)
    return np.asarray(cv2.copyMakeBorder(pixels, *edges, cv2.BORDER_CONSTANT, value=(255, 255, 255)), dtype=np.uint8)
