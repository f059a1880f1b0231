"""CLIP's text encoders on onnxruntime: sentences -> embeddings in the space of its pictures, without PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Optional, Union

import numpy as np

from ....errors import EncoderUnavailableError
from ....text import escaped
from ..hub import local_tokenizer, tokenizer_file
from ..tokenizer import ClipTokenizer
from .loading import LoadedTensors, load_tensors
from .openvino import OPENVINO
from .openvino_towers import OpenVinoTextTower
from .towers import OnnxTextTower

if TYPE_CHECKING:
    from numpy.typing import NDArray


class OnnxTextEncoder:
    """A :class:`~image_tagging.encoders.TextEncoder`: the text side of a plain vision transformer, on onnxruntime.

    Parameters
    ----------
    name, pretrained, device
        As for ``OnnxClipEncoder``.

    Raises
    ------
    EncoderUnavailableError
        The model does not run without PyTorch; the weights or the tokenizer are missing, unknown, or do not fit.
    DeviceUnavailableError
        The device asked for is not here.
    """

    def __init__(self, name: str, pretrained: str, device: Optional[str] = None) -> None:
        loaded = load_tensors(name, pretrained)
        self._tokens = _tokenizer(loaded)
        self._tower = _tower(loaded, device or "cpu")
        self._label = escaped(f"{loaded.weights.name}/{loaded.weights.pretrained}")
        self.device, self.dim = self._tower.device, loaded.architecture.embed_dim

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (N, D) float32 for N texts, not normalised; row i belongs to text i. Long ones are cut to fit.

        Raises
        ------
        EncoderUnavailableError
            The tower gives values that are not finite: its weights are damaged.
        """
        rows = self._tower.embed_tokens(self._tokens(texts))
        if not np.isfinite(rows).all():
            raise EncoderUnavailableError(
                f"the text tower of {self._label} gives values that are not finite: its weights are damaged, "
                "fetch them again"
            )
        return rows


def _tower(loaded: LoadedTensors, device: str) -> Union[OnnxTextTower, OpenVinoTextTower]:
    if device == OPENVINO:
        return OpenVinoTextTower(loaded.architecture, loaded.tensors, loaded.quick_gelu)
    return OnnxTextTower(loaded.architecture, loaded.tensors, device, loaded.quick_gelu)


def _tokenizer(loaded: LoadedTensors) -> ClipTokenizer:
    """Return the tokenizer: that of the file next to the weights, of an installed open_clip, or of the hub."""
    weights = loaded.weights
    path = local_tokenizer(weights.path)
    if not path and (tokenizer := ClipTokenizer.of_open_clip()):
        return tokenizer
    path = path or tokenizer_file(weights.name, weights.tag)
    if not path:
        raise EncoderUnavailableError(
            f"the tokenizer of {weights.name} is not here, and the hub does not give it: put the tokenizer.json "
            f"that is published with the weights next to {weights.path or 'a local weights file'} (--pretrained)"
        )
    return ClipTokenizer.of_file(path, loaded.architecture.vocab)
