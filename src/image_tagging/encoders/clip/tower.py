"""The vision tower of a CLIP model at work: on a device, in a precision, on batches that fit.

torch is an argument, as in ``precision``.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from ...errors import DeviceUnavailableError, EncoderUnavailableError
from .batch_parts import BatchParts
from .precision import DTYPES, candidates, difference, pays
from .weights import one_line

_LOG = logging.getLogger(__name__)

_Module = Any  # a torch module: its type is not worth an import of torch
_Torch = Any
Pictures = Sequence[NDArray[np.float32]]


class VisionTower:
    """Pictures (3, H, W) float32 -> embeddings (N, D) float32, computed in ``precision`` on ``device``."""

    def __init__(self, torch: _Torch, vision: _Module, device: str, precision: str) -> None:
        self._torch = torch
        self._vision = vision
        self._parts = BatchParts(torch)
        self._dtype = getattr(torch, DTYPES[precision])
        self._most: Optional[int] = None  # pictures that fit into memory, once a batch did not
        self.device = device
        self.precision = precision

    def embed(self, batch: Pictures) -> NDArray[np.float32]:
        """Return one row a picture, in order; a batch that the device has no memory for goes in parts.

        Raises
        ------
        EncoderUnavailableError
            The device has no memory for even one picture.
        """
        rows: list[NDArray[np.float32]] = []
        done = 0
        while done < len(batch):
            size = min(self._most or len(batch), len(batch) - done)
            try:
                rows.append(self._forward(batch[done : done + size]))
                done += size
            except self._torch.cuda.OutOfMemoryError as error:
                shortage = one_line(error, 120)
            else:
                continue
            # After the except block, when the exception no longer keeps the tensors of the failed attempt alive.
            self._shrink(size, shortage)
        return np.concatenate(rows)

    def copied(self, precision: str) -> VisionTower:
        """Return the same tower in another precision. Its weights are converted once; autocast would in every call."""
        vision = copy.deepcopy(self._vision).to(getattr(self._torch, DTYPES[precision]))
        return VisionTower(self._torch, vision, self.device, precision)

    def difference(self, exact: VisionTower, pictures: Pictures) -> Optional[str]:
        """Return how the embeddings of a few pictures differ from those of ``exact``, in words, or ``None``."""
        alone = np.concatenate([self.embed([picture]) for picture in pictures])
        return difference(self.embed(pictures), alone, exact.embed(pictures))

    def _shrink(self, size: int, shortage: str) -> None:
        if size == 1:
            raise EncoderUnavailableError(
                f"{self.device} has no memory left for a single picture ({shortage}): free some, or take --device=cpu"
            )
        self._most = size // 2
        _LOG.info("%d pictures at a time do not fit into the memory of %s: now %d", size, self.device, self._most)
        self._torch.cuda.empty_cache()

    def _forward(self, batch: Pictures) -> NDArray[np.float32]:
        with float32_is_float32(self._torch):
            if self.device != "cpu":
                return self._compute(batch)
            return np.concatenate(self._parts.run(self._compute, batch))

    def _compute(self, batch: Pictures) -> NDArray[np.float32]:
        with self._torch.inference_mode():  # here, because it applies to one thread
            features = self._vision(self._on_device(batch))
            if isinstance(features, tuple):  # CoCa: (embedding, tokens)
                features = features[0]
            rows: NDArray[np.float32] = features.float().cpu().numpy()
        return rows

    def _on_device(self, batch: Pictures) -> Any:
        """Return (N, 3, H, W) on the device, in its precision."""
        if not self.device.startswith("cuda"):
            return self._torch.from_numpy(np.stack(batch)).to(self.device).to(self._dtype)
        # Stacked directly into pinned memory, from which the device copies without waiting. ``pictures`` is not used
        # again before the features are back, and keeps the memory until then.
        pictures = self._torch.empty((len(batch), *batch[0].shape), dtype=self._torch.float32, pin_memory=True)
        np.stack(batch, out=pictures.numpy())
        return pictures.to(self.device, non_blocking=True).to(self._dtype)


@contextmanager
def float32_is_float32(torch: _Torch) -> Iterator[None]:
    """Switch TF32 off: for convolutions, where it is torch's default on GPUs, and for products if a program set it.

    TF32 has 10 bits of mantissa. fp32, with which other precisions are compared, has 23.
    """
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, allow_tf32=False):
            yield
    finally:
        torch.set_float32_matmul_precision(before)


def make_tower(torch: _Torch, vision: _Module, device: str, wanted: str, pictures: Pictures) -> VisionTower:
    """Return the tower in the precision ``wanted``, or for ``auto`` in the fastest that passes; float32 always does.

    On a CPU with instructions for 16 bits ``auto`` measures first whether they are faster there.

    ``pictures`` are the few on which it must pass.

    Raises
    ------
    EncoderUnavailableError
        The precision asked for is not available on this device, or does not pass.
    """
    order = candidates(torch, device, wanted)
    if wanted == "auto" and device == "cpu" and order[0] != "fp32" and not pays(torch, order[0]):
        _LOG.info("this CPU computes no faster in %s than in fp32: the encoder computes in fp32", order[0])
        order = ("fp32",)
    plain = VisionTower(torch, vision.float().to(device).eval().requires_grad_(False), device, "fp32")
    if order[0] != "fp32":
        half, problem = _proven(plain, order[0], pictures)
        if half is not None:
            return half
        if wanted != "auto":
            raise EncoderUnavailableError(
                f"{device} cannot be used in {wanted}: {problem}; take --precision=auto or fp32"
            )
        _LOG.warning("%s cannot be used in %s (%s): the encoder computes in fp32", device, order[0], problem)
    return plain


def _proven(plain: VisionTower, precision: str, pictures: Pictures) -> tuple[Optional[VisionTower], str]:
    """Return the tower in ``precision`` if it agrees with ``plain``, or ``None`` and what is wrong with it."""
    try:
        tower = plain.copied(precision)
        problem = tower.difference(plain, pictures)
    except (RuntimeError, TypeError) as error:  # a layer that does not support this precision
        return None, one_line(error, 120)
    return (None, problem) if problem else (tower, "")


def find_device(torch: _Torch, wanted: Optional[str]) -> str:
    """Return the device asked for, or the best; raise DeviceUnavailableError where it is not here."""
    if wanted is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(wanted)
    except RuntimeError as error:
        raise DeviceUnavailableError(f"{wanted!r} is no device: take --device=cpu, cuda, cuda:1 or mps") from error
    count = {
        "cpu": 1,
        "cuda": torch.cuda.device_count() if torch.cuda.is_available() else 0,
        "mps": int(torch.backends.mps.is_available()),
    }.get(device.type, 0)
    if (device.index or 0) >= count:
        raise DeviceUnavailableError(
            f"the device {wanted!r} was asked for and torch {torch.__version__} finds {count} of that kind here: "
            "take --device=cpu, or install the driver and the torch that belong to it"
        )
    return str(device)
