"""What an encoder is: the protocols, and what is known of a family of encoders without loading one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable, Optional, Protocol

from ..records import NEARLY_THE_SAME

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from ..records import EncoderSpec


class Encoder(Protocol):
    """Turns pictures into embeddings, in two steps so that the first can run ahead in other processes."""

    @property
    def spec(self) -> EncoderSpec:
        """The identity stamped on every embedding."""

    @property
    def device(self) -> str:
        """Where ``embed`` computes: ``cpu``, ``cuda``, ``cuda:1``…"""

    @property
    def precision(self) -> str:
        """``fp32``, ``bf16`` or ``fp16``, which give the same embeddings but for rounding; or ``int8``."""

    @property
    def preprocess(self) -> Callable[[Image.Image], NDArray[np.float32]]:
        """The function of one RGB picture of any size that gives the array which ``embed`` takes.

        It runs in the processes that decode, so it must be picklable and must not depend on anything else. There it
        can neither start a program or process nor use the network.
        """

    def embed(self, batch: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return (N, D) float32 for N preprocessed pictures, not normalised; row i belongs to picture i."""


@dataclass(frozen=True)
class ComputeOptions:
    """How an encoder is to compute; the fields are arguments of :func:`.registry.load_encoder`."""

    device: Optional[str] = None
    precision: str = "auto"
    clip_backend: str = "auto"


#: What nobody asked for otherwise.
AUTOMATIC = ComputeOptions()


class TextEncoder(Protocol):
    """Turns texts into embeddings in the space of an encoder's pictures."""

    @property
    def dim(self) -> int:
        """D, the length of its embeddings and of the pictures'."""

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (N, D) float32 for N texts, not normalised; row i belongs to text i."""


#: What ends ``pretrained`` of embeddings that a family computes in 8 bits on request: they are another encoder's.
IN_8_BITS = "+int8"


def is_path(pretrained: str) -> bool:
    """Return whether ``pretrained`` is the path of a file: it has a folder or a suffix, and a tag has neither.

    So a file that happens to be called like a tag, in the folder where a command is run, is not taken for it.
    """
    return any(mark in pretrained for mark in "/\\.:")


def _as_asked(name: str, pretrained: str) -> tuple[str, str]:
    return name, pretrained


@dataclass(frozen=True)
class EncoderFamily:
    """Encoders that are loaded in the same way, and what is known of them before one is loaded.

    Attributes
    ----------
    name : str
        What metadata has as ``embeddings_type``.
    load : callable
        (name, pretrained, device, precision) -> :class:`Encoder`, with the errors of ``load_encoder``. It imports what
        it needs when it is called.
    title : str
        The family in a sentence: "the embedded encoder".
    models : tuple of str
        The names (``clip_model``) that it serves; its own where there is none.
    version : str
        ``pretrained`` of its specs, for a family that has one version and no choice of weights.
    identify : callable
        (name, pretrained) as a user gives them -> both as the spec has them, for a family without ``version``.
    load_text : callable, optional
        (name, pretrained, device) -> :class:`TextEncoder`, with the errors of ``load_text_encoder``; ``None`` where
        the family reads no text.
    why_no_text : str
        Why it reads no text and what to do, for an error message; there is a sentence that fits most families.
    unused_hardware : callable
        () -> a sentence about a GPU that is here, and that the encoders could use if another library were installed;
        empty where there is none.
    has_int8 : bool
        Whether its ``load`` takes the precision ``int8`` as one that makes another encoder: ``IN_8_BITS``.
    backends : tuple of str
        The libraries that a user may choose between (``--clip_backend``), for a family whose ``load`` and ``load_text``
        also take ``backend``, by name.
    nearly_the_same : float
        The cosine from which on the embeddings of two pictures are those of near-duplicates, by measurement.
    """

    name: str
    load: Callable[..., Encoder]
    title: str
    models: tuple[str, ...] = ()
    version: str = ""
    identify: Callable[[str, str], tuple[str, str]] = _as_asked
    load_text: Optional[Callable[..., TextEncoder]] = None
    why_no_text: str = ""
    has_int8: bool = False
    backends: tuple[str, ...] = ()
    unused_hardware: Callable[[], str] = str
    nearly_the_same: float = NEARLY_THE_SAME
