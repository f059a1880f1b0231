"""The vision tower at work: precision checked against float32, batches that do not fit, on real torch modules."""

from __future__ import annotations

import logging
import time
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra torch: pip install 'image-tagging-tools[torch]'")
pytest.importorskip("open_clip")

from image_tagging.encoders import load_encoder  # noqa: E402
from image_tagging.encoders.clip import tower as clip_tower  # noqa: E402
from image_tagging.encoders.clip.encoder import ClipEncoder  # noqa: E402
from image_tagging.encoders.clip.precision import PARITY, drawn_pictures, native, pays  # noqa: E402
from image_tagging.encoders.clip.tower import VisionTower, make_tower  # noqa: E402
from image_tagging.errors import EncoderUnavailableError  # noqa: E402

pytestmark = pytest.mark.clip

SMALL = "ViT-S-32-alt"
PICTURES = [np.random.default_rng(seed).random((3, 8, 8), dtype=np.float32) for seed in range(7)]


@pytest.fixture
def has_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any CPU computes in bf16, if need be by emulation: here only the result counts."""
    everything = lambda *_: ("bf16", "fp32")  # noqa: E731
    monkeypatch.setattr("image_tagging.encoders.clip.precision.native", everything)
    monkeypatch.setattr("image_tagging.encoders.clip.tower.pays", lambda *_: True)


class Net(torch.nn.Module):
    """A small tower; ``broken`` is what happens to it in another precision than float32."""

    def __init__(self, broken: str = "") -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.layer = torch.nn.Linear(192, 16)
        self.broken = broken

    def forward(self, x: Any) -> Any:
        rows = self.layer(x.flatten(1))
        if x.dtype == torch.float32 or not self.broken:
            return rows
        if self.broken == "raises":
            raise RuntimeError("expected scalar type Float\nbut found BFloat16")
        if self.broken == "batch":
            return rows if len(x) > 1 else rows.flip(1)
        return rows * torch.nan if self.broken == "nan" else rows.flip(1)


@pytest.mark.usefixtures("has_bf16")
def test_a_tower_that_passes_computes_in_bf16() -> None:
    tower = make_tower(torch, Net(), "cpu", "auto", PICTURES)
    exact = make_tower(torch, Net(), "cpu", "fp32", PICTURES)
    assert (tower.precision, exact.precision) == ("bf16", "fp32")
    assert tower._vision.layer.weight.dtype == torch.bfloat16
    rows = tower.embed(PICTURES)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, exact.embed(PICTURES), atol=0.05)


@pytest.mark.usefixtures("has_bf16")
@pytest.mark.parametrize(
    ("broken", "words"),
    [("nan", "not finite"), ("wrong", "0.999 is needed"), ("batch", "in a batch and alone"), ("raises", "BFloat16")],
)
def test_a_tower_that_fails_is_refused_and_by_auto_replaced_by_float32(
    broken: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(EncoderUnavailableError, match=words) as raised:
        make_tower(torch, Net(broken), "cpu", "bf16", PICTURES)
    assert "\n" not in str(raised.value)
    with caplog.at_level(logging.WARNING):
        tower = make_tower(torch, Net(broken), "cpu", "auto", PICTURES)
    assert tower.precision == "fp32"
    assert tower._vision.layer.weight.dtype == torch.float32
    assert words in caplog.text
    np.testing.assert_array_equal(tower.embed(PICTURES), make_tower(torch, Net(), "cpu", "fp32", []).embed(PICTURES))


@pytest.mark.usefixtures("has_bf16")
def test_random_weights_pass_in_bf16() -> None:
    encoder = ClipEncoder.with_random_weights(SMALL, device="cpu", precision="bf16")
    exact = ClipEncoder.with_random_weights(SMALL, device="cpu", precision="fp32")
    assert (encoder.precision, exact.precision) == ("bf16", "fp32")
    assert encoder.spec == exact.spec  # the precision is not part of the identity
    inputs = [encoder.preprocess(picture) for picture in drawn_pictures()]
    rows, others = encoder.embed(inputs), exact.embed(inputs)
    cosines = (rows * others).sum(1) / np.linalg.norm(rows, axis=1) / np.linalg.norm(others, axis=1)
    assert PARITY <= cosines.min() < 1


def test_a_batch_in_parts_is_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("image_tagging.encoders.clip.batch_parts._LEAST", 2)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    monkeypatch.setattr(torch, "set_num_threads", lambda _count: None)
    monkeypatch.delenv("OMP_PROC_BIND", raising=False)
    sizes: list[int] = []

    class Spy(Net):
        def forward(self, x: Any) -> Any:
            assert torch.is_inference_mode_enabled()
            sizes.append(len(x))
            return super().forward(x)

    rows = VisionTower(torch, Spy(), "cpu", "fp32").embed(PICTURES)
    assert sorted(sizes) == [2, 2, 3]
    np.testing.assert_allclose(rows, Net()(torch.from_numpy(np.stack(PICTURES))).detach(), rtol=1e-4, atol=1e-6)


def test_auto_is_what_this_machine_does_by_itself() -> None:
    encoder = ClipEncoder.with_random_weights(SMALL, device="cpu")
    best = native(torch, "cpu")[0]
    assert encoder.precision == (best if best == "fp32" or pays(torch, best) else "fp32")


@pytest.mark.usefixtures("has_bf16")
def test_auto_computes_in_fp32_where_16_bits_are_no_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("image_tagging.encoders.clip.tower.pays", lambda _torch, name: asked.append(name))
    assert make_tower(torch, Net(), "cpu", "auto", PICTURES).precision == "fp32"
    assert asked == ["bf16"]
    assert make_tower(torch, Net(), "cpu", "bf16", PICTURES).precision == "bf16"  # asked for: used, and not measured
    assert asked == ["bf16"]


@pytest.mark.parametrize(("slower", "expected"), [("float32", True), ("bfloat16", False)])
def test_what_pays_is_measured_by_a_product(slower: str, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    threads, linear = torch.get_num_threads(), torch.nn.functional.linear

    def slowed(x: Any, weight: Any) -> Any:
        if str(x.dtype) == f"torch.{slower}":
            time.sleep(0.5)
        return linear(x, weight)

    monkeypatch.setattr(torch.nn.functional, "linear", slowed)
    assert pays(torch, "bf16") is expected
    assert torch.get_num_threads() == threads


def test_a_precision_that_is_none_is_refused_before_anything_is_computed() -> None:
    with pytest.raises(EncoderUnavailableError, match="'int4' is no precision"):
        ClipEncoder.with_random_weights(SMALL, device="cpu", precision="int4")


@pytest.mark.skipif("fp16" in native(torch, "cpu"), reason="this CPU computes in fp16")
def test_fp16_is_refused_on_a_cpu_that_has_none() -> None:
    with pytest.raises(EncoderUnavailableError, match="does not compute in fp16 by itself"):
        ClipEncoder.with_random_weights(SMALL, device="cpu", precision="fp16")


class Narrow(Net):
    """A tower on a device with memory for ``room`` pictures."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room
        self.sizes: list[int] = []

    def forward(self, x: Any) -> Any:
        self.sizes.append(len(x))
        if len(x) > self.room:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.\nTried to allocate 2 GiB")
        return super().forward(x)


