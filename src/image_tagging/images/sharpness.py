"""How sharp a picture is: the variance of its Laplacian (Pech-Pacheco et al. 2000), where it was decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

#: Rows of pixels that are filtered at a time.
_ROWS = 512


@dataclass(frozen=True)
class Sharpness:
    """RGB or RGBA picture -> (1,) float32: the variance of the Laplacian of its brightness, 0 ... 255.

    It compares versions of one picture that have the same pixels; a blurred one has less. It is 0 where a side has
    fewer than three pixels.
    """

    def __call__(self, picture: Image.Image) -> NDArray[np.float32]:
        """Return the sharpness of a picture."""
        grey = np.asarray(picture.convert("L"))
        if min(grey.shape) < 3:
            return np.zeros(1, dtype=np.float32)
        total = squares = 0
        for start in range(0, grey.shape[0] - 2, _ROWS):
            part = grey[start : start + _ROWS + 2].astype(np.int64)
            middle = part[1:-1, 1:-1]
            laplacian = part[:-2, 1:-1] + part[2:, 1:-1] + part[1:-1, :-2] + part[1:-1, 2:] - 4 * middle
            total += int(laplacian.sum())
            squares += int(np.square(laplacian).sum())
        count = (grey.shape[0] - 2) * (grey.shape[1] - 2)
        return np.array([squares / count - (total / count) ** 2], dtype=np.float32)
