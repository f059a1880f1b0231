"""The embedded encoder: what a small network of our own has learned to see, beside classical features; no download.

A picture is fitted into a square of 128 x 128, in its proportions and on white, sprites without blur. An embedding has
two blocks, each of length 1 times its weight:

=========  ======  ====================================================================================================
block      length  what it holds
=========  ======  ====================================================================================================
seen          448  what the network makes of the picture: what it shows
described     320  the classical features (:mod:`.classical`): shape, colour, texture, in their principal components
=========  ======  ====================================================================================================

A change that moves an embedding asks for a new ``_VERSION``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Callable, Optional

import numpy as np

from ...errors import DeviceUnavailableError, EncoderUnavailableError
from ...records import EncoderSpec
from . import network
from .classical import classical
from .letterbox import SIDE, fitted, squared

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

_VERSION = "learned-1"
_DIM = network.SEEN + network.DESCRIBED

#: The length of each block. Lengths of all embeddings are the same.
_WEIGHTS = {"seen": 1.0, "described": 0.7}

#: Blocks shorter than this hold nothing but rounding, and stay short.
_SHORTEST = 1e-6


class BuiltinEncoder:
    """The encoder called ``builtin``. All its work is done per picture, in ``preprocess``, on the CPU.

    ``device`` is ``cpu`` or nothing; any other raises :class:`DeviceUnavailableError`. ``precision`` is ``auto``; any
    other raises :class:`EncoderUnavailableError`, as onnxruntime does where it is not to be had.
    """

    spec = EncoderSpec(name="builtin", pretrained=_VERSION, dim=_DIM, preprocess=f"letterbox-{SIDE}")
    device = "cpu"
    precision = "int8"

    def __init__(self, device: Optional[str] = None, precision: str = "auto") -> None:
        if device not in {None, "cpu"}:
            raise DeviceUnavailableError(
                f"the embedded encoder runs on the CPU only, not on {device!r}: "
                "leave the device out, or choose a CLIP model to use that device"
            )
        if precision != "auto":
            raise EncoderUnavailableError(
                f"the embedded encoder computes in int8 only, not in {precision!r}: leave the precision out"
            )
        network.load()

    def __reduce__(self) -> tuple[Callable[[], BuiltinEncoder], tuple[()]]:
        """In another process it is made anew, so that the weights are read before the first picture."""
        return BuiltinEncoder, ()

    def preprocess(self, picture: Image.Image) -> NDArray[np.float32]:
        """One RGB picture of any size -> its embedding (D,). Nothing is kept: any thread may call it."""
        pixels = fitted(picture)
        blocks = network.blocks(squared(pixels), classical(pixels))
        return np.concatenate([_scaled(block, weight) for block, weight in zip(blocks, _WEIGHTS.values())])

    def embed(self, batch: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """N arrays of ``preprocess`` -> (N, D) float32."""
        return np.array(batch, dtype=np.float32).reshape(len(batch), _DIM)


def _scaled(block: NDArray[np.float32], weight: float) -> NDArray[np.float32]:
    return np.asarray(block * np.float32(weight / max(float(np.linalg.norm(block)), _SHORTEST)), dtype=np.float32)
