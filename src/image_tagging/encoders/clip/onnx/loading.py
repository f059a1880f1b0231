"""The weights of a model for the encoders of onnxruntime, of pictures and of texts: found, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ....errors import EncoderUnavailableError
from .. import published
from ..architectures import ARCHITECTURES, Architecture
from ..download import fetch
from ..tensors import read_tensors
from ..weights import Weights, activation_for, check_known, check_unknown_file, identify
from .weights import require_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: What is asked of open_clip elsewhere, answered without it.
LIBRARY = published


@dataclass(frozen=True, eq=False)
class LoadedTensors:
    """The tensors of both towers, mapped from their file, and what is to be computed with them.

    ``weights`` are their identity. Keep one tower and not this object: the other tower's memory is mapped as long.
    """

    weights: Weights
    architecture: Architecture
    tensors: Mapping[str, NDArray[Any]]
    quick_gelu: bool


def load_tensors(name: str, pretrained: str) -> LoadedTensors:
    """Return the tensors of these weights.

    Raises
    ------
    EncoderUnavailableError
        The model is not one of ``ARCHITECTURES``, or the weights are missing, unknown, or those of another model.
    """
    from ..loading import import_open_clip

    weights = identify(name, pretrained, import_open_clip)
    published.check_covered(weights.name)
    check_known(LIBRARY, weights)
    quick_gelu = activation_for(LIBRARY, weights.name, weights.tag)
    path = weights.path or fetch(LIBRARY, weights)
    tensors = read_tensors(path)
    architecture = ARCHITECTURES[weights.name]
    try:
        require_weights(architecture, tensors)
    except EncoderUnavailableError as error:
        raise EncoderUnavailableError(
            f"{path} does not fit {weights.name} ({error.reason}): name the model it belongs to with --clip_model"
        ) from error
    if not weights.tag:
        check_unknown_file(LIBRARY, weights, quick_gelu)
    return LoadedTensors(weights, architecture, tensors, quick_gelu)
