"""CLIP's towers on OpenVINO: the embeddings of onnxruntime, and 16 bits where they pay."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest

from image_tagging.encoders.clip.onnx import OnnxImageTower, OnnxTextTower, openvino_towers, random_tensors
from image_tagging.encoders.clip.onnx import encoder as onnx_encoder
from image_tagging.encoders.clip.onnx.openvino_towers import OpenVinoImageTower, OpenVinoTextTower
from image_tagging.errors import DeviceUnavailableError, EncoderUnavailableError
from onnx_clip import TINY, TINY_QUICK, drawn, drawn_tokens

needs_openvino = pytest.mark.skipif(not onnx_encoder.is_installed("openvino"), reason="OpenVINO is not installed")


def cosines(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(others, axis=1)
    return (rows.astype(np.float64) * others).sum(axis=1) / lengths


@needs_openvino
@pytest.mark.parametrize("architecture", [TINY, TINY_QUICK])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_it_gives_what_onnxruntime_gives(architecture: Any, dtype: type) -> None:
    tensors = {name: values.astype(dtype) for name, values in random_tensors(architecture, 0).items()}
    for values in tensors.values():
        values.flags.writeable = False  # as where they are mapped from a file
    pictures, tokens = drawn(architecture, 19), drawn_tokens(architecture)
    quick = architecture.quick_gelu
    tower = OpenVinoImageTower(architecture, tensors, "fp32", quick)
    rows = tower.embed(pictures)
    np.testing.assert_allclose(rows, OnnxImageTower(architecture, tensors).embed(pictures), atol=2e-4)
    np.testing.assert_allclose(tower.embed(pictures[:1]), rows[:1], atol=2e-4)
    assert tower.embed([]).shape == (0, architecture.embed_dim)
    assert (tower.device, tower.precision) == ("openvino", "fp32")
    texts = OpenVinoTextTower(architecture, tensors, quick)
    np.testing.assert_allclose(
        texts.embed_tokens(tokens), OnnxTextTower(architecture, tensors).embed_tokens(tokens), atol=2e-4
    )
    assert texts.embed_tokens(tokens[:0]).shape == (0, architecture.embed_dim)


@needs_openvino
@pytest.mark.parametrize("faster", [True, False])
def test_auto_takes_16_bits_where_they_pay(faster: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino_towers, "pays", lambda *_: faster)
    tower = OpenVinoImageTower(TINY, random_tensors(TINY, 0), "auto", False)
    exact = OpenVinoImageTower(TINY, random_tensors(TINY, 0), "fp32", False)
    pictures = drawn(TINY, 3)
    has_bf16 = "BF16" in __import__("openvino").Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    assert tower.precision == ("bf16" if faster and has_bf16 else "fp32")
    assert cosines(tower.embed(pictures), exact.embed(pictures)).min() > 0.999


@needs_openvino
def test_16_bits_that_give_other_embeddings_are_refused_or_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino_towers.OpenVinoGraph, "precisions", ("bf16", "fp32"))
    monkeypatch.setattr(openvino_towers, "_difference", lambda *_: "its embeddings are others")
    with pytest.raises(EncoderUnavailableError, match="cannot be used in bf16: its embeddings are others"):
        OpenVinoImageTower(TINY, random_tensors(TINY, 0), "bf16", False)
    assert OpenVinoImageTower(TINY, random_tensors(TINY, 0), "auto", False).precision == "fp32"


@needs_openvino
def test_a_precision_that_this_cpu_has_not_is_refused() -> None:
    with pytest.raises(EncoderUnavailableError, match="and not in 'fp16': take --precision=auto"):
        OpenVinoImageTower(TINY, random_tensors(TINY, 0), "fp16", False)


def test_without_openvino_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    find = builtins.__import__

    def absent(name: str, *more: Any) -> Any:
        if name == "openvino":
            raise ImportError("No module named 'openvino'")
        return find(name, *more)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(DeviceUnavailableError, match=r"pip install 'image-tagging-tools\[openvino\]'") as raised:
        OpenVinoImageTower(TINY, random_tensors(TINY, 0), "auto", False)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("installed", "flags", "precision", "expected"),
    [
        (True, True, "auto", "openvino"),
        (True, True, "bf16", "openvino"),
        (True, True, "fp32", "cpu"),
        (True, True, "int8", "cpu"),
        (True, False, "auto", "cpu"),
        (False, True, "auto", "cpu"),
    ],
)
def test_it_is_taken_by_itself_where_it_may_bring_16_bits(
    installed: bool, flags: bool, precision: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_encoder, "is_installed", lambda _: installed)
    monkeypatch.setattr(onnx_encoder, "may_pay", lambda: flags)
    assert onnx_encoder.default_device(precision) == expected
