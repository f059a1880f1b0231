"""The picture whose features and embedding are written down."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def canonical_picture() -> Image.Image:
    """A gradient with a flat square and a striped one."""
    rows, columns = np.mgrid[0:96, 0:128]
    pixels = np.stack([columns * 2, rows * 2, 255 - columns - rows], axis=2).astype(np.uint8)
    pixels[20:60, 30:70] = (200, 30, 30)
    pixels[50:80, 80:120] = np.where((rows[50:80, 80:120] // 4 % 2)[..., None], (250, 240, 60), (20, 60, 120))
    return Image.fromarray(pixels)
