"""What a trained tag model is when it scores, and the probabilities of many at once.

Scoring needs no scikit-learn. A scorer is any class with the few members of :class:`Scorer`, and that class says how
several of its scorers score a whole batch together: all linear models are one matrix product, all support vector
machines with an RBF kernel share one table of distances.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from .arrays import Floats, unit_rows


class Stack(Protocol):
    """Scorers of one class, ready to score a whole batch together."""

    def probabilities(self, x: Floats, /) -> Floats:
        """(N, D) finite float64, of unit length where the scorers ask for it -> (N, M) float64."""


class Scorer(Protocol):
    """Arrays that give the probability of a tag."""

    @property
    def dim(self) -> int:
        """Return D, the length of the embeddings it takes."""

    @property
    def normalise(self) -> bool:
        """Return whether embeddings are scaled to unit length first; one of zeros stays as it is."""

    @staticmethod
    def stack(scorers: Sequence[Any], /) -> Stack:
        """Return what scores by several scorers of this class, all with the same ``normalise``, in their order."""


class ScorerStack:
    """Scorers of one dimension D and any classes, ready to score a whole batch together."""

    def __init__(self, scorers: Sequence[Scorer]) -> None:
        self._count = len(scorers)
        alike: dict[tuple[type[Scorer], bool], list[int]] = {}
        for column, scorer in enumerate(scorers):
            alike.setdefault((type(scorer), scorer.normalise), []).append(column)
        self._parts = [
            (columns, normalise, scorer_class.stack([scorers[column] for column in columns]))
            for (scorer_class, normalise), columns in alike.items()
        ]

    def probabilities(self, embeddings: Floats) -> Floats:
        """Score (N, D) finite float64 -> (N, M) float64 in the order of the scorers.

        A row's result depends on its neighbours only through the order of summation inside the matrix
        product: less than 1e-12.
        """
        result = np.empty((len(embeddings), self._count))
        unit = unit_rows(embeddings)
        for columns, normalise, stack in self._parts:
            result[:, columns] = stack.probabilities(unit if normalise else embeddings)
        return result
