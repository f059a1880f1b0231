"""What tags learn: two models each, measured on images that they never saw, and written with card and report."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any, NamedTuple

from .blas_threads import one_thread_a_product
from .classifiers import KINDS
from .errors import EncoderMismatchError, ModelError, TrainingError
from .learning import LearnedModel, TagLearner
from .model_files import load_tag_models, save_tag_model
from .model_names import SUFFIX, find_model_files, model_stem
from .records import EncoderSpec
from .reports import report_path, write_report
from .runners import local
from .splits import Splitter, TaggedEmbeddings
from .store import StoreFile
from .validation import ValidationReport

MODELS_FOLDER = "models"
REPORTS_FOLDER = "reports"

#: Models are fitted and measured on as many threads: libsvm and matrix products run beside Python. Each may hold half a
#: gigabyte, for a tag of the most images.
_MOST_THREADS = 4


#: Bytes of a file's name that every common file system can hold.
_NAME_BYTES = 255


class _Outcome(NamedTuple):
    """What a tag has learned; if nothing, why it cannot be learned."""

    tag: str
    models: list[LearnedModel]
    why_not: str = ""


class Training:
    """Learns the tags of a data set, each from its own split, and writes what they learned."""

    def __init__(self, data: TaggedEmbeddings, learner: TagLearner, output: str, *, test_share: float) -> None:
        self._data = data
        self._learner = learner
        self._output = output
        self._splitter = Splitter(data, test_share=test_share, seed=learner.seed)
        self.skipped: list[tuple[str, str]] = []  # tags that cannot be learned, and why

    def run(self) -> Iterator[list[LearnedModel]]:
        """The models of one tag after the other, in alphabetical order, when they are written.

        Raises
        ------
        OutputError
            A file cannot be written, or another run is working in the output folder.
        """
        # Nothing is kept in the store: holding it keeps two runs from writing one model at once.
        with one_thread_a_product(), StoreFile(self._output):
            learned = local.run(
                self._learn,
                lambda: lambda batch: [self._write(*one) for one in batch],
                self._data.tags,
                batch_size=1,
                threads=min(_MOST_THREADS, os.cpu_count() or 1),
            )
            with closing(learned):
                yield from (models for models in learned if isinstance(models, list) and models)

    def _learn(self, tag: str) -> _Outcome:
        """Called from any thread: what fails for one tag is told of it, and its neighbours are learned."""
        if _longest_name(tag) > _NAME_BYTES:
            return _Outcome(tag, [], "its name is too long for that of a file; rename its folder")
        try:
            return _Outcome(tag, self._learner.learn(tag, self._splitter.split(tag)))
        except TrainingError as error:
            return _Outcome(tag, [], str(error).rstrip("."))

    def _write(self, tag: str, models: list[LearnedModel], why_not: str) -> list[LearnedModel]:
        if why_not:
            self.skipped.append((tag, why_not))
        for model in models:
            report = model.report
            card = {**model_card(report, self._learner.encoder, self._learner.seed), **model.card}
            save_tag_model(os.path.join(self._output, MODELS_FOLDER), report.tag, report.kind, model.estimator, card)
            write_report(os.path.join(self._output, REPORTS_FOLDER), report)
        return models


def _longest_name(tag: str) -> int:
    """Bytes of the longest name that a file of this tag has, also while it is written aside."""
    return max(len(os.path.basename(report_path("", kind, tag)).encode()) for kind in KINDS) + len(".part")


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
