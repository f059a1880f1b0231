"""What a learned model is written with: its report, its card, its entry in ``reports.json``, and images to show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from typing import Any, Optional

from ..datasets import Split
from ..records import EncoderSpec
from ..tag_models import (
    EXAMPLES,
    YOU,
    AveragePrecision,
    Coverage,
    Floats,
    MountainFigures,
    average_precision_of,
    set_by_you,
)
from ..text import counted
from .evaluation.out_of_fold import OutOfFold, curves, figures, select_examples
from .evaluation.validation import ValidationReport, validate
from .fitting.fit import FittedModel
from .mountain.figures import OnMountain
from .threshold_choice import Threshold

#: A tag of fewer images has a warning: its figures are rough, and its model rests on little.
_FEW_IMAGES = 20


@dataclass(frozen=True, eq=False)
class LearnedModel:
    """A model as it is written: its estimator, its report on held-out images, and what its card says.

    ``entry`` is what ``reports.json`` holds of it; ``examples`` are images that say most of it, by their rows, and
    ``on_mountain`` pictures of the background, by theirs.
    """

    estimator: Any
    report: ValidationReport
    card: dict[str, Any]
    entry: dict[str, Any]
    examples: dict[str, list[tuple[int, float]]]
    on_mountain: dict[str, list[tuple[int, float]]]


@dataclass(frozen=True, eq=False)
class Measured:
    """A model of ``tag`` as it was ``fitted``, and all that was measured of it.

    ``mountain`` is what is to be expected of it there, ``None`` without a background. ``held_out`` (k,) are the
    probabilities of the held-out images of the ``split``.
    """

    tag: str
    kind: str
    fitted: FittedModel
    mountain: Optional[OnMountain]
    split: Split
    threshold: Threshold
    held_out: Floats
    confused_with: Sequence[dict[str, Any]]


def describe(model: Measured, encoder: EncoderSpec, seed: int, coverage: Optional[Coverage]) -> LearnedModel:
    """Return a model with all that is written of it; ``coverage`` is of what all tags are distinguished from."""
    fitted, threshold = model.fitted, model.threshold
    out_of_fold = out_of_fold_of(fitted, model.split)
    measured = figures(out_of_fold, threshold.probability)
    on_mountain = model.mountain.figures if model.mountain else None
    examples = AveragePrecision.read(measured, EXAMPLES)
    report = replace(
        _report(model),
        precision=average_precision_of(MountainFigures.read(on_mountain), examples),
        out_of_fold=examples,
    )
    is_tag = out_of_fold.is_tag
    card = {
        **model_card(report, encoder, seed),
        "recipe": str(fitted.recipe),
        "threshold_for": threshold.meant_for,
        "threshold_on": threshold.measured_on,
        **({"thresholds": dict(threshold.usual)} if threshold.usual else {}),
        **({"by_training": _as_json(threshold.by_training)} if threshold.by_training else {}),
        "cross_validation": {**measured, "images": int(is_tag.sum()), "others": int((~is_tag).sum())},
    }
    entry = {
        **_counts(report),
        "recipe": str(fitted.recipe),
        "threshold": threshold.probability,
        **measured,
        **_one_figure(report),
        "among_examples": {name: measured[name] for name in ("average_precision", "average_precision_interval")},
        "warnings": [*_few_images(report.tag_images), *_fit_warnings(fitted)],
        **curves(out_of_fold),
        "confused_with": list(model.confused_with),
        "mountain": on_mountain,
    }
    return LearnedModel(
        estimator=fitted.estimator,
        report=report,
        card={
            **card,
            **({"mountain": on_mountain} if on_mountain else {}),
            **({"coverage": coverage.as_json()} if coverage else {}),
        },
        entry=entry,
        examples=select_examples(out_of_fold, threshold.probability),
        on_mountain=model.mountain.examples() if model.mountain else {},
    )


def _report(model: Measured) -> ValidationReport:
    """Return what was measured on the images held back, with the warnings of the model."""
    split = model.split
    own, others = split.images
    report = validate(
        kind=model.kind,
        tag=model.tag,
        training_tag=int(split.is_tag.sum()),
        training_other=int((~split.is_tag).sum()),
        probabilities=model.held_out,
        is_tag=split.is_validation_tag,
        threshold=model.threshold.probability,
        marks=(*split.marks, *_fit_warnings(model.fitted), *_set_by_you(model.threshold)),
    )
    on_mountain = model.mountain.warnings if model.mountain else []
    warnings = dict.fromkeys((*_few_images(own), *_fit_warnings(model.fitted), *on_mountain))
    return replace(report, warnings=tuple(warnings), tag_images=own, other_images=others)


def out_of_fold_of(fitted: FittedModel, split: Split) -> OutOfFold:
    """Return the images that a model was measured on out of fold, by their rows in the data set."""
    return OutOfFold(split.training[fitted.rows], split.is_tag[fitted.rows], fitted.out_of_fold, fitted.weights)


def _one_figure(report: ValidationReport) -> dict[str, Any]:
    """Return the one average precision of a model, by the names of ``reports.json``."""
    names = ("average_precision", "average_precision_interval", "measured_on")
    return dict(zip(names, report.precision or (None, None, None)))


def _counts(report: ValidationReport) -> dict[str, Any]:
    """Return what an entry of ``reports.json`` begins with: tag, kind, and how many images."""
    return {
        "tag": report.tag,
        "kind": report.kind,
        "pictures": report.tag_images,
        "images": report.training_tag,
        "others": report.training_other,
        "validation_images": report.validation_tag,
        "validation_others": report.validation_other,
    }


def model_card(report: ValidationReport, encoder: EncoderSpec, seed: int) -> dict[str, Any]:
    """Return what the card of a tag model says: where it comes from and what it was measured to do."""
    return {
        "encoder": asdict(encoder),
        "threshold": report.threshold,
        "pictures": {"tag": report.tag_images, "other": report.other_images},
        "training_images": {"tag": report.training_tag, "other": report.training_other},
        "validation_images": {"tag": report.validation_tag, "other": report.validation_other},
        "validation": {
            "average_precision": report.validation_precision,
            "roc_auc": report.roc_auc,
            "accuracy": report.accuracy,
            "balanced_accuracy": report.balanced_accuracy,
        },
        "marks": list(report.marks),
        "seed": seed,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }


def _few_images(images: int) -> list[str]:
    """A warning of a tag of few images."""
    return [] if images >= _FEW_IMAGES else [counted(images, "image")]


def _fit_warnings(fitted: FittedModel) -> list[str]:
    """Return why the probabilities of a model deserve less trust."""
    return [fitted.warning] if fitted.warning else []


def _set_by_you(threshold: Threshold) -> list[str]:
    """Return the note on a threshold that a person has set for the tag."""
    if threshold.by_training is None:
        return []
    return [set_by_you(f"{threshold.probability:g}" if threshold.meant_for == YOU else str(threshold.meant_for))]


def _as_json(threshold: Threshold) -> dict[str, Any]:
    """Return what a card says of a threshold that it does not use."""
    return {
        "threshold": threshold.probability,
        "threshold_for": threshold.meant_for,
        "threshold_on": threshold.measured_on,
    }
