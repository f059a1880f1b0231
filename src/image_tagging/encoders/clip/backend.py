"""What computes CLIP: PyTorch with open_clip, or onnxruntime, which is always installed.

onnxruntime is the lighter and starts in a tenth of the time, and it computes in float32 on the CPU. PyTorch is taken
where it brings something: another model, a GPU, or 16 bits on a CPU that is faster in them.
"""

from __future__ import annotations

import logging
import os
from typing import Optional

from ...errors import EncoderUnavailableError
from ...settings import CLIP_BACKENDS
from .architectures import ARCHITECTURES
from .names import is_installed
from .precision import may_pay

_LOG = logging.getLogger(__name__)

_AUTO, TORCH, ONNX = CLIP_BACKENDS

#: Devices that only one of the two knows.
_OF_ONNX, _OF_TORCH = ("directml", "coreml", "openvino"), ("mps",)

#: What a system with the driver of a GPU has, NVIDIA's or AMD's.
_DRIVERS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg", r"C:\Windows\System32\nvcuda.dll")

_INSTALL = "pip install 'image-tagging-tools[torch]'"


def choose_backend(name: str, device: Optional[str], precision: str, asked: str = _AUTO) -> str:
    """Return ``torch`` or ``onnx`` for the pictures of a model; what was asked for is taken, or refused.

    Raises
    ------
    EncoderUnavailableError
        It was asked for and cannot compute this model, or there is none of that name.
    """
    is_plain = name.replace("/", "-") in ARCHITECTURES
    if asked not in CLIP_BACKENDS:
        raise EncoderUnavailableError(f"{asked!r} computes no CLIP: take --clip_backend={', '.join(CLIP_BACKENDS)}")
    if asked == ONNX and not is_plain:
        raise EncoderUnavailableError(
            f"onnxruntime computes {', '.join(ARCHITECTURES)} here, and not {name}, which needs PyTorch: {_INSTALL} "
            "and --clip_backend=torch"
        )
    if asked != _AUTO:
        return asked
    chosen, why = _automatic(is_plain, device, precision)
    if chosen == TORCH and is_plain:
        _require_torch(name, device, precision)
    _LOG.info("CLIP is computed by %s: %s", "PyTorch" if chosen == TORCH else "onnxruntime", why)
    return chosen


def choose_text_backend(name: str, device: Optional[str], asked: str = _AUTO) -> str:
    """Return ``torch`` or ``onnx`` for the texts of a model, of which there are too few for speed to count.

    Raises
    ------
    EncoderUnavailableError
        As :func:`choose_backend`.
    """
    of_torch = device is not None and device.partition(":")[0] in {"cuda", *_OF_TORCH}
    is_light = asked == _AUTO and not of_torch and name.replace("/", "-") in ARCHITECTURES
    return ONNX if is_light else choose_backend(name, device, "auto", asked)


def unused_gpu() -> str:
    """Return a sentence about a GPU that is here and that nothing installed can use; empty where there is none."""
    if not has_gpu_driver() or is_installed("torch"):
        return ""
    from .onnx.sessions import import_onnxruntime

    if set(import_onnxruntime().get_available_providers()) - {"CPUExecutionProvider", "AzureExecutionProvider"}:
        return ""
    return f"There is a GPU here, which CLIP uses with the extra torch ({_INSTALL}) or with onnxruntime-gpu"


def has_gpu_driver() -> bool:
    """Return whether the driver of a GPU is installed; whether there is a GPU, PyTorch and onnxruntime find out."""
    return any(map(os.path.exists, _DRIVERS))


def _automatic(is_plain: bool, device: Optional[str], precision: str) -> tuple[str, str]:
    """Return what computes best here, and why, for the log: by the first rule that holds."""
    kind = (device or "").partition(":")[0]
    has_both, has_openvino = is_installed("open_clip") and is_installed("torch"), is_installed("openvino")
    on_cpu = kind in {"", "cpu"}
    rules = (
        (not is_plain, TORCH, "the model needs it"),
        (kind in _OF_ONNX, ONNX, f"it has the device {kind}"),
        (kind in _OF_TORCH, TORCH, f"it has the device {kind}"),
        (precision == "int8", ONNX, "it has int8"),
        (precision == "bf16" and on_cpu and has_openvino, ONNX, "OpenVINO is installed, which has bf16"),
        (precision in {"bf16", "fp16"}, TORCH, f"it has {precision}"),
        (not has_both, ONNX, "PyTorch is not installed"),
        (kind == "cuda" or (not kind and has_gpu_driver()), TORCH, "it is installed, and knows the GPU"),
        (precision == "auto" and has_openvino and may_pay(), ONNX, "OpenVINO is installed, which has bf16 too"),
    )
    for holds, chosen, why in rules:
        if holds:
            return chosen, why
    best = _faster_precision() if precision == "auto" else ""
    return (TORCH, f"this CPU is faster in {best}") if best else (ONNX, "PyTorch is no faster on this CPU")


def _require_torch(name: str, device: Optional[str], precision: str) -> None:
    """Raise EncoderUnavailableError where a device or precision needs PyTorch, which is not installed."""
    if is_installed("open_clip") and is_installed("torch"):
        return
    if (device or "").partition(":")[0] in _OF_TORCH:
        what, instead = f"the device {device!r}", "leave out --device"
    else:
        what, instead = f"the precision {precision}", "leave out --precision"
    openvino = ", or on CPUs OpenVINO (pip install 'image-tagging-tools[openvino]')" if precision == "bf16" else ""
    raise EncoderUnavailableError(
        f"{what} of {name} needs PyTorch, which is not installed: {_INSTALL}{openvino}", instead
    )


def _faster_precision() -> str:
    """Return the 16 bits in which PyTorch is faster on this CPU than in float32; empty where there are none."""
    if not may_pay():
        return ""
    from .loading import import_torch
    from .precision import native, pays

    try:
        torch = import_torch()
    except EncoderUnavailableError as error:
        _LOG.warning("PyTorch is not used: %s", error.reason)
        return ""
    best = native(torch, "cpu")[0]
    return best if best != "fp32" and pays(torch, best) else ""
