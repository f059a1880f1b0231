"""What computes CLIP: PyTorch or onnxruntime, by what is asked for and by what is here."""

from __future__ import annotations

import logging
import re

import pytest

from image_tagging.encoders import load_encoder
from image_tagging.encoders.clip import backend
from image_tagging.encoders.clip.backend import choose_backend, choose_text_backend
from image_tagging.errors import EncoderUnavailableError


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """A machine by what is installed, whether there is a GPU's driver, and what its CPU is faster in."""

    def make(*installed: str, gpu: bool = False, faster: str = "") -> None:
        monkeypatch.setattr(backend, "is_installed", lambda library: library in installed)
        monkeypatch.setattr(backend, "has_gpu_driver", lambda: gpu)
        monkeypatch.setattr(backend, "_faster_precision", lambda: faster)

    return make


BOTH = ("torch", "open_clip")


@pytest.mark.parametrize(
    ("installed", "gpu", "faster", "expected"),
    [
        ((), False, "", "onnx"),
        ((), True, "bf16", "onnx"),
        (("torch",), True, "", "onnx"),  # without open_clip it has no CLIP
        (BOTH, False, "", "onnx"),
        (BOTH, True, "", "torch"),
        (BOTH, False, "bf16", "torch"),
    ],
)
def test_pytorch_is_taken_where_it_brings_something(machine, installed, gpu, faster, expected) -> None:
    machine(*installed, gpu=gpu, faster=faster)
    assert choose_backend("ViT-B-32", None, "auto") == expected


@pytest.mark.parametrize(
    ("device", "precision", "expected"),
    [
        ("cpu", "fp32", "onnx"),
        ("cpu", "bf16", "torch"),
        ("cuda", "auto", "torch"),
        ("cuda:1", "fp16", "torch"),
        ("mps", "auto", "torch"),
        ("directml", "auto", "onnx"),
        ("coreml", "auto", "onnx"),
        ("openvino", "auto", "onnx"),
    ],
)
def test_a_device_or_precision_that_one_alone_has_decides(machine, device, precision, expected) -> None:
    machine(*BOTH)
    assert choose_backend("ViT-B-32", device, precision) == expected


def test_a_model_that_is_no_plain_transformer_needs_pytorch(machine) -> None:
    machine()
    assert choose_backend("coca_ViT-B-32", None, "auto") == "torch"
    with pytest.raises(EncoderUnavailableError, match=r"and not RN50, which needs PyTorch: pip install .*\[torch\]"):
        choose_backend("RN50", None, "auto", "onnx")


def test_what_is_asked_for_is_taken(machine) -> None:
    machine(*BOTH, gpu=True, faster="bf16")
    assert choose_backend("ViT-B/32", None, "auto", "onnx") == "onnx"
    machine()
    assert choose_backend("ViT-B-32", None, "auto", "torch") == "torch"
    with pytest.raises(EncoderUnavailableError, match="'jax' computes no CLIP: take --clip_backend=auto, torch, onnx"):
        choose_backend("ViT-B-32", None, "auto", "jax")


def test_texts_are_few_and_go_the_light_way(machine) -> None:
    machine(*BOTH, gpu=True, faster="bf16")
    assert choose_text_backend("ViT-B-32", None) == "onnx"
    assert choose_text_backend("ViT-B-32", "cuda") == "torch"
    assert choose_text_backend("ViT-B-32", None, "torch") == "torch"
    assert choose_text_backend("RN50", None) == "torch"


def test_the_choice_is_in_the_log(machine, caplog: pytest.LogCaptureFixture) -> None:
    machine(*BOTH, faster="bf16")
    with caplog.at_level(logging.INFO, logger="image_tagging"):
        choose_backend("ViT-B-32", None, "auto")
    assert "CLIP is computed by PyTorch: this CPU is faster in bf16" in caplog.text


def test_an_encoder_without_a_choice_refuses_one() -> None:
    with pytest.raises(EncoderUnavailableError, match="computed in one way only, not by 'onnx': leave out --clip_back"):
        load_encoder("builtin", "openai", clip_backend="onnx")


def test_a_gpu_that_nothing_installed_can_use_is_named(machine) -> None:
    machine(gpu=True)
    assert "There is a GPU here" in backend.unused_gpu()
    assert "[torch]" in backend.unused_gpu()
    machine(*BOTH, gpu=True)
    assert backend.unused_gpu() == ""
    machine()
    assert backend.unused_gpu() == ""


@pytest.mark.parametrize(
    ("device", "precision", "said"),
    [
        ("mps", "auto", r"the device 'mps' of ViT-B-32 needs PyTorch, .*\[torch\]'$"),
        (None, "fp16", r"the precision fp16 of ViT-B-32 needs PyTorch, .*\[torch\]'$"),
        (None, "bf16", r"the precision bf16 of ViT-B-32 needs PyTorch, .*\[openvino\]'\)$"),
    ],
)
def test_what_pytorch_alone_has_names_it_where_it_is_not_installed(machine, device, precision, said) -> None:
    machine()
    with pytest.raises(EncoderUnavailableError) as refused:
        choose_backend("ViT-B-32", device, precision)
    assert re.match(said, refused.value.reason)
