"""The encoder that a run is to use, by its name or as embeddings and tag models name it; loaded when it is needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..errors import EncoderMismatchError, EncoderUnavailableError
from ..records import EncoderSpec
from . import BUILTIN, DEFAULT_PRETRAINED, Encoder, TextEncoder, encoder_identity, load_encoder, load_text_encoder


@dataclass(frozen=True)
class EncoderChoice:
    """The encoder that a run is to use. It is loaded when the first picture needs it, and never when none does.

    ``name`` and ``pretrained`` are its identity; ``weights`` is where the weights are to be had (a tag or a
    path). ``dim`` is the length its embeddings must have, where that is known beforehand.
    """

    name: str
    pretrained: str
    weights: str
    device: Optional[str] = None
    precision: str = "auto"
    dim: Optional[int] = None

    @classmethod
    def by_name(cls, clip_model: str, weights: str, device: Optional[str], precision: str) -> EncoderChoice:
        """The encoder that a person names; raises EncoderUnavailableError where there is none of this name."""
        return cls(*encoder_identity(clip_model, weights), weights, device, precision)

    @classmethod
    def by_spec(cls, spec: EncoderSpec, weights: Optional[str], device: Optional[str], precision: str) -> EncoderChoice:
        """The encoder that embeddings or tag models name; whether it can be had shows when it is needed."""
        return cls(spec.name, spec.pretrained, weights or spec.pretrained, device, precision, spec.dim)

    def load(self) -> Encoder:
        """The encoder, ready to work.

        Raises
        ------
        EncoderUnavailableError
            It cannot be had.
        EncoderMismatchError
            ``weights`` are those of another encoder.
        """
        identity = encoder_identity(self.name, self.weights)
        if identity != (self.name, self.pretrained):
            raise EncoderMismatchError(
                f"new images need the encoder {self.name}/{self.pretrained}, and {self.weights} is "
                f"{'/'.join(identity)}. Give the weights file it was made with as --pretrained."
            )
        try:
            encoder = load_encoder(self.name, self.weights, self.device, self.precision)
        except EncoderUnavailableError as error:
            if self.dim is None:
                raise
            raise EncoderUnavailableError(
                f"some images are not in the metadata, and the encoder of the tag models, "
                f"{self.name}/{self.pretrained}, is not here to compute them: {error.reason}. "
                "Another encoder (--clip_model, stage 1) needs other tag models."
            ) from error
        if self.dim not in {None, encoder.spec.dim}:
            raise EncoderMismatchError(
                f"{encoder.spec.label} gives embeddings of {encoder.spec.dim} values; the metadata or the tag models "
                f"have {self.dim}. They were made with another encoder of that name: make them anew (stages 1 and 2)."
            )
        return encoder


def require_this_version(spec: EncoderSpec) -> None:
    """EncoderMismatchError where embeddings, or tag models, are those of another version of the embedded encoder."""
    if spec.name != BUILTIN:
        return
    here = EncoderSpec(*encoder_identity(BUILTIN, DEFAULT_PRETRAINED), spec.dim, "")
    if spec.pretrained != here.pretrained:
        raise EncoderMismatchError(
            f"the embeddings are those of {spec.label}, another version of the embedded encoder than the one here, "
            f"{here.label}, and the two cannot be compared. Make the metadata anew (stage 1), then the tag models "
            "(stage 2)."
        )


def text_encoder_of(spec: EncoderSpec, weights: Optional[str], device: Optional[str] = None) -> TextEncoder:
    """What embeds texts in the space of embeddings that name their encoder; ``weights`` as in ``EncoderChoice``.

    Raises
    ------
    EncoderUnavailableError
        The encoder knows pictures alone, or its text side or the weights are not here.
    EncoderMismatchError
        ``weights`` were given and are those of another encoder, or they give embeddings of another length.
    DeviceUnavailableError
        The device asked for is not here.
    """
    if weights is not None and encoder_identity(spec.name, weights) != (spec.name, spec.pretrained):
        raise EncoderMismatchError(
            f"the embeddings are those of {spec.label}, and {weights} holds other weights: "
            "give the weights file they were made with as --pretrained."
        )
    encoder = load_text_encoder(spec.name, weights or spec.pretrained, device)
    if encoder.dim != spec.dim:
        raise EncoderMismatchError(
            f"the texts of {spec.label} have {encoder.dim} values and the embeddings {spec.dim}: "
            "they were made with another encoder of that name. Make them anew (stage 1)."
        )
    return encoder
