"""The embedded encoder: the values of a small network, and classical features. It needs no download.

A picture is fitted into a square of 128 x 128, with its proportions kept, on white, sprites without blur. An embedding
has two blocks, each of length 1 times its weight:

=========  ======  ==================================================================================================
block      length  what it holds
=========  ======  ==================================================================================================
seen          448  the values of the network (:mod:`.network`): what the picture shows
described     320  the classical features (:mod:`.classical`): shape, colour, texture, in their principal components
=========  ======  ==================================================================================================

A change that moves an embedding needs a new ``VERSION`` in ``builtin/__init__.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Callable, Optional

import numpy as np

from ...errors import DeviceUnavailableError, EncoderUnavailableError
from ...records import EncoderSpec
from . import NAME, VERSION, network
from .classical import classical
from .letterbox import SIDE, pad_to_square, resize_to_fit

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

_DIM = network.NETWORK_DIM + network.CLASSICAL_DIM

#: The length of each block. All embeddings have the same length.
_WEIGHTS = {"seen": 1.0, "described": 0.7}

#: Blocks shorter than this hold nothing but rounding, and stay short.
_SHORTEST = 1e-6


class BuiltinEncoder:
    """The encoder called ``builtin``. All its work is done per picture, in ``preprocess``, on the CPU.

    Parameters
    ----------
    device : str, optional
        ``cpu``, if given.
    precision : str
        ``auto``: it computes in int8 only.

    Raises
    ------
    DeviceUnavailableError
        Another device was asked for.
    EncoderUnavailableError
        Another precision was asked for, or onnxruntime is missing.
    """

    spec = EncoderSpec(name=NAME, pretrained=VERSION, dim=_DIM, preprocess=f"letterbox-{SIDE}")
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
        """Make it again in another process, so that the weights are read before the first picture."""
        return BuiltinEncoder, ()

    def preprocess(self, picture: Image.Image) -> NDArray[np.float32]:
        """Return the embedding (D,) of one RGB picture of any size. Nothing is kept: any thread may call it."""
        pixels = resize_to_fit(picture)
        blocks = network.blocks(pad_to_square(pixels), classical(pixels))
        return np.concatenate([_scaled(block, weight) for block, weight in zip(blocks, _WEIGHTS.values())])

    def embed(self, batch: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return N arrays of ``preprocess`` as (N, D) float32."""
        return np.array(batch, dtype=np.float32).reshape(len(batch), _DIM)


def _scaled(block: NDArray[np.float32], weight: float) -> NDArray[np.float32]:
    return np.asarray(block * np.float32(weight / max(float(np.linalg.norm(block)), _SHORTEST)), dtype=np.float32)
