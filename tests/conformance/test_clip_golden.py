"""The preprocessing of ViT-B/32 against tensors that others published for seven photographs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from image_tagging.encoders.clip.preprocess import ClipPreprocess

pytestmark = pytest.mark.data

NAMES = ("123_456", "208_495", "416_264", "456_123", "321_421", "389_535", "524_316")


@pytest.mark.parametrize("name", NAMES)
def test_preprocessing_gives_the_published_tensor(name: str, shared_data: Path) -> None:
    folder = shared_data / "clip-golden"
    with np.load(folder / "golden_vitb32.npz", allow_pickle=False) as golden:
        expected = golden["preprocessed"][list(golden["names"]).index(name)]
    with Image.open(folder / "images" / f"{name}.jpg") as picture:
        actual = ClipPreprocess()(picture)
    assert actual.dtype == np.float32
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-5)
