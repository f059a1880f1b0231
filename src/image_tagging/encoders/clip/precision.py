"""Which precision a CLIP model computes in, and how it must prove itself against float32.

Decisions only: torch is an argument, so that a fake can stand in for hardware which is not here.

Half the bits pay only where the hardware computes with them; elsewhere they are unpacked first and the model gets
slower. A CPU may also have the instructions and be no faster by them, as Intel's with AVX512-BF16 and without AMX, so
that ``auto`` measures it. Where they are fast they may still be wrong: float16 ends at 65,504, and a model with larger
inner values gives NaN. So every precision but float32 is checked.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...errors import EncoderUnavailableError

_Torch = Any  # the module, or in tests an object of its shape

DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}

#: Cosine that every test picture's embedding must reach against float32. Nearest neighbours stay the same there.
PARITY = 0.999
#: The same between a picture embedded in a batch and alone: an embedding must not depend on the other pictures.
BATCH_PARITY = 0.9999

#: A product of ViT-B-32, of four pictures: rows, values in, values out; and how often it is timed.
_PRODUCT, _TIMES = (200, 768, 3072), 5
#: Where 16 bits pay they take about half the time.
_CLEARLY = 1.2

_CPU_INFO = Path("/proc/cpuinfo")
_CPU_BF16 = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
_CPU_FLAGS = ("amx_bf16", "avx512_bf16")


def native(torch: _Torch, device: str) -> tuple[str, ...]:
    """Return the precisions that ``device`` has instructions for, first the one that ``auto`` prefers.

    bf16 goes before fp16 where there are both: it has the range of float32, so no picture can overflow it.
    """
    kind = device.partition(":")[0]
    names: tuple[str, ...] = {"cuda": _on_cuda, "mps": _on_mps}.get(kind, _on_cpu)(torch, device)
    return (*names, "fp32")


def _on_cpu(torch: _Torch, _device: str) -> tuple[str, ...]:
    library = torch.backends.mkldnn.is_available()  # oneDNN: without it torch has no kernels for either
    bf16 = library and torch.ops.mkldnn._is_mkldnn_bf16_supported() and _cpu_has_bf16(torch)
    fp16 = library and torch.ops.mkldnn._is_mkldnn_fp16_supported()  # AVX512-FP16 or AMX-FP16
    return ("bf16",) * bool(bf16) + ("fp16",) * bool(fp16)


def _cpu_has_bf16(torch: _Torch) -> bool:
    """Return whether the CPU has AMX or AVX512-BF16. oneDNN's answer does not help: it includes emulation."""
    if any(getattr(torch.cpu, name, bool)() for name in _CPU_BF16):
        return True
    return any(flag in (_flags() or []) for flag in _CPU_FLAGS)  # a torch that cannot ask for both yet


def _on_cuda(torch: _Torch, device: str) -> tuple[str, ...]:
    capability = torch.cuda.get_device_capability(device)
    # Ampere brought bf16 and Volta fast fp16; older ones compute fp16 at a fraction of the speed of float32.
    # AMD's devices go by other numbers, which all lie above and mean cards that have both.
    return ("bf16",) * bool(capability >= (8, 0)) + ("fp16",) * bool(capability >= (7, 0))


def _on_mps(_torch: _Torch, _device: str) -> tuple[str, ...]:
    return ("fp16",)


def candidates(torch: _Torch, device: str, wanted: str) -> tuple[str, ...]:
    """Return the precisions to try, in order: for ``auto`` the best native one and float32, else the one asked for.

    Raises
    ------
    EncoderUnavailableError
        The device has no instructions for the precision asked for, or there is none of that name.
    """
    here = native(torch, device)
    if wanted == "auto":
        return tuple(dict.fromkeys((here[0], "fp32")))
    if wanted not in DTYPES:
        where = " of PyTorch here" if wanted == "int8" else ""
        raise EncoderUnavailableError(f"{wanted!r} is no precision{where}: take --precision=auto, {', '.join(DTYPES)}")
    if wanted not in here:
        raise EncoderUnavailableError(
            f"the device {device!r} with torch {torch.__version__} does not compute in {wanted} by itself, only in "
            f"{' and '.join(here)}: take --precision=auto"
        )
    return (wanted,)


def may_pay() -> bool:
    """Return whether this CPU may compute in 16 bits by itself: without torch, which takes seconds to import."""
    flags = _flags()
    return flags is None or any(flag in flags for flag in _CPU_FLAGS)


def _flags() -> Optional[list[str]]:
    """Return what the system says that the CPU has; ``None`` where it does not say."""
    try:
        lines = _CPU_INFO.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return None
    return next((line.split() for line in lines if line.startswith("flags")), [])


def pays(torch: _Torch, precision: str) -> bool:
    """Return whether this CPU multiplies matrices clearly faster in ``precision`` than in float32; it takes 0.2 s.

    On one thread, and the best of a few times each, in turn: another program's work hardly changes the answer.
    """
    best = dict.fromkeys(("fp32", precision), float("inf"))
    rows, into, out = _PRODUCT
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            for name in list(best) * _TIMES:
                dtype = getattr(torch, DTYPES[name])
                x, weight = torch.ones(rows, into, dtype=dtype), torch.ones(out, into, dtype=dtype)
                started = time.perf_counter()
                torch.nn.functional.linear(x, weight)
                best[name] = min(best[name], time.perf_counter() - started)
    finally:
        torch.set_num_threads(threads)
    return best["fp32"] > _CLEARLY * best[precision]


def drawn_pictures() -> list[Image.Image]:
    """Return three drawn pictures, always the same: a smooth one, noise, and flat colours with hard edges."""
    side = 256
    down, across = np.mgrid[0:side, 0:side]
    smooth = np.stack([down, across, side - 1 - down], axis=2)
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3))
    flat = np.stack([(down // 32 + across // 32) % 2 * 255, across // 64 * 80, down // 128 * 200], axis=2)
    return [Image.fromarray(pixels.astype(np.uint8)) for pixels in (smooth, noise, flat)]


def difference(rows: NDArray[np.float32], alone: NDArray[np.float32], reference: NDArray[np.float32]) -> Optional[str]:
    """Return what is wrong with embeddings computed in another precision, in words, or ``None``.

    All are (N, D), of the same N pictures: ``rows`` embedded together, ``alone`` one by one, and ``reference``
    together in float32.
    """
    if rows.shape != reference.shape:
        return "its embeddings have another shape"
    if not (np.isfinite(rows).all() and np.isfinite(alone).all()):
        return "it gives values that are not finite"
    worst = float(cosines(rows, reference).min())
    if worst < PARITY:
        return f"its embeddings agree with fp32 to a cosine of {worst:.4f} only, {PARITY} is needed"
    worst = float(cosines(rows, alone).min())
    if worst < BATCH_PARITY:
        return f"a picture in a batch and alone agree to a cosine of {worst:.5f} only, {BATCH_PARITY} is needed"
    return None


def cosines(rows: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the cosines (N,) of the rows of two (N, D); 0 where a row is all zeros."""
    a, b = rows.astype(np.float64), others.astype(np.float64)
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.asarray((a * b).sum(axis=1) / np.maximum(lengths, np.finfo(np.float64).tiny))
