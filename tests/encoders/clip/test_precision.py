"""Which precision is chosen on which hardware, and the check against float32. No torch: fakes play the hardware."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from image_tagging.encoders.clip import precision as clip_precision
from image_tagging.encoders.clip.precision import DTYPES, candidates, difference, drawn_pictures, native
from image_tagging.errors import EncoderUnavailableError


def torch_on(
    *, mkldnn: bool = True, bf16: bool = True, fp16: bool = False, cuda: tuple[int, int] = (0, 0), **cpu: bool
) -> Any:
    """A torch on hardware that is not here; ``cpu`` are the answers of ``torch.cpu``."""
    return SimpleNamespace(
        __version__="2.99",
        backends=SimpleNamespace(mkldnn=SimpleNamespace(is_available=lambda: mkldnn)),
        ops=SimpleNamespace(
            mkldnn=SimpleNamespace(_is_mkldnn_bf16_supported=lambda: bf16, _is_mkldnn_fp16_supported=lambda: fp16)
        ),
        cpu=SimpleNamespace(**{f"_is_{name}_supported": (lambda has=has: has) for name, has in cpu.items()}),
        cuda=SimpleNamespace(get_device_capability=lambda _device: cuda),
    )


@pytest.fixture(autouse=True)
def cpu_info(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "cpuinfo"
    path.write_text("flags\t\t: fpu avx512f avx512bw\n")
    monkeypatch.setattr(clip_precision, "_CPU_INFO", path)
    return path


@pytest.mark.parametrize(
    ("torch", "device", "expected"),
    [
        (torch_on(amx_tile=True, avx512_bf16=False), "cpu", "bf16"),
        (torch_on(amx_tile=False, avx512_bf16=True), "cpu", "bf16"),
        (torch_on(amx_tile=False, avx512_bf16=False), "cpu", "fp32"),  # emulated only
        (torch_on(mkldnn=False, avx512_bf16=True), "cpu", "fp32"),
        (torch_on(bf16=False, avx512_bf16=True), "cpu", "fp32"),  # the system forbids AVX-512, or oneDNN is held back
        (torch_on(), "cpu", "fp32"),  # an old torch, and no such flag
        (torch_on(amx_tile=True, fp16=True), "cpu", "bf16"),
        (torch_on(cuda=(9, 0)), "cuda", "bf16"),
        (torch_on(cuda=(8, 0)), "cuda:1", "bf16"),
        (torch_on(cuda=(7, 5)), "cuda", "fp16"),
        (torch_on(cuda=(6, 1)), "cuda", "fp32"),
        (torch_on(), "mps", "fp16"),
    ],
)
def test_auto_takes_what_the_hardware_does_by_itself(torch: Any, device: str, expected: str) -> None:
    order = candidates(torch, device, "auto")
    assert order[0] == expected
    assert order[-1] == "fp32"


@pytest.mark.parametrize("flag", ["amx_bf16", "avx512_bf16"])
def test_a_torch_that_cannot_ask_the_cpu_leaves_it_to_the_system(flag: str, cpu_info: Path) -> None:
    cpu_info.write_text(f"vendor_id : x\nflags : fpu {flag} sse\n")
    assert native(torch_on(), "cpu") == ("bf16", "fp32")
    cpu_info.unlink()
    assert native(torch_on(), "cpu") == ("fp32",)


@pytest.mark.parametrize(("device", "wanted"), [("cpu", "fp16"), ("cpu", "bf16"), ("cuda", "bf16"), ("mps", "bf16")])
def test_what_the_hardware_cannot_do_is_refused_in_one_line(device: str, wanted: str) -> None:
    with pytest.raises(EncoderUnavailableError, match=f"does not compute in {wanted} by itself") as raised:
        candidates(torch_on(cuda=(7, 0)), device, wanted)
    assert "\n" not in str(raised.value)


def test_what_is_asked_for_is_taken_alone() -> None:
    torch = torch_on(cuda=(8, 0))
    assert [candidates(torch, "cuda", name) for name in DTYPES] == [("fp32",), ("bf16",), ("fp16",)]
    with pytest.raises(EncoderUnavailableError, match=r"'int4' is no precision: take --precision=auto, fp32"):
        candidates(torch, "cuda", "int4")


ROWS = np.random.default_rng(0).normal(size=(3, 64)).astype(np.float32)


def changed(value: float, row: int = 1) -> np.ndarray:
    rows = ROWS.copy()
    rows[row, 0] = value
    return rows


def test_rounding_passes() -> None:
    rounded = ROWS.astype(np.float16).astype(np.float32)
    assert difference(rounded, rounded, ROWS) is None


@pytest.mark.parametrize(
    ("rows", "alone", "words"),
    [
        (changed(np.nan), ROWS, "not finite"),
        (ROWS, changed(np.inf), "not finite"),
        (ROWS[:2], ROWS, "another shape"),
        (changed(5.0), changed(5.0), "0.999 is needed"),
        (np.zeros_like(ROWS), np.zeros_like(ROWS), "cosine of 0.0000 only"),
        (ROWS[::-1], ROWS[::-1], "0.999 is needed"),
        (ROWS, changed(float(ROWS[1, 0]) + 0.3), "in a batch and alone"),
    ],
)
def test_one_wrong_row_is_enough_to_fail(rows: np.ndarray, alone: np.ndarray, words: str) -> None:
    assert words in str(difference(rows, alone, ROWS))


def test_the_drawn_pictures_are_always_the_same_and_differ() -> None:
    first, again = drawn_pictures(), drawn_pictures()
    assert [picture.tobytes() for picture in first] == [picture.tobytes() for picture in again]
    assert len({picture.tobytes() for picture in first}) == len(first) > 1
