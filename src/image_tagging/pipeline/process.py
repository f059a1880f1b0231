"""Stage 1: compute the metadata and the embedding of every image of a folder or an archive."""

from __future__ import annotations

import time
from itertools import chain

from ..encoders import EncoderChoice
from ..exporters import DatasetFiles, empty_tags, result_folders
from ..files import absolute
from ..images import decoder_version
from ..progress import Progress, no_progress
from ..runners import Runner
from ..sources import find_images
from ..store import WorkingStore
from .configs import ProcessConfig
from .embedder import LOCAL
from .embedding import embed_images, explain_no_images, hidden_by_results
from .summaries import ProcessSummary


def process_dataset(config: ProcessConfig, watch: Progress = no_progress, runner: Runner = LOCAL) -> ProcessSummary:
    """Compute the metadata and the embedding of every image of a folder or an archive, and write them.

    ``runner`` says where images are prepared; the results are the same.

    Raises
    ------
    InputError
        The input is missing, or holds no usable image.
    EncoderError
        The requested encoder or device is not available.
    OutputError
        The output folder cannot be written, or another run is working in it.
    """
    started = time.monotonic()
    root, output = absolute(config.input_folder), absolute(config.output_folder)
    left_out = result_folders(output)
    found = find_images(root, leave_out=left_out, follow_links=config.follow_links)
    hidden = hidden_by_results(root, output, config)
    files = DatasetFiles.of(root, output, tagged=config.tagged_dataset, metadata_format=config.metadata_format)
    choice = EncoderChoice.by_name(config.clip_model, config.pretrained, config.device, config.precision)
    with WorkingStore(output, decoder_version(config)) as store:
        with explain_no_images(root):
            embedding = embed_images(store, chain(hidden, found), choice, config, watch, runner)
        watch("writing the metadata", 0, None)
        empty = empty_tags(store, root, left_out, config.follow_links) if config.tagged_dataset else ()
        paths = files.write(
            store, embedding.encoder, digest=embedding.digest, unchanged=embedding.unchanged, empty_tags=empty
        )
        return ProcessSummary(
            embedding=embedding,
            tags=store.pictures.count_tags() if config.tagged_dataset else {},
            empty_tags=empty,
            files=paths,
            seconds=time.monotonic() - started,
        )
