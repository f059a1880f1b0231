"""One tag and its split -> its two models, measured on images that they never saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from .classifiers import KINDS, TagModel, TagModels
from .data_facts import count_of
from .errors import TrainingError
from .estimator_arrays import scorer_of
from .evidence import Memberships, Unseen, curves, figures, worth_a_look
from .fitting import FittedModel, fit_models
from .fitting.background import Background
from .model_cards import DEFAULT_THRESHOLD
from .records import EncoderSpec
from .scorers import unit_rows
from .splits import Split, TaggedEmbeddings
from .text_prior import TextPrior
from .thresholds import Aim, choose_threshold
from .validation import ValidationReport, validate

#: Images measured at a time: scoring works in float64, on copies.
_MEASURED = 8192

#: Images of other tags, neither learned from nor held out, that are asked which of them look like the tag.
_STRANGERS = 1000

#: A tag of fewer images is told of: its figures are rough, and its model rests on little.
_FEW_IMAGES = 20


@dataclass(frozen=True, eq=False)
class LearnedModel:
    """A model as it is written: its estimator, its report on held-out images, and what its card says beside that.

    ``entry`` is what ``reports.json`` tells of it; ``looks`` are the images worth a look, by their rows.
    """

    estimator: Any
    report: ValidationReport
    card: dict[str, Any]
    entry: dict[str, Any]
    looks: dict[str, list[tuple[int, float]]]


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
        self._background = Background.of(data.embeddings)
        self._memberships = Memberships({tag: data.rows[tag] for tag in data.tags})
        self._order = data.shuffled(np.arange(len(data.embeddings)), seed)

    def learn(self, tag: str, split: Split) -> list[LearnedModel]:
        """The models of a tag, one of each of ``KINDS``; may be called from any thread.

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
            background=self._background.without(held),
            groups=split.groups,
            weights=split.weights,
            direction=direction,
            seed=self.seed,
        )
        models = TagModels([TagModel(tag, kind, self.encoder, scorer_of(fitted[kind].estimator)) for kind in KINDS])
        strangers = self._strangers(tag, split)
        asked = np.concatenate([split.validation, strangers])
        probabilities = measure(models, self._data, asked)
        return [
            self._model(tag, kind, fitted[kind], split, strangers, column)
            for kind, column in zip(KINDS, probabilities.T)
        ]

    def _why_not_by_name(self, tag: str) -> str:
        """The end of a sentence about a tag without an image: why its name does not stand in."""
        if self._prior:
            return f", and {self._prior.why_without(tag)}"
        return "; --prior=text can learn it from its name alone" if self.encoder.reads_text else ""

    def _strangers(self, tag: str, split: Split) -> NDArray[np.int64]:
        """Images without the tag that it is neither learned from nor measured on."""
        is_strange = np.ones(len(self._order), dtype=bool)
        for rows in (split.training, split.validation, self._data.rows[tag]):
            is_strange[rows] = False
        return self._order[is_strange[self._order]][:_STRANGERS]

    def _model(
        self,
        tag: str,
        kind: str,
        fitted: FittedModel,
        split: Split,
        strangers: NDArray[np.int64],
        probabilities: NDArray[np.float64],
    ) -> LearnedModel:
        """What is written of a model; ``probabilities`` are those of the held-out images, then of strangers."""
        is_tag = split.is_tag[fitted.rows]
        unseen = Unseen(split.training[fitted.rows], is_tag, fitted.unseen, fitted.weights)
        threshold, aim = _threshold(unseen, split, self._aim)
        held, strange = np.split(probabilities, [len(split.validation)])
        report = validate(
            kind=kind,
            tag=tag,
            training_tag=int(split.is_tag.sum()),
            training_other=int((~split.is_tag).sum()),
            probabilities=held,
            is_tag=split.is_validation_tag,
            threshold=threshold,
            marks=(*split.marks, *_cautions(fitted)),
        )
        measured = figures(unseen, threshold)
        others = np.concatenate([unseen.rows[~is_tag], strangers])
        confused = self._memberships.confused_with(
            others, np.concatenate([unseen.probabilities[~is_tag], strange]), threshold
        )
        said = {"recipe": str(fitted.recipe), "threshold_for": aim}
        return LearnedModel(
            estimator=fitted.estimator,
            report=report,
            card={
                **said,
                "cross_validation": {**measured, "images": int(is_tag.sum()), "others": int((~is_tag).sum())},
            },
            entry={
                "tag": tag,
                "kind": kind,
                "images": report.training_tag,
                "others": report.training_other,
                "validation_images": report.validation_tag,
                "validation_others": report.validation_other,
                "recipe": said["recipe"],
                "threshold": threshold,
                **measured,
                "warnings": [*_few(report.training_tag), *_cautions(fitted)],
                **curves(unseen),
                "confused_with": confused,
            },
            looks=worth_a_look(unseen, threshold),
        )


def _threshold(unseen: Unseen, split: Split, aim: Aim) -> tuple[float, Optional[str]]:
    """The threshold, and what it is for.

    Where no image was held out of a fold it is that of a tag as frequent as it is here. Of a tag without an image
    nothing is known that could serve an aim: there an image has the tag where that is more likely than not.
    """
    if not split.is_tag.any():
        return DEFAULT_THRESHOLD, None
    if len(unseen.rows):
        return choose_threshold(unseen.probabilities, unseen.is_tag, unseen.weights, aim), str(aim)
    tagged, others = int(split.is_tag.sum()) * split.weights[0], int((~split.is_tag).sum()) * split.weights[1]
    return tagged / (tagged + others), str(aim)


def _few(images: int) -> list[str]:
    """A warning of a tag of few images."""
    return [] if images >= _FEW_IMAGES else [count_of(images)]


def _cautions(fitted: FittedModel) -> list[str]:
    """Why the probabilities of a model deserve less trust."""
    return [fitted.caution] if fitted.caution else []


def measure(models: TagModels, data: TaggedEmbeddings, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """The probabilities (n, M) that the models give the images of ``rows`` (n,), some thousand at a time."""
    parts = [rows[start : start + _MEASURED] for start in range(0, len(rows), _MEASURED)]
    probabilities = (models.probabilities(data.embeddings[part]) for part in parts)
    return np.concatenate([np.empty((0, len(models))), *probabilities])
