"""The four stages on a data set that is drawn on the spot."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from dataclasses import dataclass, replace

from ..datasets import TAG_TO_HASHES, TAGGED_METADATA
from ..encoders import BUILTIN
from ..exporters import OUTPUT_JSON, read_results
from ..pipeline import (
    ClassifyConfig,
    ClassifySummary,
    ProcessConfig,
    ProcessSummary,
    TrainConfig,
    TrainSummary,
    classify_images,
    process_dataset,
    train_tag_models,
)
from ..progress import Progress, no_progress
from ..writing import folder_below
from .dataset import DrawnDataset, draw_dataset


@dataclass(frozen=True)
class DemoSummary:
    """The result of each stage, and for how many of ``asked`` images the models named the ``right`` kind."""

    dataset: DrawnDataset
    process: ProcessSummary
    train: TrainSummary
    folder: ClassifySummary
    archive: ClassifySummary
    asked: int
    right: int
    seconds: float


def run_demo(output: str, watch: Progress = no_progress) -> DemoSummary:
    """Draw a data set into ``output/data`` and run stages 1 to 4 on it, with the embedded encoder.

    Raises :class:`OutputError` where the output folder cannot be written.
    """
    started = time.monotonic()
    watch("drawing", 0, None)
    data, *results = (folder_below(output, name) for name in ("data", "stage3", "stage4"))
    dataset = draw_dataset(data)
    stage1 = ProcessConfig(input_folder=dataset.tagged, output_folder=output, clip_model=BUILTIN)
    process = process_dataset(stage1, watch)
    metadata, tag_lists = os.path.join(output, TAGGED_METADATA), os.path.join(output, TAG_TO_HASHES)
    train = train_tag_models(TrainConfig(metadata_json=metadata, tag_to_hash_json=tag_lists, output=output), watch)
    stage3 = ClassifyConfig(directory=dataset.untagged, model=train.models, output=results[0])
    stage4 = replace(stage3, directory=dataset.archive, output=results[1], archives=True)
    folder, archive = classify_images(stage3, watch), classify_images(stage4, watch)
    named = {**_name_kinds(folder), **_name_kinds(archive)}
    right, seconds = sum(dataset.truth[name] == kind for name, kind in named.items()), time.monotonic() - started
    return DemoSummary(dataset, process, train, folder, archive, len(named), right, seconds)


def _name_kinds(summary: ClassifySummary) -> dict[str, str]:
    """Return the kind of each image by its file name: the tag whose models give the highest mean probability."""
    named = {}
    for picture in read_results(os.path.join(summary.folder, OUTPUT_JSON)):
        sums: dict[str, float] = defaultdict(float)
        for score in picture.scores:
            sums[score.tag] += score.probability
        named.update(dict.fromkeys(map(os.path.basename, picture.file_paths), max(sums, key=lambda tag: sums[tag])))
    return named
