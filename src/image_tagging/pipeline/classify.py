"""Stages 3 and 4: score every image by all tag models, write the scores, place the images in bins."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from typing import Any, Optional

from ..datasets import input_keys, read_embeddings
from ..encoders import DEFAULT_MODEL, DEFAULT_PRETRAINED, EncoderChoice, require_this_version
from ..errors import EncoderMismatchError
from ..exporters import (
    EarlierResults,
    ResultWriter,
    require_place,
    require_results_ours,
    results,
    score_pictures,
)
from ..files import absolute
from ..images import decoder_version
from ..progress import Progress, no_progress
from ..records import EncoderSpec, Found, FoundArchive, FoundImage, ImportedEmbedding, OtherFile
from ..runners import Runner
from ..store import Role, WorkingStore
from ..tag_models import AnswerTally, TagModels, load_tag_models
from .answers import tag_answers
from .configs import ClassifyConfig
from .embedder import LOCAL
from .embedding import embed_images, explain_no_images, find_by
from .places import Places
from .summaries import ClassifySummary, EmbeddingSummary

log = logging.getLogger(__name__)

#: The encoder of tag models that name none: the original program had no other.
_ORIGINAL = EncoderSpec(DEFAULT_MODEL, DEFAULT_PRETRAINED, 512, "")


def classify_images(config: ClassifyConfig, watch: Progress = no_progress, runner: Runner = LOCAL) -> ClassifySummary:
    """Score every image by all tag models, write the scores, and place the images in bins.

    ``runner`` says where images are prepared; the results are the same.

    Raises
    ------
    InputError
        The directory is missing, or holds no usable image (stage 4: no archive with one), or images cannot be placed
        in the requested way.
    ModelError
        There is no usable tag model.
    MetadataError
        The metadata file is missing, malformed or not a metadata file.
    EncoderError
        Models and metadata belong to different encoders, or every image needs an encoder that is not available.
    OutputError
        The output folder cannot be written, its ``output.json`` is damaged, or another run is working in it.
    """
    require_place(config.place, archives=config.archives)
    found = find_by(config, absolute(config.directory), open_archives=config.archives)
    return classify_found(config, found, watch, runner)


def classify_found(
    config: ClassifyConfig, found: Iterable[Found], watch: Progress, runner: Runner = LOCAL, *, is_part: bool = False
) -> ClassifySummary:
    """As :func:`classify_images`, of what was found in the directory.

    As ``is_part`` of the whole job, the directory may have no image of this stage, where another input has one.
    """
    started = time.monotonic()
    root, output = absolute(config.directory), absolute(config.output)
    images = StageImages(found, config.archives)
    models = load_tag_models(config.model)
    require_results_ours(output, of_archives=config.archives)
    imported, choice = _metadata_and_encoder(config, models)
    with WorkingStore(output, decoder_version(config)) as store, chosen_results(store, config) as earlier:
        store.pictures.reserve(earlier.names, earlier.digest)
        if imported and config.metadata_json:
            watch("reading the metadata", 0, None)
            store.imported.replace(absolute(config.metadata_json), *imported)
        with explain_no_images(root, images.where_the_rest_belongs):
            embedding = embed_images(store, images, choice, config, watch, runner, is_part=is_part)
        require_dim(models, embedding.encoder)
        places = Places(store, models, config)
        writer, tally, tagged = _write_results(store, models, embedding, earlier, places, watch)
        if config.place == "hardlink" or writer.bins.moved or writer.bins.removed:
            store.listing.renew_stamps()
        gone_removed, gone_stayed = places.take_out_gone()
        mixed = places.finish()
    return ClassifySummary(
        of_archives=config.archives,
        directory=root,
        embedding=embedding,
        models=tuple(models.names),
        answers=tag_answers(tally),
        tagged=tagged,
        untagged=embedding.images - tagged,
        outside=tally.outside,
        place_failures=tuple(writer.failures.held),
        place_failed=writer.failures.count,
        place=config.place,
        not_as_found=writer.not_as_found,
        mixed_bins=mixed,
        gone_removed=gone_removed,
        gone_stayed=gone_stayed,
        **_moves(writer),
        differing=store.pictures.differing,
        left_out=images.left_out,
        replaced=earlier.replaced,
        dropped=earlier.dropped,
        kept=earlier.kept,
        files=writer.paths,
        folder=output,
        seconds=time.monotonic() - started,
    )


def chosen_results(store: WorkingStore, config: ClassifyConfig) -> EarlierResults:
    """Choose the images of a run, and return the ``output.json`` of earlier ones.

    Raises
    ------
    OutputError
        It is damaged, or holds results of another input that the store does not know.
    """
    role, directory = Role.ARCHIVE if config.archives else Role.FOLDER, absolute(config.directory)
    store.inputs.choose(role, directory)
    is_known = config.fresh or bool(store.inputs.of(role))
    return earlier_results(store, role, absolute(config.output), only="" if is_known else directory)


def earlier_results(store: WorkingStore, role: Role, output: str, *, only: str = "") -> EarlierResults:
    """Return the ``output.json`` of earlier runs as a run of stage 3 or 4 sees it; ``only`` is as there."""
    origin = store.inputs.origin_in(Role.FOLDER if role == Role.ARCHIVE else Role.ARCHIVE)
    return EarlierResults(
        output, of_archives=role == Role.ARCHIVE, only=only, origin=lambda ref: input_keys(ref, origin(ref))
    )


def _moves(writer: ResultWriter) -> dict[str, Any]:
    """Return what became of images in the bins of earlier runs, by the names of the summary."""
    return {name: getattr(writer.bins, name) for name in ("moved", "removed", "stayed", "first_stayed")}


def _metadata_and_encoder(
    config: ClassifyConfig, models: TagModels
) -> tuple[Optional[tuple[EncoderSpec, Iterator[ImportedEmbedding]]], EncoderChoice]:
    """Return what the metadata file holds, where one is named, and the encoder of the run."""
    imported = read_embeddings(config.metadata_json) if config.metadata_json else None
    spec = agreed_encoder(models, imported and imported[0])
    return imported, EncoderChoice.by_spec(spec, config.pretrained, config.device, config.precision)


def _write_results(
    store: WorkingStore,
    models: TagModels,
    embedding: EmbeddingSummary,
    earlier: EarlierResults,
    places: Places,
    watch: Progress,
) -> tuple[ResultWriter, AnswerTally, int]:
    """Score and place every picture; return what wrote the results, the answers, and how many files got a tag."""
    config, tally, tagged = places.config, AnswerTally(models), 0
    output, archives = absolute(config.output), embedding.archives if config.archives else None
    with results(
        output,
        archives=archives,
        bins=config.output_bins,
        with_input=bool(store.inputs.origins),
        encoding=config.archive_encoding,
        earlier=earlier,
        placing=places.placing,
        stamp_of_other=store.listing.stamp_of_other,
    ) as writer:
        scored = score_pictures(store.pictures.records(embedding.encoder), models, config.output_bins, tally)
        for number, (record, scores, has_tag) in enumerate(scored, start=1):
            files = store.pictures.files_of(record.hash_id)
            writer.add(record, files, scores)
            tagged += len(files) if has_tag else 0
            watch("scoring and placing", number, embedding.pictures)
    if more := writer.failures.more:
        log.warning("%d more images could not be placed", more)
    if differing := store.pictures.differing:
        log.warning("the metadata holds other embeddings of %d pictures than were computed here", differing)
    if earlier.replaced or earlier.kept:
        counts = (earlier.replaced, earlier.dropped, earlier.kept)
        log.info("output.json: replaced %d pictures of this stage (%d of them gone), kept %d of the other", *counts)
    return writer, tally, tagged


class StageImages:
    """The found items that one of the two stages handles; ``left_out`` counts those of the other stage."""

    def __init__(self, found: Iterable[Found], archives: bool) -> None:
        self._found = found
        self._archives = archives
        self.left_out = 0

    def where_the_rest_belongs(self) -> str:
        """Return a sentence on what was left out, empty where nothing was."""
        if not self.left_out:
            return ""
        if self._archives:
            return "Images outside archives are for image-tagging classify (stage 3)"
        return "Images in archives are for image-tagging classify-zip (stage 4)"

    def __iter__(self) -> Iterator[Found]:
        for item in self._found:
            of_archive = isinstance(item, FoundArchive) or bool(item.ref.members)
            if of_archive == self._archives or not isinstance(item, (FoundImage, FoundArchive, OtherFile)):
                yield item
            elif not isinstance(item, OtherFile):
                self.left_out += 1


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
