"""What is done to a picture where it was decoded, so that no more than is shown leaves that process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image


@dataclass(frozen=True)
class Reduced:
    """RGB or RGBA picture -> (height, width, 3 or 4) float32, 0 ... 255, of at most side x side pixels.

    No side is longer than ``longest``.
    """

    side: int
    longest: int

    def __call__(self, picture: Image.Image) -> NDArray[np.float32]:
        """Return the pixels of a picture."""
        from PIL import Image

        width, height = picture.size
        factor = min(self.side / (width * height) ** 0.5, self.longest / max(width, height))
        if factor < 1:
            size = (max(1, round(width * factor)), max(1, round(height * factor)))
            picture = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        return np.asarray(picture, dtype=np.float32)
