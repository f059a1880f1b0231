"""One answer per tag: which kind of model answers for a tag, and what these answers add up to over many pictures.

Wherever a person, a query or an export needs one answer per tag, it is that of the kind with the higher out-of-fold
average precision. Tables, ``output.json`` and bins keep every kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Optional, Protocol

import numpy as np
from numpy.typing import NDArray

from .builtin_kinds import LOGISTIC_REGRESSION
from .cards import ModelCard
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


def answering_kinds(models: Iterable[CardedModel]) -> dict[str, str]:
    """Return the kind that answers for each tag, in the order of the tags in ``models``.

    It is the kind with the highest out-of-fold average precision: on the mountain where the cards of all kinds of the
    tag have that figure, else among the examples. Of equal ones, and where a card or its figure is missing, it is
    ``ovr-logistic-regression``, or the first by name where the tag has no model of this kind.
    """
    by_tag: dict[str, list[CardedModel]] = {}
    for model in models:
        by_tag.setdefault(model.tag, []).append(model)
    return {tag: _best(of_tag).kind for tag, of_tag in by_tag.items()}


def _best(models: Sequence[CardedModel]) -> CardedModel:
    in_order = sorted(models, key=lambda model: (model.kind != LOGISTIC_REGRESSION.name, model.kind))
    for precision in (_on_mountain, _among_examples):
        figures = [precision(model.card) if model.card else None for model in in_order]
        known = [figure for figure in figures if figure is not None]
        if len(known) == len(figures):
            return in_order[known.index(max(known))]
    return in_order[0]


def _on_mountain(card: ModelCard) -> Optional[float]:
    return card.mountain.average_precision if card.mountain else None


def _among_examples(card: ModelCard) -> Optional[float]:
    return card.out_of_fold_precision


class AnswerTally:
    """Sums of the answers over pictures that are scored batch by batch.

    ``models`` are those that answer, one per tag, ordered by tag; the sums are in this order. ``tagged`` counts the
    pictures whose probability reaches the threshold. ``expected`` and ``right`` are sums of probabilities: of all
    pictures, and of the tagged ones.
    """

    def __init__(self, models: TagModels) -> None:
        kinds = answering_kinds(models.models)
        pairs = ((model.tag, number) for number, model in enumerate(models.models) if kinds[model.tag] == model.kind)
        self._columns = [number for _, number in sorted(pairs)]
        self.models: tuple[TagModel, ...] = tuple(models.models[number] for number in self._columns)
        self._thresholds = models.thresholds[self._columns]
        self.tagged: NDArray[np.int64] = np.zeros(len(self.models), dtype=np.int64)
        self.expected: NDArray[np.float64] = np.zeros(len(self.models))
        self.right: NDArray[np.float64] = np.zeros(len(self.models))

    def add(self, probabilities: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Add the scores (N, M) of N pictures, M as ``TagModels.names``; return (N,) whether each has a tag."""
        answers = probabilities[:, self._columns]
        tagged = np.greater_equal(answers, self._thresholds)
        self.tagged += tagged.sum(axis=0)
        self.expected += answers.sum(axis=0)
        self.right += np.where(tagged, answers, 0.0).sum(axis=0)
        has_tag: NDArray[np.bool_] = np.any(tagged, axis=1)
        return has_tag
