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
    """RGB picture -> (height, width, 3) float32, 0 ... 255, whose longer side has at most ``side`` pixels."""

    side: int

    def __call__(self, picture: Image.Image) -> NDArray[np.float32]:
        """Return the pixels of a picture."""
        from PIL import Image

        longest = max(picture.size)
        if longest > self.side:
            width, height = (max(1, round(length * self.side / longest)) for length in picture.size)
            picture = picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
        return np.asarray(picture, dtype=np.float32)
