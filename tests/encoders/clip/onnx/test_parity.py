"""The towers on onnxruntime against open_clip's own, with the same random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra torch: pip install 'image-tagging-tools[torch]'")
pytest.importorskip("open_clip")

from image_tagging.encoders.clip.architectures import ARCHITECTURES, Architecture  # noqa: E402
from image_tagging.encoders.clip.onnx import OnnxImageTower, OnnxTextTower, random_tensors  # noqa: E402
from onnx_clip import TINY, TINY_QUICK, cosines, drawn, drawn_tokens, in_open_clip  # noqa: E402

pytestmark = pytest.mark.clip

LISTED = [pytest.param(one, id=one.name, marks=pytest.mark.slow) for one in ARCHITECTURES.values()]


def of_pictures(model: Any, pictures: list[np.ndarray]) -> np.ndarray:
    with torch.inference_mode():
        return model.encode_image(torch.from_numpy(np.stack(pictures))).numpy()


def of_texts(model: Any, tokens: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return model.encode_text(torch.from_numpy(tokens)).numpy()


def assert_alike(rows: np.ndarray, expected: np.ndarray) -> None:
    assert rows.dtype == np.float32
    assert rows.shape == expected.shape
    assert cosines(rows, expected).min() >= 0.9999
    centred = cosines(rows - expected.mean(axis=0), expected - expected.mean(axis=0))
    assert centred.min() >= 0.9999  # embeddings of random weights are much alike: by this they are told apart
    lengths = np.linalg.norm(rows, axis=1) / np.linalg.norm(expected, axis=1)
    np.testing.assert_allclose(lengths, 1, rtol=0, atol=1e-3)


@pytest.mark.parametrize("architecture", [TINY, TINY_QUICK, *LISTED])
def test_both_towers_give_what_open_clip_gives(architecture: Architecture) -> None:
    tensors = random_tensors(architecture, seed=1)
    model = in_open_clip(architecture, tensors)
    pictures, tokens = drawn(architecture, 3), drawn_tokens(architecture)
    assert_alike(OnnxImageTower(architecture, tensors).embed(pictures), of_pictures(model, pictures))
    assert_alike(OnnxTextTower(architecture, tensors).embed_tokens(tokens), of_texts(model, tokens))


def test_the_activation_is_that_of_the_weights_where_they_need_another() -> None:
    tensors = random_tensors(TINY, seed=1)
    model = in_open_clip(TINY, tensors, quick_gelu=True)
    pictures, tokens = drawn(TINY), drawn_tokens(TINY)
    assert_alike(OnnxImageTower(TINY, tensors, quick_gelu=True).embed(pictures), of_pictures(model, pictures))
    assert_alike(OnnxTextTower(TINY, tensors, quick_gelu=True).embed_tokens(tokens), of_texts(model, tokens))


@pytest.mark.slow
@pytest.mark.data
def test_published_tensors_of_photographs_give_what_open_clip_gives(shared_data: Path) -> None:
    architecture = ARCHITECTURES["ViT-B-32"]
    with np.load(shared_data / "clip-golden" / "golden_vitb32.npz", allow_pickle=False) as golden:
        pictures = list(golden["preprocessed"])
    tensors = random_tensors(architecture, seed=2)
    expected = of_pictures(in_open_clip(architecture, tensors), pictures)
    assert_alike(OnnxImageTower(architecture, tensors).embed(pictures), expected)
