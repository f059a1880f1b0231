"""Support vector machines with an RBF kernel as plain arrays, scored over tables of distances that they share.

A sigmoid turns the margin f into a probability, 1 / (1 + exp(A f + B)) (Platt 1999, "Probabilistic outputs for support
vector machines"; Lin, Lin and Weng 2007 for how A and B are found). Machines that libsvm calibrated itself also went
through its pairwise coupling (:mod:`.coupling`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Optional, Union

import numpy as np

from .arrays import Floats, Rows, check, check_numbers, sigmoid
from .coupling import libsvm_coupling
from .margins import Machine, Margins
from .precision import in_float32
from .rows import PooledRows, SharedRows
from .stack import Scorer


@dataclass(frozen=True, eq=False)
class RbfScorer:
    """Probability of the tag = sigmoid(``slope`` f + ``offset``) with the margin f of a support vector machine.

    f(x) = sum_s ``dual_coef[s]`` exp(-``gamma`` |x - ``support_vectors[s]``|^2) + ``intercept``; ``dual_coef`` (S,)
    float64. ``normalise`` scales x to unit length first. ``coupled`` says that libsvm's pairwise coupling follows the
    sigmoid. ``support_vectors`` (S, D) are given as float64 and kept as float32 where probabilities agree to 1e-6
    (:mod:`.precision`).

    Raises
    ------
    ModelError
        The arrays have shapes that do not fit, or hold what is no number.
    """

    support_vectors: Union[Rows, PooledRows]
    dual_coef: Floats
    intercept: float
    gamma: float
    slope: float
    offset: float
    normalise: bool
    coupled: bool = False

    def __post_init__(self) -> None:
        vectors = self.support_vectors
        if isinstance(vectors, PooledRows):
            return  # of a scorer that was checked
        check(vectors.ndim == 2 and vectors.size > 0, "its support vectors are not a table")
        check(self.dual_coef.shape == vectors.shape[:1], "its weights do not match its support vectors")
        check_numbers(vectors, self.dual_coef, self.intercept, self.gamma, self.slope, self.offset)
        check(self.gamma > 0, "its gamma is not positive")
        # Embeddings that are not scaled may have any length, and errors grow with it.
        if self.normalise and not self.coupled:
            kept = in_float32(vectors, self.dual_coef, self.gamma, self.slope)
            object.__setattr__(self, "support_vectors", vectors if kept is None else kept)

    @property
    def dim(self) -> int:
        """Return D, the length of the embeddings it takes."""
        return int(self.support_vectors.shape[1])

    def sharing(self, rows: SharedRows) -> RbfScorer:
        """Return this machine with its support vectors among those of others."""
        return replace(self, support_vectors=self.rows_in(rows))

    def rows_in(self, rows: SharedRows) -> PooledRows:
        """Return its support vectors where they are shared, or else among ``rows``."""
        vectors = self.support_vectors
        return vectors if isinstance(vectors, PooledRows) else rows.pooled(vectors)

    @staticmethod
    def stack(scorers: Sequence[RbfScorer]) -> _RbfStack:
        """Return what scores a batch by all of them."""
        return _RbfStack(scorers)


def share_rows(scorer: Scorer, rows: Optional[SharedRows]) -> Scorer:
    """Return a scorer that holds its support vectors among ``rows``; the same where it has none."""
    return scorer.sharing(rows) if rows is not None and isinstance(scorer, RbfScorer) else scorer


class _RbfStack:
    def __init__(self, scorers: Sequence[RbfScorer]) -> None:
        own = SharedRows()  # of machines that share no rows yet
        self._margins = Margins([Machine(each.rows_in(own), each.dual_coef, each.gamma) for each in scorers])
        self._intercept = np.array([scorer.intercept for scorer in scorers])
        self._slope = np.array([scorer.slope for scorer in scorers])
        self._offset = np.array([scorer.offset for scorer in scorers])
        self._coupled = np.array([scorer.coupled for scorer in scorers])

    def probabilities(self, x: Floats) -> Floats:
        margins = self._margins.of(x) + self._intercept
        result = sigmoid(self._slope * margins + self._offset)
        if self._coupled.any():
            result[:, self._coupled] = libsvm_coupling(result[:, self._coupled])
        return result
