"""One answer per tag: which kind of model answers for a tag, and what these answers add up to over many pictures.

Wherever a person, a query or an export needs one answer per tag, it is that of the kind with the higher out-of-fold
average precision. Tables, ``output.json`` and bins keep every kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from typing import NamedTuple, Optional, Protocol

import numpy as np
from numpy.typing import NDArray

from .average_precision import MOUNTAIN, AveragePrecision
from .builtin_kinds import LOGISTIC_REGRESSION
from .cards import ModelCard
from .coverage import OutsideTally
from .models import TagModel, TagModels


class CardedModel(Protocol):
    """A model of which the kind, the tag and the card are known: loaded, or listed by its name."""

    @property
    def kind(self) -> str:
        """The kind, as names of files have it."""

    @property
    def tag(self) -> str:
        """The tag."""

    @property
    def card(self) -> Optional[ModelCard]:
        """The card, ``None`` where it has none."""


class Measured(Protocol):
    """What was measured of a model: its card, or the report of its training."""

    @property
    def precision(self) -> Optional[AveragePrecision]:
        """The one average precision."""

    @property
    def out_of_fold(self) -> Optional[AveragePrecision]:
        """The average precision among the examples alone."""


def answering_kinds(models: Iterable[CardedModel]) -> dict[str, str]:
    """Return the kind that answers for each tag, in the order of the tags in ``models``.

    It is the kind with the highest out-of-fold average precision: on the mountain where the cards of all kinds of the
    tag have that figure, else among the examples. Of equal ones, and where a card or its figure is missing, it is
    ``ovr-logistic-regression``, or the first by name where the tag has no model of this kind.
    """
    by_tag: dict[str, dict[str, OutOfFold]] = {}
    for model in models:
        by_tag.setdefault(model.tag, {})[model.kind] = OutOfFold.of(model.card)
    return {tag: best_kind(figures) for tag, figures in by_tag.items()}


class OutOfFold(NamedTuple):
    """The out-of-fold average precision of one kind for one tag; ``None`` where it is not known."""

    on_mountain: Optional[float]
    among_examples: Optional[float]

    @classmethod
    def of(cls, model: Optional[Measured]) -> OutOfFold:
        """Return what a card, or the report of a training, says; nothing is known where there is none."""
        if model is None:
            return cls(None, None)
        precision, examples = model.precision, model.out_of_fold
        on_mountain = precision.value if precision and precision.measured_on == MOUNTAIN else None
        return cls(on_mountain, examples.value if examples else None)


def best_kind(figures: Mapping[str, OutOfFold]) -> str:
    """Return the kind that answers for a tag, as :func:`answering_kinds` says, from the figures of its kinds."""
    in_order = sorted(figures, key=lambda kind: (kind != LOGISTIC_REGRESSION.name, kind))
    for where in range(2):  # figures of the two places do not compare with each other
        known = [figure for kind in in_order if (figure := figures[kind][where]) is not None]
        if len(known) == len(in_order):
            return in_order[known.index(max(known))]
    return in_order[0]


#: What a tally adds up, by attribute.
_SUMS = ("pictures", "with_tag", "tagged", "expected", "right")


class AnswerTally:
    """Sums of the answers over pictures that are scored batch by batch.

    ``models`` are those that answer, one per tag, ordered by tag; the sums are in this order. ``tagged`` counts the
    pictures whose probability reaches the threshold, ``with_tag`` those that have a tag at all. ``expected`` and
    ``right`` are sums of probabilities: of all pictures, which ``pictures`` counts, and of the tagged ones.
    """

    def __init__(self, models: TagModels) -> None:
        kinds = answering_kinds(models.models)
        pairs = ((model.tag, number) for number, model in enumerate(models.models) if kinds[model.tag] == model.kind)
        self._columns = [number for _, number in sorted(pairs)]
        self.models: tuple[TagModel, ...] = tuple(models.models[number] for number in self._columns)
        self._thresholds = models.thresholds[self._columns]
        self._outside = OutsideTally(model.card.coverage if model.card else None for model in self.models)
        self.pictures = 0
        self.with_tag = 0
        self.tagged: NDArray[np.int64] = np.zeros(len(self.models), dtype=np.int64)
        self.expected: NDArray[np.float64] = np.zeros(len(self.models))
        self.right: NDArray[np.float64] = np.zeros(len(self.models))

    def add(self, probabilities: NDArray[np.float64], embeddings: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Add the scores (N, M) of pictures, M as ``TagModels.names``, and their embeddings (N, D).

        Return (N,) whether each has a tag.
        """
        self._outside.add(embeddings)
        self.pictures += len(probabilities)
        answers = probabilities[:, self._columns]
        tagged = np.greater_equal(answers, self._thresholds)
        self.tagged += tagged.sum(axis=0)
        self.expected += answers.sum(axis=0)
        self.right += np.where(tagged, answers, 0.0).sum(axis=0)
        has_tag: NDArray[np.bool_] = np.any(tagged, axis=1)
        self.with_tag += int(has_tag.sum())
        return has_tag

    def without(self, repeated: AnswerTally) -> AnswerTally:
        """Return the sums without those of some of the pictures, by the same models."""
        left = copy(self)
        for name in _SUMS:
            setattr(left, name, getattr(self, name) - getattr(repeated, name))
        return left

    def joined(self, other: AnswerTally) -> AnswerTally:
        """Return the sums of these pictures and others, by the same models."""
        joined = copy(self)
        for name in _SUMS:
            setattr(joined, name, getattr(self, name) + getattr(other, name))
        return joined

    @property
    def outside(self) -> Optional[int]:
        """How many pictures are unlike what the tags were distinguished from, ``None`` where no card says it."""
        return self._outside.outside
