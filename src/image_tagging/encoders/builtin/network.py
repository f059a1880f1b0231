"""The weights of the embedded encoder, run by onnxruntime: a small network and the projections of both blocks.

The recipe in ``distillation/`` makes ``builtin.onnx``; docs/model-card.md says from what data, and how well it works.
"""

from __future__ import annotations

import os
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import EncoderUnavailableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WEIGHTS = "builtin.onnx"

#: Values of the two blocks: those of the network, and those of the projected classical features.
NETWORK_DIM, CLASSICAL_DIM = 448, 320


def load() -> None:
    """Read the weights, once in a process, so that the first picture need not wait for them.

    Raises
    ------
    EncoderUnavailableError
        onnxruntime is missing, or does not load.
    """
    _session()


def blocks(square: NDArray[np.uint8], features: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the network's values for a picture, (NETWORK_DIM,), and its projected features, (CLASSICAL_DIM,).

    ``square`` is the picture as :func:`.letterbox.pad_to_square` gives it, ``features`` are those of ``classical``.
    """
    inputs = {"pictures": square[np.newaxis], "classical": features[np.newaxis]}
    seen, described = _session().run(["seen", "described"], inputs)
    return seen[0], described[0]


@cache
def _session() -> Any:
    # Read as the library is imported. Its releases report their use to their maker, and keep a number of this machine.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        import onnxruntime
    except ImportError as error:
        raise EncoderUnavailableError(
            f"the embedded encoder needs onnxruntime, which does not load here ({error}): install it again "
            "(pip install --force-reinstall onnxruntime)",
            "take a CLIP model (--clip_model)",
        ) from error
    options = onnxruntime.SessionOptions()
    # Pictures are prepared in parallel, in processes or threads, and each of those takes one.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    weights = files(__package__).joinpath(_WEIGHTS).read_bytes()
    return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
