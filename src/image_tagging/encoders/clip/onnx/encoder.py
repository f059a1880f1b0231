"""CLIP's image encoders on onnxruntime: ``OnnxClipEncoder("ViT-B-32", "openai")``, without PyTorch."""

from __future__ import annotations

from typing import Optional, Union

from ....records import EncoderSpec
from ...base import IN_8_BITS
from ..architectures import ARCHITECTURES
from ..names import is_installed
from ..picture_encoder import ClipPictureEncoder
from ..precision import may_pay
from ..preprocess import ClipPreprocess
from ..weights import Weights, preprocess_settings
from .loading import LIBRARY, LoadedTensors, load_tensors
from .openvino import OPENVINO
from .openvino_towers import OpenVinoImageTower
from .random_weights import random_tensors
from .towers import OnnxImageTower


class OnnxClipEncoder(ClipPictureEncoder):
    """An :class:`~image_tagging.encoders.Encoder`: the image side of a plain vision transformer, on onnxruntime.

    Its embeddings mix with those of ``ClipEncoder``, which computes them by PyTorch.

    Parameters
    ----------
    name : str
        One of ``ARCHITECTURES``, as open_clip calls it.
    pretrained : str
        A pretrained tag of that model, or the path of a local weights file.
    device : str, optional
        ``cpu``, ``cuda``, ``cuda:1``, ``directml``, ``coreml``, ``openvino``; without it ``openvino`` where that is
        installed and this CPU has 16 bits, else ``cpu``.
    precision : str
        ``fp32``; ``bf16`` on ``openvino``; ``auto``: the faster of those that are here; or ``int8`` on the CPU, which
        ``spec`` names as another encoder.

    Raises
    ------
    EncoderUnavailableError
        The model does not run without PyTorch; the weights are missing, unknown, or do not fit; the precision asked for
        is not available, or does not agree with fp32. Nothing is silently used instead.
    DeviceUnavailableError
        The device asked for is not here.
    """

    def __init__(self, name: str, pretrained: str, device: Optional[str] = None, precision: str = "auto") -> None:
        self._set_up(load_tensors(name, pretrained), device, precision)

    @classmethod
    def with_random_weights(
        cls, name: str, seed: int = 0, device: Optional[str] = None, precision: str = "auto"
    ) -> OnnxClipEncoder:
        """Return an encoder of random weights, the same for the same seed: for tests and time measurements only."""
        encoder = cls.__new__(cls)
        architecture = ARCHITECTURES[name]
        weights = Weights(name, f"random-{seed}", "", "")
        tensors = random_tensors(architecture, seed)
        encoder._set_up(LoadedTensors(weights, architecture, tensors, architecture.quick_gelu), device, precision)
        return encoder

    def _set_up(self, loaded: LoadedTensors, device: Optional[str], precision: str) -> None:
        weights, architecture = loaded.weights, loaded.architecture
        settings = preprocess_settings(LIBRARY, weights.name, weights.tag)
        self._preprocess = ClipPreprocess.from_config({"size": architecture.image_size, **settings})
        self._tower = _tower(loaded, device or default_device(precision), precision)
        self.library = "OpenVINO" if self._tower.device == OPENVINO else "onnxruntime"
        pretrained = weights.pretrained + (IN_8_BITS if self._tower.precision == "int8" else "")
        self._spec = EncoderSpec(weights.name, pretrained, architecture.embed_dim, self._preprocess.label)


def default_device(precision: str) -> str:
    """Return where to compute if nobody says so: OpenVINO, where it is installed, may bring 16 bits."""
    return OPENVINO if precision in {"auto", "bf16"} and is_installed("openvino") and may_pay() else "cpu"


def _tower(loaded: LoadedTensors, device: str, precision: str) -> Union[OnnxImageTower, OpenVinoImageTower]:
    if device == OPENVINO:
        return OpenVinoImageTower(loaded.architecture, loaded.tensors, precision, loaded.quick_gelu)
    return OnnxImageTower(loaded.architecture, loaded.tensors, device, precision, loaded.quick_gelu)
