"""Stage 1: compute the metadata and the embedding of every image of a folder or an archive."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from typing import Optional, Union

from ..encoders import EncoderChoice
from ..exporters import DatasetFiles, InputFiles
from ..files import absolute
from ..images import decoder_version
from ..progress import Progress, Say, no_progress, say_nothing
from ..records import Found
from ..runners import Runner
from ..store import Role, WorkingStore
from ..text import short_path
from .chosen_encoder import ChosenEncoder, choose_encoder, keep_encoder
from .configs import ProcessConfig
from .embedder import LOCAL
from .embedding import embed_found, explain_no_images, find_by
from .manifests import source_of, with_manifest
from .remote_files import at_hand
from .sharded import Sharding
from .shown_progress import shown
from .summaries import EmbeddingSummary, ProcessSummary
from .tag_warnings import warn_of_case, warn_of_merging, warn_of_spelling
from .where import AnyRunner, chosen_runner

log = logging.getLogger(__name__)


def process_dataset(
    config: ProcessConfig,
    watch: Progress = no_progress,
    runner: Optional[AnyRunner] = None,
    encoder: Optional[ChosenEncoder] = None,
    *,
    say: Say = say_nothing,
    progress: Union[bool, Progress] = False,
) -> ProcessSummary:
    """Compute the metadata and the embedding of every image of a folder or an archive, and write them.

    ``runner`` says where images are prepared, or done in shards, without it the settings do; the results are the same.
    ``say`` is called with what a person should know of that, before the work. ``encoder`` is what
    :func:`choose_encoder` gave for the same settings. ``watch`` is called with the progress, and with
    ``progress=True`` a bar shows it.

    Raises
    ------
    InputError
        The input is missing, or holds no usable image.
    EncoderError
        The requested encoder or device is not available.
    OutputError
        The output folder cannot be written, or another run is working in it.
    RunnerError
        Where the work is to run, it cannot.
    """
    with at_hand(config) as given, shown(progress, watch) as report:
        here = with_manifest(given)
        choice = (encoder or choose_encoder(here)).choice
        found = find_by(here, source_of(here), tag_level=here.tag_level)
        return process_found(here, found, choice, report, chosen_runner(here, runner, say))


def process_found(
    config: ProcessConfig,
    found: Iterable[Found],
    choice: EncoderChoice,
    watch: Progress,
    runner: Union[Runner, Sharding] = LOCAL,
) -> ProcessSummary:
    """As :func:`process_dataset`, of what was found in the input, by an encoder that was chosen."""
    started = time.monotonic()
    root, output = source_of(config), absolute(config.output)
    files = DatasetFiles.of(root, output, tagged=config.tagged_dataset, metadata_format=config.metadata_format)
    with WorkingStore(output, decoder_version(config)) as store:
        store.inputs.choose(Role.TAGGED if config.tagged_dataset else Role.UNTAGGED, root)
        written = InputFiles(files, store, root, fresh=config.fresh)
        with explain_no_images(root):
            embedding = embed_found(store, found, choice, config, watch, runner)
        keep_encoder(store, embedding.encoder)
        watch("writing the metadata", 0, None)
        tags = store.pictures.count_tags() if config.tagged_dataset else {}
        empty = empty_tags(embedding.bare_folders, tags) if config.tagged_dataset else ()
        paths = written.files.write(
            store, embedding.encoder, digest=embedding.digest, unchanged=embedding.unchanged, empty_tags=empty
        )
        written.remember(embedding.pictures)
        if written.namesake:
            log.info("%s keeps its metadata file, that of this input is numbered", short_path(written.namesake))
        return ProcessSummary(
            embedding=embedding,
            tags=tags,
            empty_tags=empty,
            warnings=_warnings(embedding, [*tags, *empty]) if config.tagged_dataset else (),
            files=paths,
            namesake=written.namesake,
            seconds=time.monotonic() - started,
            source=root,
        )


def empty_tags(folders: Iterable[str], tags: Iterable[str]) -> tuple[str, ...]:
    """Return the tags of folders without an image that no image has, in alphabetical order."""
    return tuple(sorted(set(folders).difference(tags)))


def _warnings(embedding: EmbeddingSummary, tags: Sequence[str]) -> tuple[str, ...]:
    return (*warn_of_merging(embedding.merged_tags), *warn_of_spelling(tags), *warn_of_case(tags))
