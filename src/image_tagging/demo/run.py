"""The whole pipeline on a data set that is drawn on the spot, for a first look and for the notebook."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

import orjson

from ..encoders import BUILTIN
from ..metadata import TAG_TO_HASHES, TAGGED_METADATA
from ..pipeline import (
    ClassifyConfig,
    ProcessConfig,
    TrainConfig,
    classify_images,
    process_dataset,
    train_tag_models,
)
from ..scoring import OUTPUT_JSON
from ..summaries import ClassifySummary, ProcessSummary, TrainSummary, Watch, unwatched
from .dataset import DrawnDataset, draw_dataset


@dataclass(frozen=True)
class DemoSummary:
    """What the demo did, stage by stage. Of ``asked`` images whose kind the pipeline was not told, it named
    ``right`` rightly: their kind's models gave the highest mean probability.
    """

    dataset: DrawnDataset
    process: ProcessSummary
    train: TrainSummary
    folder: ClassifySummary
    archive: ClassifySummary
    asked: int
    right: int
    seconds: float


def run_demo(output: str, watch: Watch = unwatched) -> DemoSummary:
    """Draw a data set into ``output/data`` and run stages 1 to 4 on it, with the embedded encoder.

    Raises
    ------
    OutputError
        The output folder cannot be written.
    """
    started = time.monotonic()
    watch("drawing", 0, None)
    dataset = draw_dataset(os.path.join(output, "data"))
    process = process_dataset(
        ProcessConfig(input_folder=dataset.tagged, output_folder=output, clip_model=BUILTIN), watch
    )
    train = train_tag_models(
        TrainConfig(
            metadata_json=os.path.join(output, TAGGED_METADATA),
            tag_to_hash_json=os.path.join(output, TAG_TO_HASHES),
            output=output,
        ),
        watch,
    )
    folder = _classify(dataset.untagged, train.models, os.path.join(output, "stage3"), watch)
    archive = _classify(dataset.archive, train.models, os.path.join(output, "stage4"), watch)
    named = [*_named(folder), *_named(archive)]
    return DemoSummary(
        dataset=dataset,
        process=process,
        train=train,
        folder=folder,
        archive=archive,
        asked=len(named),
        right=sum(dataset.truth[name] == tag for name, tag in named),
        seconds=time.monotonic() - started,
    )


def _classify(directory: str, models: str, output: str, watch: Watch) -> ClassifySummary:
    archives = os.path.isfile(directory)
    return classify_images(ClassifyConfig(directory=directory, model=models, output=output, archives=archives), watch)


def _named(summary: ClassifySummary) -> list[tuple[str, str]]:
    """Each image's file name, and the tag whose models give it the highest mean probability."""
    with open(os.path.join(summary.folder, OUTPUT_JSON), "rb") as file:
        entries = orjson.loads(file.read()).values()
    named = []
    for entry in entries:
        sums: dict[str, float] = {}
        for score in entry["classifiers_output"]:
            sums[score["tag_name"]] = sums.get(score["tag_name"], 0.0) + score["tag_prob"]
        best = max(sums, key=lambda tag: sums[tag])
        named += [(os.path.basename(path), best) for path in entry["file_paths"]]
    return named
