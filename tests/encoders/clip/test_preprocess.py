"""Preprocessing for CLIP without torch; the comparison with open_clip's own is in test_encoder.py."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from image_tagging.encoders.clip.preprocess import OPENAI_MEAN, OPENAI_STD, ClipPreprocess

PLAIN = {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.mark.parametrize("size", [(1, 1), (300, 20), (20, 300), (224, 224), (640, 480), (225, 223)])
@pytest.mark.parametrize("resize_mode", ["shortest", "longest", "squash"])
def test_every_size_gives_one_float32_array_of_the_models_size(size: tuple[int, int], resize_mode: str) -> None:
    array = ClipPreprocess(size=(224, 160), resize_mode=resize_mode)(noise(*size))
    assert array.shape == (3, 224, 160)
    assert array.dtype == np.float32
    assert array.flags.c_contiguous


def test_a_picture_of_the_right_size_is_only_normalised() -> None:
    picture = noise(224, 224)
    expected = (np.asarray(picture) / 255 - np.array(OPENAI_MEAN)) / np.array(OPENAI_STD)
    np.testing.assert_allclose(ClipPreprocess()(picture), expected.transpose(2, 0, 1), rtol=0, atol=1e-6)


def test_shortest_keeps_the_centre_of_the_long_side() -> None:
    picture = Image.new("RGB", (672, 224), "black")
    picture.paste((255, 0, 0), (224, 0, 448, 224))
    array = ClipPreprocess(**PLAIN)(picture)
    assert (array[0] == 1).all()
    assert (array[1:] == 0).all()


def test_longest_pads_the_short_side_with_the_fill() -> None:
    array = ClipPreprocess(**PLAIN, resize_mode="longest", fill=255)(Image.new("RGB", (100, 50), "black"))
    assert (array[:, :56] == 1).all()
    assert (array[:, 56:168] == 0).all()
    assert (array[:, 168:] == 1).all()


def test_squash_shows_the_whole_picture() -> None:
    picture = Image.new("RGB", (448, 224), "black")
    picture.paste((255, 255, 255), (224, 0, 448, 224))
    array = ClipPreprocess(**PLAIN, resize_mode="squash")(picture)
    assert array[:, :, :100].max() < 0.01
    assert array[:, :, 124:].min() > 0.99


@pytest.mark.parametrize("size", [(60_000, 1), (1, 60_000), (65_535, 3)])
def test_a_line_of_a_picture_does_not_fill_the_memory(size: tuple[int, int]) -> None:
    array = ClipPreprocess(**PLAIN)(Image.new("RGB", size, (255, 0, 0)))
    assert array.shape == (3, 224, 224)
    assert (array[0] == 1).all()


def test_the_shortcut_for_lines_shows_the_same_part() -> None:
    ramp = np.linspace(0, 255, 4000)[None, :, None].repeat(10, axis=0).repeat(3, axis=2).astype(np.uint8)
    picture = Image.fromarray(ramp)
    whole = ClipPreprocess(**PLAIN)
    assert whole._resized_size(*picture.size) == (89_600, 224)  # above the limit: this one takes the shortcut
    by_hand = picture.resize((89_600, 224), Image.Resampling.BICUBIC).crop((44_688, 0, 44_912, 224))
    expected = np.asarray(by_hand, dtype=np.float32).transpose(2, 0, 1) / 255
    np.testing.assert_allclose(whole(picture), expected, rtol=0, atol=1.01 / 255)


def test_pictures_in_other_modes_become_rgb() -> None:
    grey = Image.new("L", (30, 30), 51)
    np.testing.assert_allclose(ClipPreprocess(**PLAIN)(grey), np.full((3, 224, 224), 0.2), atol=1e-6)


def test_the_config_of_open_clip_is_understood() -> None:
    config = {
        "size": [256, 320], "mode": "RGB", "mean": [0.5, 0.4, 0.3], "std": 0.5,
        "interpolation": "bilinear", "resize_mode": "squash", "fill_color": 7,
    }  # fmt: skip
    made = ClipPreprocess.from_config(config)
    assert made == ClipPreprocess((256, 320), (0.5, 0.4, 0.3), (0.5, 0.5, 0.5), "bilinear", "squash", 7)
    assert made.label == "bilinear-squash-256x320"
    assert ClipPreprocess.from_config({"size": 224}) == ClipPreprocess()
    assert ClipPreprocess().label == "bicubic-shortest-224"


@pytest.mark.parametrize("setting", ["interpolation", "resize_mode"])
def test_an_unknown_setting_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match=f"{setting} 'cubist' is none of"):
        ClipPreprocess.from_config({setting: "cubist"})


def test_threads_may_share_it() -> None:
    preprocess = ClipPreprocess()
    pictures = [noise(100 + i, 300 - i, seed=i) for i in range(40)]
    alone = [preprocess(picture) for picture in pictures]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(preprocess, pictures))
    for one, other in zip(alone, together):
        np.testing.assert_array_equal(one, other)


def test_importing_the_encoder_imports_no_torch() -> None:
    script = "import sys, image_tagging.encoders.clip.encoder; print({'torch', 'open_clip'} & set(sys.modules) or '')"
    assert not subprocess.check_output([sys.executable, "-c", script]).strip()
