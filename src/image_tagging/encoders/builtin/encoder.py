"""The embedded encoder: the values of two small networks, and classical features. It needs no download.

A picture is fitted into a square with its proportions kept, on white, and stretched to a larger square. An embedding
has three blocks, each centred over the training images and of length 1 times its weight:

=========  ======  =======  =====================================================================================
block      values   square  what it holds
=========  ======  =======  =====================================================================================
own           256      128  the project's own network: drawn pictures, sprites, and photographs
classical     256      128  classical features of shape, colour and texture (:mod:`.classical`)
imagenet      512      224  EfficientNet-Lite0 trained on ImageNet (:mod:`.efficientnet`): photographs
=========  ======  =======  =====================================================================================

A change that moves an embedding needs a new ``VERSION`` in ``builtin/__init__.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Callable, Optional

import numpy as np

from ...errors import DeviceUnavailableError, EncoderUnavailableError
from ...records import EncoderSpec
from . import NAME, VERSION, blocks
from .classical import classical
from .letterbox import LARGER_SIDE, SIDE, native_pixels, pad_to_square, resize_to_fit, stretch_to_square

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

_DIM = sum(blocks.BLOCKS.values())

#: The length of each block. All embeddings have the same length.
WEIGHTS = {"own": 1.0, "classical": 0.7, "imagenet": 1.0}

#: Blocks shorter than this hold nothing but rounding, and stay short.
_SHORTEST = 1e-6


class BuiltinEncoder:
    """The encoder called ``builtin``. All its work is done per picture, in ``preprocess``, on the CPU.

    Parameters
    ----------
    device : str, optional
        ``cpu``, if given.
    precision : str
        ``auto`` or ``int8``: its networks compute in nothing else.

    Raises
    ------
    DeviceUnavailableError
        Another device was asked for.
    EncoderUnavailableError
        Another precision was asked for, or onnxruntime or the weights of EfficientNet-Lite0 are missing.
    """

    spec = EncoderSpec(name=NAME, pretrained=VERSION, dim=_DIM, preprocess=f"letterbox-{SIDE}-stretch-{LARGER_SIDE}")
    device = "cpu"
    precision = "int8"

    def __init__(self, device: Optional[str] = None, precision: str = "auto") -> None:
        if device not in {None, "cpu"}:
            raise DeviceUnavailableError(
                f"the embedded encoder runs on the CPU only, not on {device!r}: "
                "leave the device out, or choose a CLIP model to use that device"
            )
        if precision not in {"auto", "int8"}:
            raise EncoderUnavailableError(
                f"the embedded encoder computes in int8 only, not in {precision!r}: leave the precision out"
            )
        blocks.load()

    def __reduce__(self) -> tuple[Callable[[], BuiltinEncoder], tuple[()]]:
        """Make it again in another process, so that the weights are read before the first picture."""
        return BuiltinEncoder, ()

    def preprocess(self, picture: Image.Image) -> NDArray[np.float32]:
        """Return the embedding (D,) of one RGB picture of any size. Nothing is kept: any thread may call it."""
        values = blocks.compute(prepared(picture))
        return np.concatenate([_scaled(block, WEIGHTS[name]) for name, block in values.items()])

    def embed(self, batch: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return N arrays of ``preprocess`` as (N, D) float32."""
        return np.array(batch, dtype=np.float32).reshape(len(batch), _DIM)


def prepared(picture: Image.Image) -> blocks.Inputs:
    """Return what the graph of the blocks takes for one RGB picture of any size."""
    pixels = native_pixels(picture)
    fitted = resize_to_fit(pixels)
    return {
        "square": pad_to_square(fitted),
        "larger": stretch_to_square(pixels),
        "features": classical(fitted),
    }


def _scaled(block: NDArray[np.float32], weight: float) -> NDArray[np.float32]:
    return np.asarray(block * np.float32(weight / max(float(np.linalg.norm(block)), _SHORTEST)), dtype=np.float32)
