"""Classical features: seven blocks, each with its say; the same every time."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from image_tagging.encoders.builtin.classical import DIM, classical
from image_tagging.encoders.builtin.letterbox import native_pixels, resize_to_fit

BLOCKS = {"shape": 216, "contour": 144, "colour": 144, "fine": 59, "coarse": 59, "repeat": 36, "layout": 48}
WEIGHTS = {"shape": 1.0, "contour": 1.0, "colour": 1.0, "fine": 0.7, "coarse": 0.7, "repeat": 0.5, "layout": 0.5}


def features_of(picture):
    return classical(resize_to_fit(native_pixels(picture)))


def test_every_block_has_its_weight():
    random = np.random.default_rng(0)
    blobs = Image.fromarray(random.integers(0, 256, (9, 12, 3), dtype=np.uint8))
    features = features_of(blobs.resize((300, 225), Image.Resampling.BICUBIC))
    ends = np.cumsum(list(BLOCKS.values()))
    assert ends[-1] == DIM == len(features)
    assert features.dtype == np.float32
    for block, weight in zip(np.split(features, ends[:-1]), WEIGHTS.values()):
        assert np.linalg.norm(block) == pytest.approx(weight, abs=1e-5)
        assert block.mean() == pytest.approx(0, abs=1e-6)


def test_a_change_of_a_feature_is_noticed(canonical_picture):
    """A canonical vector. Where this fails on purpose, the encoder needs new weights and a new version."""
    features = features_of(canonical_picture)
    places = list(CANONICAL)
    np.testing.assert_allclose(features[places], list(CANONICAL.values()), atol=1e-3)


#: Place among the features -> value; a few of every block.
CANONICAL = {
    135: 0.5569,
    165: 0.1782,
    171: 0.3609,
    230: 0.3112,
    259: 0.2611,
    266: 0.198,
    368: 0.3907,
    467: 0.2094,
    494: 0.2655,
    515: 0.108,
    528: 0.3921,
    529: 0.1812,
    563: 0.2829,
    588: 0.3213,
    621: 0.1423,
    623: -0.1468,
    625: 0.1439,
    627: -0.1155,
    660: -0.1893,
    665: 0.1086,
    668: 0.1256,
}
