"""Encoders: pictures become embeddings.

Whatever has the attributes of :class:`Encoder` is an encoder. Two are here: ``builtin``, which needs
no download, and every model of open_clip, by its name there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Callable, Optional, Protocol

from ..errors import EncoderUnavailableError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from ..records import EncoderSpec

BUILTIN = "builtin"
DEFAULT_MODEL = "ViT-B-32"
DEFAULT_PRETRAINED = "openai"
PRECISIONS = ("auto", "fp32", "bf16", "fp16")


class Encoder(Protocol):
    """Turns pictures into embeddings, in two steps so that the first can run ahead elsewhere."""

    @property
    def spec(self) -> EncoderSpec:
        """The identity stamped on every embedding."""

    @property
    def device(self) -> str:
        """Where ``embed`` computes: ``cpu``, ``cuda``, ``cuda:1``…"""

    @property
    def precision(self) -> str:
        """``fp32``, ``bf16`` or ``fp16``, which give the same embeddings but for rounding; ``int8`` of ``builtin``."""

    @property
    def preprocess(self) -> Callable[[Image.Image], NDArray[np.float32]]:
        """One RGB picture of any size -> the array that ``embed`` takes.

        It runs in the processes that decode, so it can be pickled and says all that it needs.
        """

    def embed(self, batch: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """A batch of N preprocessed pictures -> (N, D) float32, not normalised; row i belongs to picture i."""


class TextEncoder(Protocol):
    """Turns texts into embeddings in the space of an encoder's pictures."""

    @property
    def dim(self) -> int:
        """D, the length of its embeddings and of the pictures'."""

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """N texts -> (N, D) float32, not normalised; row i belongs to text i."""


def encoder_identity(clip_model: str, pretrained: str) -> tuple[str, str]:
    """``name`` and ``pretrained`` as the spec of this encoder has them, without loading it.

    Raises
    ------
    EncoderUnavailableError
        There is no such encoder, as far as that can be told without loading it.
    """
    if clip_model != BUILTIN:
        from .clip.encoder import clip_identity

        return clip_identity(clip_model, pretrained)
    from .builtin.encoder import BuiltinEncoder

    version = BuiltinEncoder.spec.pretrained
    if pretrained not in {DEFAULT_PRETRAINED, version}:
        raise EncoderUnavailableError(
            f"the embedded encoder is {BUILTIN}/{version}; there is no {BUILTIN}/{pretrained}. Leave out "
            "--pretrained; embeddings and models of another version must be made anew (stages 1 and 2)."
        )
    return BUILTIN, version


def load_encoder(clip_model: str, pretrained: str, device: Optional[str] = None, precision: str = "auto") -> Encoder:
    """The encoder called ``clip_model``, ready to work.

    Parameters
    ----------
    clip_model : str
        ``builtin`` or a model name of open_clip.
    pretrained : str
        A pretrained tag of open_clip or the path of a weights file; not used by ``builtin``.
    device : str, optional
        Where to compute; without it ``cuda`` where there is one, else ``cpu``.
    precision : str
        One of ``PRECISIONS``. ``auto`` is the fastest that the device computes in by itself, if it gives what
        ``fp32`` gives; the precision in use is the encoder's ``precision``.

    Raises
    ------
    EncoderUnavailableError
        A library or the weights are missing, there is no such model, or it cannot be had in that precision.
    DeviceUnavailableError
        The device asked for is not here.
    """
    if clip_model == BUILTIN:
        from .builtin.encoder import BuiltinEncoder

        return BuiltinEncoder(device=device, precision=precision)
    from .clip.encoder import ClipEncoder

    return ClipEncoder(clip_model, pretrained, device=device, precision=precision)


def load_text_encoder(clip_model: str, pretrained: str, device: Optional[str] = None) -> TextEncoder:
    """What embeds texts in the space of the encoder that :func:`load_encoder` gives for the same names.

    Raises
    ------
    EncoderUnavailableError
        The encoder knows pictures alone, or its text side or the weights are not here.
    DeviceUnavailableError
        The device asked for is not here.
    """
    if clip_model == BUILTIN:
        raise EncoderUnavailableError(
            f"the embedded encoder ({BUILTIN}) sees form and colour and reads no text: compute the metadata with a "
            "CLIP model (--clip_model, stage 1), which does"
        )
    from .clip.text import ClipTextEncoder

    return ClipTextEncoder(clip_model, pretrained, device=device)
