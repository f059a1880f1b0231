"""What a stage works on: which of the images found are its own, and the encoder that all it is given agree on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Optional

from .classifiers import TagModels
from .encoders import DEFAULT_MODEL, DEFAULT_PRETRAINED, require_this_version
from .errors import EncoderMismatchError, NoImagesError
from .records import EncoderSpec, Failure
from .sources import Found, FoundArchive, PassedOver

#: The only encoder of the original: that of tag models which name none.
_ORIGINAL = EncoderSpec(DEFAULT_MODEL, DEFAULT_PRETRAINED, 512, "")


class StageImages:
    """What one of the two stages is for, of all that was found; ``left_out`` counts the rest."""

    def __init__(self, found: Iterator[Found], archives: bool) -> None:
        self._found = found
        self._archives = archives
        self.left_out = 0

    @property
    def whereabouts(self) -> str:
        """Where what was left out belongs."""
        if self._archives:
            return "Images that lie in no zip are for image-tagging classify (stage 3)"
        return "Images in zips are for image-tagging classify-zip (stage 4)"

    def __iter__(self) -> Iterator[Found]:
        for item in self._found:
            of_archive = isinstance(item, FoundArchive) or bool(item.ref.members)
            if of_archive == self._archives or isinstance(item, Failure):
                yield item
            elif not isinstance(item, PassedOver):
                self.left_out += 1


@contextmanager
def naming(root: str, images: Optional[StageImages] = None) -> Iterator[None]:
    """Where nothing can be used: say of what, and what to do."""
    try:
        yield
    except NoImagesError as error:
        advice = "Name a folder, an image or a .zip that can be used"
        if images and images.left_out:
            advice = images.whereabouts
        raise NoImagesError(f"{root}: {error}. {advice}.") from error


def agreed_encoder(models: TagModels, brought: Optional[EncoderSpec]) -> EncoderSpec:
    """The encoder that the models and the metadata agree on; models that name none are of the original's.

    Raises
    ------
    EncoderMismatchError
        They do not agree, or that is another version of the embedded encoder.
    """
    spec = models.encoder or brought or _ORIGINAL
    if brought and not brought.matches(spec):
        raise EncoderMismatchError(
            f"the metadata holds embeddings of {brought.label} ({brought.dim} values), the tag models were trained on "
            f"{spec.label} ({spec.dim}). Give the metadata and the models of one encoder."
        )
    require_this_version(spec)
    require_dim(models, spec)
    return spec


def require_dim(models: TagModels, encoder: EncoderSpec) -> None:
    """EncoderMismatchError where the models take embeddings of another length."""
    if models.dim != encoder.dim:
        raise EncoderMismatchError(
            f"the tag models take embeddings of {models.dim} values, {encoder.label} gives {encoder.dim}. "
            "Give the metadata and the models of one encoder."
        )
