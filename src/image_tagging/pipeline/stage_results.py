"""The results of a run of stage 3 or 4: scored, placed, and written with those of other inputs that are kept."""

from __future__ import annotations

import logging
from typing import Optional

from ..datasets import input_keys
from ..exporters import (
    OUTPUT_CSV,
    OUTPUT_JSON,
    EarlierResults,
    PlacingPlan,
    ResultFormats,
    ResultsSize,
    ResultWriter,
    Scoring,
    WrittenResults,
    earlier_layout,
    results,
    write_csv,
)
from ..files import absolute
from ..progress import Progress, Say
from ..records import EncoderSpec
from ..settings import ALL_SCORES
from ..store import Role, WorkingStore
from ..tag_models import TagModels
from .answers import StageTally
from .configs import ClassifyConfig
from .manifests import source_of
from .places import Places, stage_name
from .summaries import EmbeddingSummary

log = logging.getLogger(__name__)


def chosen_results(store: WorkingStore, config: ClassifyConfig) -> EarlierResults:
    """Choose the images of a run, and return the ``output.json`` of earlier ones.

    Raises
    ------
    OutputError
        It is damaged, or holds results of another input that the store does not know.
    """
    role, directory = Role.ARCHIVE if config.archives else Role.FOLDER, source_of(config)
    store.inputs.choose(role, directory)
    is_known = config.fresh or bool(store.inputs.of(role))
    only = "" if is_known else directory
    known = store.finished.made_from(_note_of(config)) if is_known else None
    return earlier_results(store, role, absolute(config.output), only=only, known=known)


def _note_of(config: ClassifyConfig) -> str:
    """Return the name under which the store notes the ``output.json`` of a stage."""
    return f"{OUTPUT_JSON} of stage {stage_name(config)}"


def earlier_results(
    store: WorkingStore, role: Role, output: str, *, only: str = "", known: Optional[str] = None
) -> EarlierResults:
    """Return the ``output.json`` of earlier runs as a run of a stage sees it; ``only`` and ``known`` are as there."""
    origin = store.inputs.origin_in(Role.FOLDER if role == Role.ARCHIVE else Role.ARCHIVE)
    return EarlierResults(
        output,
        of_archives=role == Role.ARCHIVE,
        only=only,
        origin=lambda ref: input_keys(ref, origin(ref)),
        known=known,
    )


def write_results(  # noqa: PLR0913, PLR0917 - what a run has found, each by its name
    store: WorkingStore,
    tally: StageTally,
    embedding: EmbeddingSummary,
    earlier: EarlierResults,
    places: Places,
    formats: ResultFormats,
    watch: Progress,
) -> tuple[ResultWriter, WrittenResults]:
    """Score and place every picture; return what wrote the results, and what that was."""
    config, models = places.config, tally.models
    output, archives = absolute(config.output), embedding.archives if config.archives else None
    scoring = Scoring(models, config.output_bins, config.scores)
    before = earlier_layout(output, of_archives=config.archives)
    with results(
        output,
        scoring.thresholds,
        formats=formats,
        archives=archives,
        bins=config.output_bins,
        with_input=bool(store.inputs.origins),
        encoding=config.archive_encoding,
        earlier=earlier,
        placing=places.placing,
        stamp_of_other=store.listing.stamp_of_other,
    ) as writer:
        scored = scoring.pictures(store.pictures.records(embedding.encoder), tally.every)
        for number, (record, scores, has_tag) in enumerate(scored, start=1):
            writer.add(record, record.files, scores)
            tally.add(record, record.files, scores, has_tag)
            watch("scoring and placing", number, embedding.pictures)
        watch("writing the results", 0, None)
    removed = formats.remove_others(output, keeps_json=earlier.kept > 0)
    if formats.json and (note := earlier.note()):
        store.finished.finish(_note_of(config), note)
    else:
        store.finished.forget(_note_of(config))
    _log(store, writer, earlier)
    table = _write_csv(output, models, earlier, watch) if formats.csv else ()
    counts = (scoring.written, scoring.left_out, scoring.left_out_tagged)
    written = WrittenResults((*writer.paths, *table), *counts, removed, before)
    return writer, written


def _log(store: WorkingStore, writer: ResultWriter, earlier: EarlierResults) -> None:
    """Write into the log what a person may want to look up."""
    if more := writer.failures.more:
        log.warning("%d more images could not be placed", more)
    if differing := store.pictures.differing:
        log.warning("the metadata holds other embeddings of %d pictures than were computed here", differing)
    if earlier.replaced or earlier.kept:
        counts = (earlier.replaced, earlier.dropped, earlier.kept)
        log.info("output.json: replaced %d pictures of this stage (%d of them gone), kept %d of the other", *counts)


def plan_results(  # noqa: PLR0913, PLR0917 - what a run has found, each by its name
    store: WorkingStore,
    models: TagModels,
    places: Places,
    encoder: EncoderSpec,
    formats: ResultFormats,
    watch: Progress,
    say: Say,
) -> Optional[PlacingPlan]:
    """Say how large the results will be, where that is much, and what is going to be placed, and return the latter.

    Where fewer than all scores are wanted, how many are written is not known before.

    Raises
    ------
    OutputError
        The disk has no room for it.
    """
    config = places.config
    is_least = config.scores != ALL_SCORES
    size = ResultsSize.of(models.names, store.pictures.count()[0], formats, is_least=is_least)
    if size.sentence:
        log.info("%s", size.sentence)
        say(size.sentence)
    size.require_room(absolute(config.output))
    return places.plan(encoder, size.all, watch, say)


def _write_csv(output: str, models: TagModels, earlier: EarlierResults, watch: Progress) -> tuple[str, ...]:
    """Write ``output.csv`` from what was written, and return its path."""
    watch(f"writing {OUTPUT_CSV}", 0, None)
    return (write_csv(output, models, has_others=earlier.kept > 0),)
