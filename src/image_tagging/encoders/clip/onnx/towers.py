"""The towers of a CLIP model: pictures, and tokens of texts, to embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Optional

import numpy as np

from ....errors import EncoderUnavailableError
from ..architectures import Architecture
from .sessions import Session
from .texts import text_graph, text_inputs
from .vision import image_graph
from .weights import image_weights, text_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Texts computed at a time, so that one long text does not lengthen all others.
_TEXTS = 64


class OnnxImageTower:
    """Pictures (3, H, W) float32, prepared for the model -> embeddings (N, D) float32, by onnxruntime.

    Parameters
    ----------
    architecture : Architecture
        The sizes of the model.
    tensors : mapping of str to array
        The weights by their names in open_clip's state dict. Those of the text tower may be there, and are not used.
        They are kept, and not copied where they are contiguous float32: let the file's memory be mapped.
    device : str
        ``cpu``, ``cuda``, ``cuda:1``, ``directml``, ``coreml`` or ``openvino``: used or refused.
    precision : str
        ``fp32``, or ``auto``, which is the same.
    quick_gelu : bool, optional
        The activation that the weights need; without it that of the architecture.

    Raises
    ------
    EncoderUnavailableError
        The weights are not those of the architecture, the precision is not available, or onnxruntime does not load.
    DeviceUnavailableError
        The device asked for is not here.
    """

    def __init__(
        self,
        architecture: Architecture,
        tensors: Mapping[str, NDArray[Any]],
        device: str = "cpu",
        precision: str = "fp32",
        quick_gelu: Optional[bool] = None,
    ) -> None:
        require_precision(precision, device)
        self._architecture = architecture
        weights = image_weights(architecture, tensors)
        self._session = Session(*image_graph(architecture, weights, _activation(architecture, quick_gelu)), device)
        self.device = self._session.device
        self.precision = "fp32"

    def embed(self, batch: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return (N, D) float32 for N arrays (3, H, W), not normalised; row i belongs to picture i.

        Raises
        ------
        EncoderUnavailableError
            The device fails, as where its memory is too small for the batch.
        """
        if len(batch) == 0:
            return np.empty((0, self._architecture.embed_dim), dtype=np.float32)
        return self._session.run(
            len(batch), lambda part: {"pictures": np.stack(batch[part]).astype(np.float32, copy=False)}
        )


class OnnxTextTower:
    """Tokens of texts -> embeddings (N, D) float32 in the space of the pictures, by onnxruntime in float32.

    The parameters and errors are those of :class:`OnnxImageTower`.
    """

    def __init__(
        self,
        architecture: Architecture,
        tensors: Mapping[str, NDArray[Any]],
        device: str = "cpu",
        quick_gelu: Optional[bool] = None,
    ) -> None:
        self._architecture = architecture
        self._weights = text_weights(architecture, tensors)
        graph = text_graph(architecture, self._weights, _activation(architecture, quick_gelu))
        self._session = Session(*graph, device)
        self.device = self._session.device

    def embed_tokens(self, tokens: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return (N, D) float32 for the tokens (N, 77) of N texts, not normalised; row i belongs to text i.

        The end of a text is its largest token, with 0 behind it.

        Raises
        ------
        EncoderUnavailableError
            The device fails, as where its memory is too small for the batch.
        """
        rows = [self._embed(tokens[start : start + _TEXTS]) for start in range(0, len(tokens), _TEXTS)]
        return np.concatenate([np.empty((0, self._architecture.embed_dim), dtype=np.float32), *rows])

    def _embed(self, tokens: NDArray[np.int64]) -> NDArray[np.float32]:
        return self._session.run(len(tokens), lambda part: text_inputs(tokens[part], self._weights))


def require_precision(precision: str, device: str) -> None:
    """Raise EncoderUnavailableError where the precision asked for is not one of the towers here."""
    if precision not in {"fp32", "auto"}:
        raise EncoderUnavailableError(
            f"CLIP on onnxruntime computes in fp32, on {device!r} too, and not in {precision!r}: take "
            "--precision=auto, or install the extra torch, which has bf16 and fp16 where the device has them"
        )


def _activation(architecture: Architecture, quick_gelu: Optional[bool]) -> bool:
    return architecture.quick_gelu if quick_gelu is None else quick_gelu
