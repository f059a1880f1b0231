"""A picture of any size, fitted into a square: in its proportions, on white, sprites without blur."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from image_tagging.encoders.builtin.letterbox import SIDE, pad_to_square, resize_to_fit


def noise(width, height):
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.mark.parametrize(
    ("size", "fits"),
    [
        ((300, 225), (96, 128)),
        ((225, 300), (128, 96)),
        ((16, 16), (128, 128)),
        ((1, 5000), (128, 1)),
        ((1, 1), (128, 128)),
    ],
)
def test_proportions_are_kept(size, fits):
    pixels = resize_to_fit(noise(*size))
    assert pixels.shape == (*fits, 3)
    assert pixels.dtype == np.uint8


@pytest.mark.parametrize("size", [8, 16, 32, 64, 128])
def test_a_sprite_is_enlarged_pixel_for_pixel(size):
    sprite = noise(size, size)
    enlarged = np.asarray(sprite.resize((SIDE, SIDE), Image.Resampling.NEAREST))
    np.testing.assert_array_equal(resize_to_fit(sprite), enlarged)


def test_a_large_picture_is_averaged():
    halves = np.zeros((1024, 1024, 3), dtype=np.uint8)
    halves[::2] = 255
    assert abs(resize_to_fit(Image.fromarray(halves)).astype(float) - 127.5).max() <= 1


def test_what_lies_beside_a_picture_is_white():
    pixels = np.zeros((96, 128, 3), dtype=np.uint8)
    square = pad_to_square(pixels)
    assert square.shape == (SIDE, SIDE, 3)
    assert (square[16:112] == 0).all()
    assert (square[:16] == 255).all()
    assert (square[112:] == 255).all()