@pytest.mark.parametrize("room", range(1, 8))
def test_a_batch_that_does_not_fit_goes_in_parts_and_keeps_its_order(room: int) -> None:
    narrow = Narrow(room)
    tower = VisionTower(torch, narrow, "cpu", "fp32")
    expected = VisionTower(torch, Net(), "cpu", "fp32").embed(PICTURES)
    np.testing.assert_allclose(tower.embed(PICTURES), expected, rtol=1e-4, atol=1e-6)
    tried = len(narrow.sizes)
    np.testing.assert_allclose(tower.embed(PICTURES), expected, rtol=1e-4, atol=1e-6)
    assert max(narrow.sizes[tried:]) <= room  # what did not fit once is not tried again


def test_a_device_without_memory_for_one_picture_ends_the_run() -> None:
    with pytest.raises(EncoderUnavailableError, match="no memory left for a single picture") as raised:
        VisionTower(torch, Narrow(0), "cpu", "fp32").embed(PICTURES)
    assert "\n" not in str(raised.value)
    assert "--device=cpu" in str(raised.value)


def test_float32_is_exact_whatever_the_program_has_set() -> None:
    seen: list[tuple[str, bool]] = []

    class Spy(Net):
        def forward(self, x: Any) -> Any:
            seen.append((torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32))
            return super().forward(x)

    before = torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("medium")
    try:
        VisionTower(torch, Spy(), "cpu", "fp32").embed(PICTURES)
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision("highest")
    assert seen == [("highest", False)]
    assert torch.backends.cudnn.allow_tf32 == before


def test_pictures_go_to_a_gpu_through_pinned_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Played on the CPU: the pinned buffer is a plain one, and the device is where it already is."""
    asked: list[dict[str, Any]] = []

    class Played:
        """torch, as far as a tower sees it."""

        def __getattr__(self, name: str) -> Any:
            return getattr(torch, name)

        def empty(self, shape: tuple[int, ...], dtype: Any, pin_memory: bool) -> Any:
            asked.append({"shape": shape, "pin_memory": pin_memory})
            return torch.empty(shape, dtype=dtype)

    to = torch.Tensor.to

    def moved(tensor: Any, target: Any, **options: Any) -> Any:
        if target == "cuda:0":
            asked.append(options)
            return tensor
        return to(tensor, target, **options)

    monkeypatch.setattr(torch.Tensor, "to", moved)
    rows = VisionTower(Played(), Net(), "cuda:0", "fp32").embed(PICTURES)
    np.testing.assert_allclose(rows, VisionTower(torch, Net(), "cpu", "fp32").embed(PICTURES), rtol=1e-4, atol=1e-6)
    assert asked == [{"shape": (7, 3, 8, 8), "pin_memory": True}, {"non_blocking": True}]


def test_load_encoder_hands_the_precision_on(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[Any, ...]] = []
    monkeypatch.setattr(
        "image_tagging.encoders.clip.encoder.ClipEncoder",
        lambda *names, device, precision: seen.append((*names, device, precision)),
    )
    load_encoder("ViT-B-32", "openai", "cpu", "bf16", "torch")
    assert seen == [("ViT-B-32", "openai", "cpu", "bf16")]
    assert clip_tower.DTYPES.keys() == {"fp32", "bf16", "fp16"}
