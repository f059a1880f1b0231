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


def earlier_results(config: ClassifyConfig, store: WorkingStore) -> EarlierResults:
    """Choose the images of a stage in the store, and return the ``output.json`` of earlier runs.

    Raises
    ------
    OutputError
        It is damaged, or holds results of another input that the store does not know.
    """
    role, other = (Role.ARCHIVE, Role.FOLDER) if config.archives else (Role.FOLDER, Role.ARCHIVE)
    directory = absolute(config.directory)
    store.inputs.choose(role, directory)
    origin = store.inputs.origin_in(other)
    return EarlierResults(
        absolute(config.output),
        of_archives=config.archives,
        only="" if config.fresh or store.inputs.of(role) else directory,
        origin=lambda ref: input_keys(ref, origin(ref)),
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
