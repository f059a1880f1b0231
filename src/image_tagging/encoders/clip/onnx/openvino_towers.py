"""The towers of a CLIP model on OpenVINO, with the graphs of :mod:`.vision` and :mod:`.texts`."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Callable, Optional

import numpy as np

from ....errors import EncoderUnavailableError
from ..architectures import Architecture
from ..precision import difference, drawn_pictures
from ..preprocess import ClipPreprocess
from .openvino import OPENVINO, OpenVinoGraph, OpenVinoSession, pays
from .sessions import Inputs
from .texts import text_graph, text_inputs
from .vision import image_graph
from .weights import image_weights, text_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LOG = logging.getLogger(__name__)

Pictures = Sequence["NDArray[np.float32]"]


class OpenVinoImageTower:
    """Pictures (3, H, W) float32, prepared for the model -> embeddings (N, D) float32, by OpenVINO on the CPU.

    Parameters
    ----------
    architecture, tensors, quick_gelu
        As for :class:`.towers.OnnxImageTower`.
    precision : str
        ``fp32``, ``bf16``, or ``auto``: bf16 where this CPU has it and is clearly faster in it, and it gives what fp32
        gives.

    Raises
    ------
    EncoderUnavailableError
        The weights are not those of the architecture, or the precision asked for is not available or gives other
        embeddings than fp32.
    DeviceUnavailableError
        OpenVINO is not installed.
    """

    device = OPENVINO

    def __init__(
        self, architecture: Architecture, tensors: Mapping[str, NDArray[Any]], precision: str, quick_gelu: bool
    ) -> None:
        self._dim = architecture.embed_dim
        weights = image_weights(architecture, tensors)
        graph = OpenVinoGraph(*image_graph(architecture, weights, quick_gelu, weights_as_inputs=True))
        if precision != "auto" and precision not in graph.precisions:
            known = " and ".join(graph.precisions)
            raise EncoderUnavailableError(
                f"OpenVINO computes in {known} on this CPU, and not in {precision!r}: take --precision=auto"
            )
        self.precision, self._session = _chosen(graph, precision, architecture.image_size)

    def embed(self, batch: Pictures) -> NDArray[np.float32]:
        """Return (N, D) float32 for N arrays (3, H, W), not normalised; row i belongs to picture i.

        Raises
        ------
        EncoderUnavailableError
            OpenVINO fails.
        """
        return _embed(self._session, batch) if len(batch) else np.empty((0, self._dim), dtype=np.float32)


class OpenVinoTextTower:
    """Tokens of texts -> embeddings (N, D) float32 in the space of the pictures, by OpenVINO in float32."""

    device = OPENVINO

    def __init__(self, architecture: Architecture, tensors: Mapping[str, NDArray[Any]], quick_gelu: bool) -> None:
        self._weights = text_weights(architecture, tensors)
        graph = OpenVinoGraph(*text_graph(architecture, self._weights, quick_gelu, weights_as_inputs=True))
        self._dim, self._session = architecture.embed_dim, graph.session("fp32")

    def embed_tokens(self, tokens: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return (N, D) float32 for the tokens (N, 77) of N texts, not normalised; row i belongs to text i.

        Raises
        ------
        EncoderUnavailableError
            OpenVINO fails.
        """
        if not len(tokens):
            return np.empty((0, self._dim), dtype=np.float32)
        return self._session.run(len(tokens), lambda part: text_inputs(tokens[part], self._weights))


def _chosen(graph: OpenVinoGraph, precision: str, side: int) -> tuple[str, OpenVinoSession]:
    """Return the precision, and a session in it that has proven itself against float32 on drawn pictures."""
    full = graph.session("fp32")
    half = graph.precisions[0] if precision == "auto" else precision
    if half == "fp32":
        return half, full
    session = graph.session(half)
    prepare = ClipPreprocess.from_config({"size": side})
    pictures = [prepare(picture) for picture in drawn_pictures()]
    problem = _difference(session, full, pictures)
    if problem and precision != "auto":
        raise EncoderUnavailableError(f"OpenVINO cannot be used in {half}: {problem}; take --precision=auto or fp32")
    if problem:
        _LOG.warning("OpenVINO cannot be used in %s (%s): the encoder computes in fp32", half, problem)
        return "fp32", full
    if precision == "auto" and not pays(session, full, len(pictures), _inputs_of(pictures)):
        _LOG.info("this CPU computes no faster in %s than in fp32: the encoder computes in fp32", half)
        return "fp32", full
    return half, session


def _difference(session: OpenVinoSession, full: OpenVinoSession, pictures: Pictures) -> Optional[str]:
    alone = np.concatenate([_embed(session, [picture]) for picture in pictures])
    return difference(_embed(session, pictures), alone, _embed(full, pictures))


def _embed(session: OpenVinoSession, batch: Pictures) -> NDArray[np.float32]:
    return session.run(len(batch), _inputs_of(batch))


def _inputs_of(batch: Pictures) -> Callable[[slice], Inputs]:
    return lambda part: {"pictures": np.stack(list(batch[part])).astype(np.float32, copy=False)}
