"""The encoder that a run uses, by its name or as embeddings and tag models name it; loaded when it is needed."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from typing import Optional

from ..errors import EncoderMismatchError, EncoderUnavailableError
from ..records import EncoderSpec
from .base import AUTOMATIC, IN_8_BITS, ComputeOptions, Encoder, TextEncoder, is_path
from .registry import encoder_identity, family_of, load_encoder, load_text_encoder, require_likely_name


@dataclass(frozen=True)
class EncoderChoice:
    """The encoder that a run uses. It is loaded when the first picture needs it, and never when none does.

    ``name`` and ``pretrained`` are its identity; ``weights`` is where the weights are, as the user says it: a tag or a
    path. Without it they are those of the tag ``pretrained``, which no file is opened for: a stranger may have written
    it into metadata or a card. ``dim`` is the length its embeddings must have, where that is known beforehand.
    ``is_asked_for`` says that the user names it, and not embeddings or tag models.
    """

    name: str
    pretrained: str
    weights: Optional[str]
    compute: ComputeOptions = AUTOMATIC
    dim: Optional[int] = None
    is_asked_for: bool = True

    @classmethod
    def by_name(cls, clip_model: str, weights: str, compute: ComputeOptions = AUTOMATIC) -> EncoderChoice:
        """Return the encoder that a user names; raise EncoderUnavailableError where there is none of this name."""
        require_likely_name(clip_model)
        return cls(*encoder_identity(clip_model, weights, compute.precision), weights, compute)

    @classmethod
    def by_spec(cls, spec: EncoderSpec, weights: Optional[str], compute: ComputeOptions = AUTOMATIC) -> EncoderChoice:
        """Return the encoder that embeddings or tag models name; whether it is available shows when it is loaded.

        Raises
        ------
        EncoderMismatchError
            The precision asked for gives other embeddings.
        """
        choice = cls(spec.name, spec.pretrained, weights, compute, spec.dim, is_asked_for=False)
        choice._compute()  # also where all embeddings are known, and the encoder is never loaded
        return choice

    @property
    def unused_hardware(self) -> str:
        """A sentence about a GPU that is here, and that nothing installed can use; empty where a device is named."""
        return "" if self.compute.device else family_of(self.name).unused_hardware()

    def load(self) -> Encoder:
        """Return the encoder, ready to work.

        Raises
        ------
        EncoderUnavailableError
            It is not available.
        EncoderMismatchError
            ``weights`` are those of another encoder.
        """
        weights, compute = self._weights(), self._compute()
        identity = encoder_identity(self.name, weights, compute.precision)
        if identity != (self.name, self.pretrained):
            raise EncoderMismatchError(
                f"new images need the encoder {self.name}/{self.pretrained}, and {weights} is "
                f"{'/'.join(identity)}. Give the weights file it was made with as --pretrained."
            )
        try:
            encoder = load_encoder(self.name, weights, *astuple(compute))
        except EncoderUnavailableError as error:
            if self.dim is None:
                raise
            message = (
                f"some images have no embedding yet, and the encoder of the tag models, "
                f"{self.name}/{self.pretrained}, is not here to compute them: {error.reason}. "
                "Another encoder (--clip_model, stage 1) needs other tag models."
            )
            raise EncoderUnavailableError(error.reason, message=message) from error
        if self.dim not in {None, encoder.spec.dim}:
            raise EncoderMismatchError(
                f"{encoder.spec.label} gives embeddings of {encoder.spec.dim} values; the metadata or the tag models "
                f"have {self.dim}. They were made with another encoder of that name: make them again (stages 1 and 2)."
            )
        return encoder

    def load_text(self) -> TextEncoder:
        """Return what embeds texts in the space of the encoder's pictures.

        Raises
        ------
        EncoderUnavailableError
            The encoder reads no text, or its text side or the weights are not here.
        EncoderMismatchError
            ``weights`` are those of another encoder, or they give embeddings of another length.
        DeviceUnavailableError
            The device asked for is not here.
        """
        label = EncoderSpec(self.name, self.pretrained, 0, "").label
        weights = self._weights()
        if self.weights and encoder_identity(self.name, weights) != (self.name, self._tag_or_file):
            raise EncoderMismatchError(
                f"the embeddings are those of {label}, and {weights} holds other weights: "
                "give the weights file they were made with as --pretrained."
            )
        encoder = load_text_encoder(self.name, weights, self.compute.device, self.compute.clip_backend)
        if self.dim not in {None, encoder.dim}:
            raise EncoderMismatchError(
                f"the texts of {label} have {encoder.dim} values and the embeddings {self.dim}: "
                "they were made with another encoder of that name. Make them again (stage 1)."
            )
        return encoder

    @property
    def _tag_or_file(self) -> str:
        """``pretrained`` without the mark of 8 bits."""
        return self.pretrained[: -len(IN_8_BITS)] if self._is_in_8_bits else self.pretrained

    @property
    def _is_in_8_bits(self) -> bool:
        return family_of(self.name).has_int8 and self.pretrained.endswith(IN_8_BITS)

    def _compute(self) -> ComputeOptions:
        """Return how to compute; EncoderMismatchError where the precision asked for gives other embeddings."""
        asked = self.compute.precision
        if not family_of(self.name).has_int8 or (asked == "int8") == self._is_in_8_bits:
            return self.compute
        if asked == "auto":
            return replace(self.compute, precision="int8")
        label = EncoderSpec(self.name, self.pretrained, 0, "").label
        raise EncoderMismatchError(
            f"the embeddings are those of {label}, and --precision={asked} gives others, which do not mix with them: "
            "leave it out. Another output folder computes all in it, and so does stage 1 or sort with --clip_model"
        )

    def _weights(self) -> str:
        """Return the tag or the path of the weights; EncoderUnavailableError where a file must be named for them."""
        if self.weights:
            return self.weights
        if not family_of(self.name).version and is_path(self._tag_or_file):
            label = EncoderSpec(self.name, self.pretrained, 0, "").label
            raise EncoderUnavailableError(
                f"the embeddings are those of {label}, whose weights are a local file: "
                "give the weights file they were made with as --pretrained"
            )
        return self._tag_or_file
