"""A picture of any size, fitted into a square: in its proportions, on white, sprites without blur."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from PIL import Image

from image_tagging.encoders.builtin.letterbox import (
    LARGER_SIDE,
    SIDE,
    native_pixels,
    pad_to_square,
    resize_to_fit,
    stretch_to_square,
)


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
    pixels = resize_to_fit(native_pixels(noise(*size)))
    assert pixels.shape == (*fits, 3)
    assert pixels.dtype == np.uint8


@pytest.mark.parametrize("size", [8, 16, 32, 64, 128])
def test_a_sprite_is_enlarged_pixel_for_pixel(size):
    sprite = noise(size, size)
    enlarged = np.asarray(sprite.resize((SIDE, SIDE), Image.Resampling.NEAREST))
    np.testing.assert_array_equal(resize_to_fit(native_pixels(sprite)), enlarged)


def test_a_large_picture_is_averaged():
    halves = np.zeros((1024, 1024, 3), dtype=np.uint8)
    halves[::2] = 255
    assert abs(resize_to_fit(native_pixels(Image.fromarray(halves))).astype(float) - 127.5).max() <= 1


def test_what_lies_beside_a_picture_is_white():
    pixels = np.zeros((96, 128, 3), dtype=np.uint8)
    square = pad_to_square(pixels)
    assert square.shape == (SIDE, SIDE, 3)
    assert (square[16:112] == 0).all()
    assert (square[:16] == 255).all()
    assert (square[112:] == 255).all()


# --- sprites saved larger than they are -------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [2, 3, 7, 64])
@pytest.mark.parametrize("size", [(16, 16), (24, 10), (1, 9), (33, 32)])
def test_a_sprite_saved_larger_becomes_what_it_was(size, factor):
    sprite = noise(*size)
    large = sprite.resize((size[0] * factor, size[1] * factor), Image.Resampling.NEAREST)
    np.testing.assert_array_equal(native_pixels(large), np.asarray(sprite))


def test_one_odd_pixel_keeps_the_size():
    pixels = np.asarray(noise(16, 16).resize((64, 64), Image.Resampling.NEAREST)).copy()
    pixels[5, 5] ^= 1
    np.testing.assert_array_equal(native_pixels(Image.fromarray(pixels)), pixels)


def test_a_sprite_stretched_one_way_keeps_its_proportions():
    sprite = noise(8, 8)
    tall = sprite.resize((16, 32), Image.Resampling.NEAREST)
    np.testing.assert_array_equal(native_pixels(tall), np.asarray(sprite.resize((8, 16), Image.Resampling.NEAREST)))


@pytest.mark.parametrize(("size", "native"), [((64, 64), (1, 1, 3)), ((100, 60), (3, 5, 3)), ((7, 5), (5, 7, 3))])
def test_a_picture_of_one_colour_keeps_its_proportions(size, native):
    assert native_pixels(Image.new("RGB", size, "red")).shape == native


@pytest.mark.parametrize("size", [(3000, 2000), (2000, 9000)])
def test_a_huge_picture_is_reduced_to_about_twice_the_square(size):
    picture = noise(*size)
    pixels = native_pixels(picture)
    assert 2 * LARGER_SIDE <= min(pixels.shape[:2]) <= 4 * LARGER_SIDE
    assert pixels.shape[1] / pixels.shape[0] == pytest.approx(size[0] / size[1], rel=0.01)


# --- stretched for a network of photographs ---------------------------------------------------------------------


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (300, 40), (3, 500), (600, 450)])
def test_every_picture_fills_the_larger_square(size):
    square = stretch_to_square(native_pixels(noise(*size)))
    assert square.shape == (LARGER_SIDE, LARGER_SIDE, 3)
    assert square.dtype == np.uint8
    assert square.std() > 0 or size == (1, 1)


def test_a_small_picture_is_enlarged_smoothly():
    edge = np.zeros((16, 16, 3), dtype=np.uint8)
    edge[:, 8:] = 255
    assert len(np.unique(stretch_to_square(edge))) > 4


def test_a_large_picture_is_averaged_before_it_is_stretched():
    lines = np.zeros((448, 100, 3), dtype=np.uint8)
    lines[::2] = 255
    assert abs(stretch_to_square(lines).astype(float) - 127.5).max() <= 1


# --- pictures that are costly to search -------------------------------------------------------------------------


def flat_in_the_middle(width, height):
    """Return noise whose middle row and column are of one colour, as of a thing on white that is not in the middle."""
    picture = noise(width, height)
    picture.paste("white", (0, height // 2, width, height // 2 + 1))
    picture.paste("white", (width // 2, 0, width // 2 + 1, height))
    return picture


@pytest.mark.parametrize("size", [(64, 64), (1200, 900), (900, 1200)])
def test_a_picture_that_is_flat_in_the_middle_keeps_its_pixels(size):
    picture = flat_in_the_middle(*size)
    box = max(1, min(size) // (2 * LARGER_SIDE))
    np.testing.assert_array_equal(native_pixels(picture), np.asarray(picture.reduce(box)))


@pytest.mark.parametrize("row", [0, 1, 349, 350, 698, 699])
def test_one_odd_row_far_from_the_middle_keeps_the_size(row):
    picture = Image.new("RGB", (1400, 700), "white")
    picture.paste("black", (0, row, 1400, row + 1))
    assert native_pixels(picture).shape == (700, 1400, 3)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_made_small_is_without_loss(seed):
    random = np.random.default_rng(seed)
    cells, factor = random.integers(0, 2, (*random.integers(1, 40, 2), 1)) * 255, int(random.integers(1, 9))
    pixels = np.repeat(cells.repeat(factor, 0).repeat(factor, 1), 3, 2).astype(np.uint8)
    native = native_pixels(Image.fromarray(pixels))
    back = pixels.shape[0] // native.shape[0]
    assert back >= factor
    np.testing.assert_array_equal(native.repeat(back, 0).repeat(back, 1), pixels)


@pytest.mark.parametrize("size", [(8000, 6000), (400, 120_000), (120_000, 2), (2, 120_000)])
def test_a_large_picture_is_never_copied_whole(size):
    picture = flat_in_the_middle(*size)
    tracemalloc.start()
    try:
        pixels = native_pixels(picture)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert max(pixels.shape) < 2 * 32_768 + 1
    assert peak < size[0] * size[1] * 3 / 2 or peak < 10_000_000


def test_a_picture_of_more_columns_than_a_row_of_pillow_holds_is_fitted():
    pixels = native_pixels(Image.new("RGB", (90_000_000, 1), "red"))
    assert (stretch_to_square(pixels) == (255, 0, 0)).all()
    assert resize_to_fit(pixels).shape == (1, SIDE, 3)
