"""What tags learn: two models each, measured on images that they never saw, and written with card and report."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blas_threads import BlasThreads
from .classifiers import KINDS, TagModel, TagModels
from .errors import EncoderMismatchError, ModelError, TrainingError
from .estimator_arrays import scorer_of
from .fitting import Labels, fit_linear, fit_machine, unit_embeddings
from .model_files import load_tag_models, save_tag_model
from .model_names import SUFFIX, find_model_files, model_stem
from .records import EncoderSpec
from .reports import ValidationReport, validate, write_report
from .runners import local
from .splits import Split, Splitter, TaggedEmbeddings

MODELS_FOLDER = "models"
REPORTS_FOLDER = "reports"

#: Images measured at a time: scoring works in float64, on copies.
_MEASURED = 8192

#: Linear models solved together, and images that they are learned from together, in float64: 0.3 GB of 512 values each.
_MOST_TAGS = 64
_MOST_ROWS = 65_536

#: Machines are fitted, and models measured, on as many threads: libsvm and matrix products run beside Python.
_MOST_THREADS = 8


class Training:
    """Learns the tags of a data set, each from its own split, and writes what they learned."""

    def __init__(
        self, data: TaggedEmbeddings, encoder: EncoderSpec, output: str, *, test_share: float, seed: int
    ) -> None:
        self._data = data
        self._encoder = encoder
        self._output = output
        self._seed = seed
        self._splitter = Splitter(data, test_share=test_share, seed=seed)
        self.skipped: list[tuple[str, str]] = []  # tags that cannot be learned, and why

    def run(self) -> Iterator[list[ValidationReport]]:
        """The reports of one tag after the other, in alphabetical order, when its models are written.

        Raises
        ------
        OutputError
            A file cannot be written.
        """
        threads = BlasThreads()
        with threads.one():
            learned = local.run(
                self._learn,
                lambda: lambda batch: [self._write(*one) for one in batch],
                self._tasks(threads),
                batch_size=1,
                threads=min(_MOST_THREADS, os.cpu_count() or 1),
            )
            yield from (reports for reports in learned if isinstance(reports, list))

    def _tasks(self, threads: BlasThreads) -> Iterator[_Task]:
        """The tags with their linear models, which are solved for many at a time as they are needed."""
        for block in _blocks(self._splits(), len(self._data.embeddings)):
            rows = np.unique(np.concatenate([split.training for _, split in block]))
            x = unit_embeddings(self._data.embeddings[rows])
            tags = [_labels(split, rows) for _, split in block]
            with threads.all():
                linear_models = fit_linear(x, tags)
            for (tag, split), labels, linear in zip(block, tags, linear_models):
                yield _Task(tag, split, x, labels, linear)

    def _splits(self) -> Iterator[tuple[str, Split]]:
        for tag in self._data.tags:
            try:
                yield tag, self._splitter.split(tag)
            except TrainingError as error:
                self.skipped.append((tag, str(error)))

    def _learn(self, task: _Task) -> tuple[list[ValidationReport], list[Any]]:
        """On a thread: the reports of both kinds, and their estimators."""
        split = task.split
        estimators = [task.linear, fit_machine(task.x, task.labels, task.linear, seed=self._seed)]
        models = [TagModel(task.tag, kind, self._encoder, scorer_of(it)) for kind, it in zip(KINDS, estimators)]
        probabilities = measure(TagModels(models), self._data, split.validation)
        reports = [
            validate(
                kind=kind,
                tag=task.tag,
                training_tag=int(split.is_tag.sum()),
                training_other=int((~split.is_tag).sum()),
                probabilities=column,
                is_tag=split.is_validation_tag,
                marks=split.marks,
            )
            for kind, column in zip(KINDS, probabilities.T)
        ]
        return reports, estimators

    def _write(self, reports: list[ValidationReport], estimators: list[Any]) -> list[ValidationReport]:
        for report, estimator in zip(reports, estimators):
            card = model_card(report, self._encoder, self._seed)
            save_tag_model(os.path.join(self._output, MODELS_FOLDER), report.tag, report.kind, estimator, card)
            write_report(os.path.join(self._output, REPORTS_FOLDER), report)
        return reports


@dataclass(frozen=True, eq=False)
class _Task:
    """One tag, its ``labels`` of the table ``x`` (N, D) of unit rows, and its linear model."""

    tag: str
    split: Split
    x: NDArray[np.float64]
    labels: Labels
    linear: Any


def _blocks(splits: Iterable[tuple[str, Split]], images: int) -> Iterator[list[tuple[str, Split]]]:
    """Tags that are learned together: as many as there is room for, at least one."""
    block: list[tuple[str, Split]] = []
    is_used = np.zeros(images, dtype=bool)
    for tag, split in splits:
        is_used[split.training] = True
        if block and (len(block) == _MOST_TAGS or is_used.sum() > _MOST_ROWS):
            yield block
            block = []
            is_used[:] = False
            is_used[split.training] = True
        block.append((tag, split))
    if block:
        yield block


def _labels(split: Split, rows: NDArray[np.int64]) -> Labels:
    """The split's training part, as rows of the table that holds the embeddings ``rows`` (sorted)."""
    return Labels(np.searchsorted(rows, split.training), split.is_tag, np.where(split.is_tag, *split.weights))


def measure(models: TagModels, data: TaggedEmbeddings, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """The probabilities (n, M) that the models give the images of ``rows`` (n,), some thousand at a time."""
    parts = [rows[start : start + _MEASURED] for start in range(0, len(rows), _MEASURED)]
    probabilities = (models.probabilities(data.embeddings[part]) for part in parts)
    return np.concatenate([np.empty((0, len(models))), *probabilities])


def model_card(report: ValidationReport, encoder: EncoderSpec, seed: int) -> dict[str, Any]:
    """What the card of a tag model tells: where it comes from and what it was measured to do."""
    return {
        "encoder": asdict(encoder),
        "threshold": report.threshold,
        "training_images": {"tag": report.training_tag, "other": report.training_other},
        "validation_images": {"tag": report.validation_tag, "other": report.validation_other},
        "validation": {
            "average_precision": report.average_precision,
            "roc_auc": report.roc_auc,
            "accuracy": report.accuracy,
            "balanced_accuracy": report.balanced_accuracy,
        },
        "marks": list(report.marks),
        "seed": seed,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }


def leftover_warnings(models: str, tags: Sequence[str]) -> tuple[str, ...]:
    """What stages 3 and 4 would meet in a folder that also holds models of an earlier training."""
    written = {os.path.join(models, model_stem(kind, tag) + SUFFIX) for kind in KINDS for tag in tags}
    if written.issuperset(find_model_files(models)):
        return ()
    try:
        present = {tag for _, tag in load_tag_models(models).names}
    except (ModelError, EncoderMismatchError) as error:
        return (str(error),)
    if not (others := sorted(present.difference(tags))):
        return ()
    named = ", ".join(others[:3]) + (" …" if len(others) > 3 else "")
    return (
        f"{models} also holds models of other tags ({named}), which stages 3 and 4 will use too. "
        "Move them away if they are not wanted.",
    )
