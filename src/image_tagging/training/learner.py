"""One tag and its split -> a model of each kind, measured on images that they never saw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from ..datasets import Split, TaggedEmbeddings
from ..errors import TrainingError
from ..records import EncoderSpec
from ..tag_models import DEFAULT_THRESHOLD, TagModel, TagModels, scorer_of, unit_rows
from ..text import counted
from .evaluation.out_of_fold import OutOfFold, TagIndex, curves, figures, select_examples
from .evaluation.thresholds import FEWEST_FOR_AIM, REJECT_OTHERS, Aim, choose_threshold, reject_others
from .evaluation.validation import ValidationReport, validate
from .fitting.decorrelation import Moments
from .fitting.fit import FittedModel, fit_models
from .text_prior.prior import TextPrior

#: Images measured at a time: scoring works in float64, on copies.
_MEASURED = 8192

#: Images of other tags, neither learned from nor held out, that are asked which of them look like the tag.
_OTHER_SAMPLE = 1000

#: A tag of fewer images has a warning: its figures are rough, and its model rests on little.
_FEW_IMAGES = 20


@dataclass(frozen=True, eq=False)
class LearnedModel:
    """A model as it is written: its estimator, its report on held-out images, and what its card says.

    ``entry`` is what ``reports.json`` holds of it; ``examples`` are images that say most of it, by their rows.
    """

    estimator: Any
    report: ValidationReport
    card: dict[str, Any]
    entry: dict[str, Any]
    examples: dict[str, list[tuple[int, float]]]


class TagLearner:
    """Learns one tag after the other of a data set, in any order."""

    def __init__(
        self, data: TaggedEmbeddings, encoder: EncoderSpec, *, seed: int, aim: Aim, prior: Optional[TextPrior] = None
    ) -> None:
        self._data = data
        self.encoder = encoder
        self.seed = seed
        self._aim = aim
        self._prior = prior
        self._moments = Moments.of(data.embeddings)
        self._tag_index = TagIndex({tag: data.rows[tag] for tag in data.tags})
        self._order = data.shuffled(np.arange(len(data.embeddings)), seed)

    def learn(self, tag: str, split: Split) -> list[LearnedModel]:
        """Return the models of a tag, one of each kind that is learned; may be called from any thread.

        Raises
        ------
        TrainingError
            The tag has no image, and cannot be learned from its name alone.
        """
        direction = self._prior.direction_of(tag) if self._prior else None
        if direction is None and not split.is_tag.any():
            raise TrainingError(f"it has no image with an embedding{self._why_not_by_name(tag)}")
        held = unit_rows(self._data.embeddings[split.validation].astype(np.float64))
        fitted = fit_models(
            self._data.embeddings[split.training],
            split.is_tag,
            moments=self._moments.without(held),
            groups=split.groups,
            weights=split.weights,
            direction=direction,
            seed=self.seed,
        )
        models = TagModels(
            [TagModel(tag, kind, self.encoder, scorer_of(model.estimator)) for kind, model in fitted.items()]
        )
        others_asked = self._other_sample(tag, split)
        learned = split.training if _serves_no_aim(split, fitted.values()) else split.training[:0]
        asked = (split.validation, others_asked, learned)
        probabilities = measure(models, self._data, np.concatenate(asked))
        bounds = np.cumsum([len(rows) for rows in asked])[:-1]
        return [
            self._model(tag, kind, model, split, others_asked, np.split(column, bounds))
            for (kind, model), column in zip(fitted.items(), probabilities.T)
        ]

    def _why_not_by_name(self, tag: str) -> str:
        """The end of a sentence about a tag without an image: why its name does not stand in."""
        if self._prior:
            return f", and {self._prior.why_without(tag)}"
        return "; --prior=text can learn it from its name alone" if self.encoder.reads_text else ""

    def _other_sample(self, tag: str, split: Split) -> NDArray[np.int64]:
        """Images without the tag that it is neither learned from nor measured on."""
        is_other = np.ones(len(self._order), dtype=bool)
        for rows in (split.training, split.validation, self._data.rows[tag]):
            is_other[rows] = False
        return self._order[is_other[self._order]][:_OTHER_SAMPLE]

    def _model(
        self,
        tag: str,
        kind: str,
        fitted: FittedModel,
        split: Split,
        others_asked: NDArray[np.int64],
        probabilities: list[NDArray[np.float64]],
    ) -> LearnedModel:
        """What is written of a model; ``probabilities`` are of the held-out images, of others_asked, of those learned.

        The last are none where the threshold does not depend on them.
        """
        is_tag = split.is_tag[fitted.rows]
        out_of_fold = OutOfFold(split.training[fitted.rows], is_tag, fitted.out_of_fold, fitted.weights)
        held, other, learned = probabilities
        threshold, aim = _threshold(out_of_fold, split, self._aim, learned)
        report = validate(
            kind=kind,
            tag=tag,
            training_tag=int(split.is_tag.sum()),
            training_other=int((~split.is_tag).sum()),
            probabilities=held,
            is_tag=split.is_validation_tag,
            threshold=threshold,
            marks=(*split.marks, *_fit_warnings(fitted)),
        )
        measured = figures(out_of_fold, threshold)
        others = np.concatenate([out_of_fold.rows[~is_tag], others_asked])
        confused = self._tag_index.confused_with(
            others, np.concatenate([out_of_fold.probabilities[~is_tag], other]), threshold
        )
        said = {"recipe": str(fitted.recipe), "threshold_for": aim}
        out_of_fold_card = {**measured, "images": int(is_tag.sum()), "others": int((~is_tag).sum())}
        warnings = [*_few_images(report.training_tag), *_fit_warnings(fitted)]
        return LearnedModel(
            estimator=fitted.estimator,
            report=report,
            card={**model_card(report, self.encoder, self.seed), **said, "cross_validation": out_of_fold_card},
            entry={
                **_counts(report),
                "recipe": said["recipe"],
                "threshold": threshold,
                **measured,
                "warnings": warnings,
                **curves(out_of_fold),
                "confused_with": confused,
            },
            examples=select_examples(out_of_fold, threshold),
        )


def _counts(report: ValidationReport) -> dict[str, Any]:
    """Return what an entry of ``reports.json`` begins with: tag, kind, and how many images."""
    return {
        "tag": report.tag,
        "kind": report.kind,
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


def _serves_no_aim(split: Split, fitted: Iterable[FittedModel]) -> bool:
    """Whether there are too few images to measure what a threshold does, so that no aim can be served."""
    tagged = int(split.is_tag.sum())
    fewest = min(tagged, len(split.is_tag) - tagged)
    return tagged > 0 and (fewest < FEWEST_FOR_AIM or not all(len(model.rows) for model in fitted))


def _threshold(
    out_of_fold: OutOfFold, split: Split, aim: Aim, learned: NDArray[np.float64]
) -> tuple[float, Optional[str]]:
    """The threshold, and what it is for; ``learned`` are probabilities of the training images, where no aim is served.

    Of a tag without an image nothing is known that could serve an aim: there an image has the tag where that is more
    likely than not.
    """
    if not split.is_tag.any():
        return DEFAULT_THRESHOLD, None
    if not len(learned):
        return choose_threshold(out_of_fold.probabilities, out_of_fold.is_tag, out_of_fold.weights, aim), str(aim)
    seen = np.concatenate([learned, out_of_fold.probabilities])
    return reject_others(seen, np.concatenate([split.is_tag, out_of_fold.is_tag])), REJECT_OTHERS


def _few_images(images: int) -> list[str]:
    """A warning of a tag of few images."""
    return [] if images >= _FEW_IMAGES else [counted(images, "image")]


def _fit_warnings(fitted: FittedModel) -> list[str]:
    """Return why the probabilities of a model deserve less trust."""
    return [fitted.warning] if fitted.warning else []


def measure(models: TagModels, data: TaggedEmbeddings, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """The probabilities (n, M) that the models give the images of ``rows`` (n,), some thousand at a time."""
    parts = [rows[start : start + _MEASURED] for start in range(0, len(rows), _MEASURED)]
    probabilities = (models.probabilities(data.embeddings[part]) for part in parts)
    return np.concatenate([np.empty((0, len(models))), *probabilities])
