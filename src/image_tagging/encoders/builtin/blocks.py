"""The three blocks of the embedded encoder, computed by onnxruntime: two networks, and projections of all blocks.

The recipe in ``distillation/`` makes ``builtin.onnx``: the graph, the weights of the project's own network and the
projections. The weights of the other network are handed over in memory (:mod:`.efficientnet`). docs/model-card.md says
from what data they were made, and how well each block works.
"""

from __future__ import annotations

import os
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import EncoderUnavailableError
from . import efficientnet

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The graph of the blocks; and a convolution of 64 values of 255 by weights of 127, in steps that make the sum 200.
_GRAPH, _PROBE, _PROBE_SUM = "builtin.onnx", "products.onnx", 200

#: What the graph takes of a picture: ``square`` (SIDE, SIDE, 3) uint8 for the project's own network, ``larger``
#: (LARGER_SIDE, LARGER_SIDE, 3) uint8 for EfficientNet-Lite0, and ``features`` (classical.DIM,) float32.
Inputs = dict[str, "NDArray[Any]"]

#: The number of values of each block, in the order in which they make up an embedding.
BLOCKS = {"own": 256, "classical": 256, "imagenet": 512}


def load() -> None:
    """Read the weights, once in a process, so that the first picture need not wait for them.

    Raises
    ------
    EncoderUnavailableError
        onnxruntime is missing or does not load, or the weights of EfficientNet-Lite0 are missing or damaged.
    """
    _session()


def compute(inputs: Inputs) -> dict[str, NDArray[np.float32]]:
    """Return the values of each block of one picture by its name in ``BLOCKS``, centred over the training images."""
    batch = {name: values[np.newaxis] for name, values in inputs.items()}
    return {name: values[0] for name, values in zip(BLOCKS, _session().run(list(BLOCKS), batch))}


@cache
def _session() -> Any:
    return session_of(files(__package__).joinpath(_GRAPH).read_bytes())


def session_of(graph: bytes) -> Any:
    """Return a session of onnxruntime on one thread for a graph that uses the weights of EfficientNet-Lite0."""
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
    options = _one_thread(onnxruntime)
    if not _adds_exactly(onnxruntime):
        options.add_session_config_entry("session.x64quantprecision", "1")  # exact, and half as fast
    weights = efficientnet.weights()
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(tensor) for tensor in weights.values()]
    options.add_external_initializers(list(weights), values)
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _adds_exactly(onnxruntime: Any) -> bool:
    """Return whether this processor adds products of eight bits without overflow.

    Older ones, without VNNI, add two products in sixteen bits. 64 of the largest products show it.
    """
    graph = files(__package__).joinpath(_PROBE).read_bytes()
    session = onnxruntime.InferenceSession(graph, _one_thread(onnxruntime), providers=["CPUExecutionProvider"])
    (sums,) = session.run(None, {"values": np.full((1, 64, 8, 8), 255, np.uint8)})
    return bool((sums == _PROBE_SUM).all())


def _one_thread(onnxruntime: Any) -> Any:
    """Return options of a session: pictures are prepared in parallel, and each process or thread takes one."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return options
