"""The results of a run of stage 3 or 4: scored, placed, and written with those of other inputs that are kept."""

from __future__ import annotations

import logging

from ..datasets import input_keys
from ..exporters import (
    OUTPUT_CSV,
    EarlierResults,
    ResultWriter,
    has_csv,
    require_csv_ours,
    results,
    score_pictures,
    write_csv,
)
from ..files import absolute
from ..progress import Progress
from ..store import Role, WorkingStore
from ..tag_models import TagModels
from .answers import StageTally
from .configs import ClassifyConfig
from .places import Places
from .summaries import EmbeddingSummary

log = logging.getLogger(__name__)


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


def write_results(
    store: WorkingStore,
    tally: StageTally,
    embedding: EmbeddingSummary,
    earlier: EarlierResults,
    places: Places,
    watch: Progress,
) -> ResultWriter:
    """Score and place every picture; return what wrote the results."""
    config = places.config
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
        records = store.pictures.records(embedding.encoder)
        scored = score_pictures(records, tally.models, config.output_bins, tally.every)
        for number, (record, scores, has_tag) in enumerate(scored, start=1):
            files = store.pictures.files_of(record.hash_id)
            writer.add(record, files, scores)
            tally.add(record, files, scores, has_tag)
            watch("scoring and placing", number, embedding.pictures)
    if more := writer.failures.more:
        log.warning("%d more images could not be placed", more)
    if differing := store.pictures.differing:
        log.warning("the metadata holds other embeddings of %d pictures than were computed here", differing)
    if earlier.replaced or earlier.kept:
        counts = (earlier.replaced, earlier.dropped, earlier.kept)
        log.info("output.json: replaced %d pictures of this stage (%d of them gone), kept %d of the other", *counts)
    return writer


def is_csv_wanted(config: ClassifyConfig) -> bool:
    """Return whether ``output.csv`` is written: it is asked for, or is there, and then kept up to date.

    Raises OutputError where it is asked for and another file has its name.
    """
    output = absolute(config.output)
    if config.results_format == "csv":
        require_csv_ours(output)
    return config.results_format == "csv" or has_csv(output)


def write_table(output: str, models: TagModels, earlier: EarlierResults, watch: Progress) -> tuple[str, ...]:
    """Write ``output.csv`` from what was written, and return its path."""
    watch(f"writing {OUTPUT_CSV}", 0, None)
    return (write_csv(output, models, has_others=earlier.kept > 0),)
