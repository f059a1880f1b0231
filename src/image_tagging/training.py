"""What one tag learns: two models fitted, measured on images that they never saw, and written with card and report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .classifiers import KINDS, TagModel
from .errors import EncoderMismatchError, ModelError
from .estimator_arrays import scorer_of
from .fitting import fit_estimator
from .model_files import load_tag_models, save_tag_model
from .records import EncoderSpec
from .reports import ValidationReport, validate, write_report
from .splits import TaggedEmbeddings, split_tag

MODELS_FOLDER = "models"
REPORTS_FOLDER = "reports"

#: Images measured at a time: scoring works in float64, on copies.
_MEASURED = 8192


def train_tag(
    data: TaggedEmbeddings, tag: str, encoder: EncoderSpec, output: str, *, test_share: float, seed: int
) -> list[ValidationReport]:
    """Fit, measure and write the models of one tag, one of each kind.

    Raises
    ------
    TrainingError
        The tag has no image, or there is no other image to tell it from.
    OutputError
        A file cannot be written.
    """
    split = split_tag(data, tag, test_share=test_share, seed=seed)
    embeddings = data.embeddings[split.training]
    reports = []
    for kind in KINDS:
        estimator = fit_estimator(kind, embeddings, split.is_tag, weights=split.weights, seed=seed)
        model = TagModel(tag, kind, encoder, scorer_of(estimator))
        report = validate(
            kind=kind,
            tag=tag,
            training_tag=int(split.is_tag.sum()),
            training_other=int((~split.is_tag).sum()),
            probabilities=measure(model, data, split.validation),
            is_tag=split.is_validation_tag,
            marks=split.marks,
        )
        save_tag_model(os.path.join(output, MODELS_FOLDER), tag, kind, estimator, model_card(report, encoder, seed))
        write_report(os.path.join(output, REPORTS_FOLDER), report)
        reports.append(report)
    return reports


def measure(model: TagModel, data: TaggedEmbeddings, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """The probabilities (n,) that a model gives the images of ``rows`` (n,), some thousand at a time."""
    parts = [rows[start : start + _MEASURED] for start in range(0, len(rows), _MEASURED)]
    return np.concatenate([np.empty(0), *(model.probabilities(data.embeddings[part]) for part in parts)])


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
