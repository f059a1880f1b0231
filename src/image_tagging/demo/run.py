"""The whole job on examples and a mountain that are drawn on the spot."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..encoders import BUILTIN
from ..exporters import OUTPUT_JSON, read_results
from ..pipeline import SortConfig, SortSummary, sort_images
from ..progress import Progress, Say, no_progress, say_nothing
from ..writing import folder_below
from .mountain import DrawnMountain, draw_mountain


@dataclass(frozen=True)
class DemoSummary:
    """The result of sorting a drawn mountain, and how right it is, which is known of drawn pictures.

    Of its pictures ``with_tag`` show one of the tags; ``found`` of these got it. ``tagged`` counts the tags that were
    given, and ``right`` those of them that are true.
    """

    dataset: DrawnMountain
    sort: SortSummary
    with_tag: int
    found: int
    tagged: int
    right: int
    seconds: float


def run_demo(output: str, watch: Progress = no_progress, *, share: float = 1.0, say: Say = say_nothing) -> DemoSummary:
    """Draw examples and a mountain into ``output/data``, and sort it into ``output/sorted`` by the embedded encoder.

    ``share`` of the mountain is drawn. Raises :class:`OutputError` where the output folder cannot be written.
    """
    started = time.monotonic()
    watch("drawing", 0, None)
    data, folder = (folder_below(output, name) for name in ("data", "sorted"))
    dataset = draw_mountain(data, share=share)
    sort = sort_images(
        SortConfig(examples=dataset.examples, mountain=dataset.mountain, output=folder, clip_model=BUILTIN),
        watch,
        say=say,
    )
    kinds = {answer.tag: answer.kind for stage in (sort.folder, sort.archive) if stage for answer in stage.answers}
    given = set(_given(folder, kinds))
    true = {(name, tag) for name, tag in dataset.truth.items() if tag}
    right = len(given & true)
    return DemoSummary(dataset, sort, len(true), right, len(given), right, time.monotonic() - started)


def _given(folder: str, kinds: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the name of each file with each tag that it got, by the kind that answers for the tag."""
    for picture in read_results(os.path.join(folder, OUTPUT_JSON)):
        for score in picture.scores:
            if score.kind == kinds[score.tag] and score.tagged:
                yield from ((os.path.basename(path), score.tag) for path in picture.file_paths)
