"""Linear models as plain arrays: one row of weights each, and one matrix product for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .arrays import Floats, check, check_numbers, sigmoid
from .threads import threads_worth


@dataclass(frozen=True, eq=False)
class LinearScorer:
    """Probability of the tag = sigmoid(x . ``coef`` + ``intercept``), ``coef`` (D,) float64.

    With ``normalise`` x is scaled to unit length first; an embedding of zeros stays as it is.

    Raises
    ------
    ModelError
        The arrays have the wrong shape or hold what is no number.
    """

    coef: Floats
    intercept: float
    normalise: bool

    def __post_init__(self) -> None:
        check(self.coef.ndim == 1 and self.coef.size > 0, "its coefficients are not one row")
        check_numbers(self.coef, self.intercept)

    @property
    def dim(self) -> int:
        """Return D, the length of the embeddings it takes."""
        return int(self.coef.shape[0])

    @staticmethod
    def stack(scorers: Sequence[LinearScorer]) -> _LinearStack:
        """Return what scores a batch by all of them."""
        return _LinearStack(scorers)


class _LinearStack:
    def __init__(self, scorers: Sequence[LinearScorer]) -> None:
        self._coef = np.stack([scorer.coef for scorer in scorers], axis=1)  # (D, M)
        self._intercept = np.array([scorer.intercept for scorer in scorers])

    def probabilities(self, x: Floats) -> Floats:
        with threads_worth(len(x) * self._coef.size):
            product = x @ self._coef
        return sigmoid(product + self._intercept)
