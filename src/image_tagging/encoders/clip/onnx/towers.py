"""The towers of a CLIP model: pictures, and tokens of texts, to embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Optional

import numpy as np

from ....errors import EncoderUnavailableError
from ..architectures import Architecture
from ..precision import drawn_pictures
from ..preprocess import ClipPreprocess
from .int8 import int8_problem
from .sessions import Session
from .texts import text_graph, text_inputs
from .vision import image_graph, int8_image_graph
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
        They are kept, and not copied where they are contiguous float32 or float16: let the file's memory be mapped.
    device : str
        ``cpu``, ``cuda``, ``cuda:1``, ``directml`` or ``coreml``: used or refused.
    precision : str
        ``fp32``, or ``auto``, which is the same; ``int8`` on the CPU, whose embeddings are another encoder's: they do
        not mix with those of other precisions.
    quick_gelu : bool, optional
        The activation that the weights need; without it that of the architecture.

    Raises
    ------
    EncoderUnavailableError
        The weights are not those of the architecture, the precision is not available or does not agree with fp32 on
        drawn pictures, or onnxruntime does not load.
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
        weights, quick = image_weights(architecture, tensors), _activation(architecture, quick_gelu)
        self._session = Session(*image_graph(architecture, weights, quick), device)
        self.device = self._session.device
        self.precision = "int8" if precision == "int8" else "fp32"
        self._unchecked: Optional[_Unchecked] = None  # until the first pictures have been compared with float32
        if self.precision == "int8":
            exact, self._session = self._session, Session(*int8_image_graph(architecture, weights, quick), device)
            self._unchecked = _Unchecked(exact, architecture, self._session)

    def embed(self, batch: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return (N, D) float32 for N arrays (3, H, W), not normalised; row i belongs to picture i.

        Raises
        ------
        EncoderUnavailableError
            The device fails, as where its memory is too small for the batch; or the precision is int8, and does not
            agree with fp32 on the pictures of the first batch, which is computed in both.
        """
        if len(batch) == 0:
            return np.empty((0, self._architecture.embed_dim), dtype=np.float32)
        rows = _embed(self._session, batch)
        unchecked, self._unchecked = self._unchecked, None
        if unchecked:
            unchecked.check(batch, rows)
        return rows


class _Unchecked:
    """A tower in float32 by which one in 8 bits is checked: on drawn pictures, and then on the first of the user."""

    def __init__(self, exact: Session, architecture: Architecture, session: Session) -> None:
        prepare = ClipPreprocess.from_config({"size": architecture.image_size})
        pictures = [prepare(picture) for picture in drawn_pictures()]
        self._exact = exact
        drawn = _embed(exact, pictures)
        self._centre = drawn.mean(axis=0)
        _require_agreement(int8_problem(drawn, _embed(session, pictures)), "drawn pictures")

    def check(self, batch: Sequence[NDArray[np.float32]], rows: NDArray[np.float32]) -> None:
        """Raise EncoderUnavailableError where the rows (N, D) of a batch do not agree with float32."""
        _require_agreement(int8_problem(_embed(self._exact, batch), rows, self._centre), "the first pictures")


def _embed(session: Session, batch: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    return session.run(len(batch), lambda part: {"pictures": np.stack(batch[part]).astype(np.float32, copy=False)})


def _require_agreement(problem: Optional[str], where: str) -> None:
    if problem:
        raise EncoderUnavailableError(f"this model cannot be used in int8: on {where} {problem}; take --precision=auto")


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
    if precision not in ({"fp32", "auto", "int8"} if device == "cpu" else {"fp32", "auto"}):
        raise EncoderUnavailableError(
            f"CLIP on onnxruntime computes in fp32, on the CPU also in int8, and not in {precision!r} on {device!r}: "
            "take --precision=auto, or install the extra torch, which has bf16 and fp16 where the device has them"
        )


def _activation(architecture: Architecture, quick_gelu: Optional[bool]) -> bool:
    return architecture.quick_gelu if quick_gelu is None else quick_gelu
