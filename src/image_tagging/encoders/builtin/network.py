"""The weights of the embedded encoder, run by onnxruntime: a small network of our own, and the projections.

``training/`` beside the package makes them, and docs/model-card.md says from what and how well.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import EncoderUnavailableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WEIGHTS = "builtin.onnx"

#: Values of the two blocks: what the network has seen, and what the classical features describe.
SEEN, DESCRIBED = 448, 320


def load() -> None:
    """Read the weights, once in a process, so that the first picture need not wait for it.

    Raises
    ------
    EncoderUnavailableError
        onnxruntime is not here, or does not load.
    """
    _session()


def blocks(square: NDArray[np.uint8], features: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What the network sees in a picture in its square, and its classical features projected: (SEEN,), (DESCRIBED,)."""
    inputs = {"pictures": square[np.newaxis], "classical": features[np.newaxis]}
    seen, described = _session().run(["seen", "described"], inputs)
    return seen[0], described[0]


@cache
def _session() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise EncoderUnavailableError(
            f"the embedded encoder needs onnxruntime, which does not load here ({error}): install it again "
            "(pip install --force-reinstall onnxruntime)",
            "take a CLIP model (--clip_model)",
        ) from error
    options = onnxruntime.SessionOptions()
    # Pictures are prepared side by side, in processes or threads, and each of those takes one.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    weights = files(__package__).joinpath(_WEIGHTS).read_bytes()
    return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
