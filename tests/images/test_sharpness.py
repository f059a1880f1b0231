"""How sharp a picture is, compared between versions of it."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from image_tagging.demo import draw
from image_tagging.images import Sharpness


def sharpness(picture):
    return float(Sharpness()(picture)[0])


def test_the_more_a_picture_is_blurred_the_less_sharp_it_is():
    picture = draw("isometric", 3).convert("RGB")
    values = [sharpness(picture.filter(ImageFilter.GaussianBlur(radius))) for radius in (0, 0.5, 1, 2)]
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == 4


def test_it_is_the_variance_of_the_laplacian():
    cv2 = pytest.importorskip("cv2")
    pixels = np.random.default_rng(0).integers(0, 256, (1100, 40), dtype=np.uint8)
    expected = cv2.Laplacian(pixels, cv2.CV_64F)[1:-1, 1:-1].var()
    assert sharpness(Image.fromarray(pixels)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (2, 9), (9, 2)])
def test_a_picture_of_few_pixels_has_none(size):
    assert sharpness(Image.new("RGB", size)) == 0
