"""Where onnxruntime computes: a device, the execution provider behind it, and the package that brings it.

A device that was asked for is used or refused. onnxruntime itself would compute on the CPU and go on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Optional, Union

from ....errors import DeviceUnavailableError

CPU = "CPUExecutionProvider"


@dataclass(frozen=True)
class Device:
    """``name`` as it is shown, the execution provider and its options, and the package that brings it."""

    name: str
    provider: str
    package: str
    options: dict[str, str] = field(default_factory=dict)

    @property
    def is_cpu(self) -> bool:
        """Whether it is the processor itself."""
        return self.provider == CPU

    @property
    def providers(self) -> list[Union[str, tuple[str, dict[str, str]]]]:
        """What a session is made with: the device, and the CPU for what little a device may not compute."""
        return [CPU] if self.is_cpu else [(self.provider, self.options), CPU]


_KINDS = {
    "cpu": (CPU, "onnxruntime"),
    "cuda": ("CUDAExecutionProvider", "onnxruntime-gpu"),
    "directml": ("DmlExecutionProvider", "onnxruntime-directml (on Windows)"),
    "coreml": ("CoreMLExecutionProvider", "onnxruntime on macOS"),
}

#: How a person gets the execution provider of a device.
_HOW = {
    "cpu": "install onnxruntime again",
    "cuda": "install onnxruntime-gpu in place of onnxruntime, or PyTorch (pip install 'image-tagging-tools[torch]')",
    "directml": "on Windows install onnxruntime-directml in place of onnxruntime",
    "coreml": "use a Mac, whose onnxruntime has it",
}


def kinds_of(available: Sequence[str]) -> list[str]:
    """Return the names of the devices that these execution providers are for, the CPU last."""
    return [kind for kind, (provider, _) in reversed(list(_KINDS.items())) if provider in available]


def find_device(wanted: str, available: Sequence[str], version: str) -> Device:
    """Return the device of a name: ``cpu``, ``cuda``, ``cuda:1``, ``directml``, ``coreml``.

    ``available`` are the execution providers of the installed onnxruntime, ``version`` its version.

    Raises
    ------
    DeviceUnavailableError
        There is no device of this name, or this onnxruntime has no execution provider for it.
    """
    named = re.fullmatch(r"(\w+)(?::([0-9]{1,3}))?", wanted, re.ASCII)
    kind, number = (named[1], named[2]) if named else ("", None)
    if kind not in _KINDS or (number is not None and kind != "cuda"):
        raise DeviceUnavailableError(
            f"{wanted!r} is no device of onnxruntime: take --device=cpu, cuda, cuda:1, directml, coreml or openvino"
        )
    provider, package = _KINDS[kind]
    if provider not in available:
        raise DeviceUnavailableError(
            f"the device {wanted!r} was asked for and onnxruntime {version} has no {provider} here: take --device=cpu, "
            f"or {_HOW[kind]}"
        )
    return Device(wanted, provider, package, _options(kind, number))


def require_used(device: Device, used: Sequence[str]) -> None:
    """Raise DeviceUnavailableError where a session has other execution providers than its device needs."""
    if not used or used[0] != device.provider:
        raise not_usable(device, f"it computes on {used[0] if used else 'nothing'} instead")


def not_usable(device: Device, why: str) -> DeviceUnavailableError:
    """Return the error of a device that onnxruntime knows and cannot use."""
    return DeviceUnavailableError(
        f"the device {device.name!r} was asked for and onnxruntime cannot use it here ({why}): take --device=cpu, or "
        f"install the driver and the libraries that {device.package} needs"
    )


def _options(kind: str, number: Optional[str]) -> dict[str, str]:
    # TF32 has 10 bits of mantissa, and would be CUDA's choice for products of float32.
    return {"device_id": number or "0", "use_tf32": "0"} if kind == "cuda" else {}
