"""The one encoder of a run of stage 3 or 4: that of its tag models and of its metadata."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from ..datasets import read_embeddings
from ..encoders import DEFAULT_MODEL, DEFAULT_PRETRAINED, EncoderChoice, require_this_version
from ..errors import EncoderMismatchError
from ..files import absolute
from ..progress import Progress
from ..records import EncoderSpec, ImportedEmbedding
from ..store import WorkingStore
from ..tag_models import TagModels
from .configs import ClassifyConfig

#: The encoder of tag models that name none: the original program had no other.
_ORIGINAL = EncoderSpec(DEFAULT_MODEL, DEFAULT_PRETRAINED, 512, "")


def metadata_and_encoder(
    config: ClassifyConfig, models: TagModels
) -> tuple[Optional[tuple[EncoderSpec, Iterator[ImportedEmbedding]]], EncoderChoice]:
    """Return what the metadata file holds, where one is named, and the encoder of the run."""
    imported = read_embeddings(config.metadata_json) if config.metadata_json else None
    spec = agreed_encoder(models, imported and imported[0])
    return imported, EncoderChoice.by_spec(spec, config.pretrained, config.compute)


def keep_imported(
    store: WorkingStore,
    config: ClassifyConfig,
    imported: Optional[tuple[EncoderSpec, Iterator[ImportedEmbedding]]],
    watch: Progress,
) -> None:
    """Take the embeddings of the metadata file into the store, where one is named."""
    if imported and config.metadata_json:
        watch("reading the metadata", 0, None)
        store.imported.replace(absolute(config.metadata_json), *imported)


def agreed_encoder(models: TagModels, imported: Optional[EncoderSpec]) -> EncoderSpec:
    """Return the encoder of the models and the metadata.

    Models that name none belong to the metadata's encoder, without metadata to that of the original program.

    Raises
    ------
    EncoderMismatchError
        Models and metadata do not agree, or the encoder is another version of the embedded one.
    """
    spec = models.encoder or imported or _ORIGINAL
    if imported and not imported.matches(spec):
        raise EncoderMismatchError(
            f"the metadata holds embeddings of {imported.label} ({imported.dim} values), but the tag models were "
            f"trained on {spec.label} ({spec.dim}). Give the metadata and the models of one encoder, or learn the tags "
            "again from this metadata (stage 2)."
        )
    require_this_version(spec)
    require_dim(models, spec)
    return spec


def require_dim(models: TagModels, encoder: EncoderSpec) -> None:
    """Raise EncoderMismatchError where the models take embeddings of another length."""
    if models.dim != encoder.dim:
        raise EncoderMismatchError(
            f"the tag models take embeddings of {models.dim} values, but {encoder.label} gives {encoder.dim}. "
            "Give the metadata and the models of one encoder."
        )
