"""Support vector machines with an RBF kernel as plain arrays, scored over one table of distances.

A sigmoid turns the margin f into a probability, 1 / (1 + exp(A f + B)) (Platt 1999, "Probabilistic outputs for support
vector machines"; Lin, Lin and Weng 2007 for how A and B are found). Machines that libsvm calibrated itself also went
through its pairwise coupling (Wu, Lin and Weng 2004), which is repeated here to the last digit, early stop included.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Union

import numpy as np
from numpy.typing import NDArray

from .arrays import Floats, check, check_numbers, sigmoid, squares

# Distances of one chunk of images to all support vectors take at most this many bytes. Chunks of few images are slow:
# a matrix product goes through all support vectors once for each.
_CHUNK_BYTES = 64 << 20


@dataclass(frozen=True, eq=False)
class RbfScorer:
    """Probability of the tag = sigmoid(``slope`` f + ``offset``) with the margin f of a support vector machine.

    f(x) = sum_s ``dual_coef[s]`` exp(-``gamma`` |x - ``support_vectors[s]``|^2) + ``intercept``; support vectors
    (S, D) float64, ``dual_coef`` (S,) float64. ``normalise`` scales x to unit length first. ``coupled`` says that
    libsvm's pairwise coupling follows the sigmoid.

    Raises
    ------
    ModelError
        The arrays have shapes that do not fit, or hold what is no number.
    """

    support_vectors: Floats
    dual_coef: Floats
    intercept: float
    gamma: float
    slope: float
    offset: float
    normalise: bool
    coupled: bool = False

    def __post_init__(self) -> None:
        fits = self.support_vectors.ndim == 2 and self.support_vectors.size > 0
        check(fits, "its support vectors are not a table")
        check(self.dual_coef.shape == self.support_vectors.shape[:1], "its weights do not match its support vectors")
        check_numbers(self.support_vectors, self.dual_coef, self.intercept, self.gamma, self.slope, self.offset)
        check(self.gamma > 0, "its gamma is not positive")

    @property
    def dim(self) -> int:
        """Return D, the length of the embeddings it takes."""
        return int(self.support_vectors.shape[1])

    @staticmethod
    def stack(scorers: Sequence[RbfScorer]) -> _RbfStack:
        """Return what scores a batch by all of them."""
        return _RbfStack(scorers)


class _RbfStack:
    """Machines over one table of distinct support vectors (U, D)."""

    def __init__(self, scorers: Sequence[RbfScorer]) -> None:
        vectors, where = _distinct_rows([scorer.support_vectors for scorer in scorers])
        # |x - v|^2 is one product: (x, |x|^2, 1) . (-2 v, 1, |v|^2)
        self._vectors = np.column_stack([-2 * vectors, np.ones(len(vectors)), squares(vectors)])  # (U, D + 2)
        gammas = sorted({scorer.gamma for scorer in scorers})
        self._groups = [_group(gamma, scorers, where, len(vectors)) for gamma in gammas]
        self._intercept = np.array([scorer.intercept for scorer in scorers])
        self._slope = np.array([scorer.slope for scorer in scorers])
        self._offset = np.array([scorer.offset for scorer in scorers])
        self._coupled = np.array([scorer.coupled for scorer in scorers])

    def probabilities(self, x: Floats) -> Floats:
        rows = max(1, _CHUNK_BYTES // (8 * max(1, len(self._vectors))))
        chunks = np.array_split(x, max(1, math.ceil(len(x) / rows)))  # of one size: no short one at the end
        return np.concatenate([self._chunk(chunk) for chunk in chunks])

    def _chunk(self, x: Floats) -> Floats:
        distances = np.column_stack([x, squares(x), np.ones(len(x))]) @ self._vectors.T  # (N, U), squared
        np.maximum(distances, 0, out=distances)
        margins = np.empty((len(x), len(self._intercept)))
        for gamma, columns, used, weights in self._groups:
            kernel = -gamma * distances[:, used]
            margins[:, columns] = np.exp(kernel, out=kernel) @ weights
        margins += self._intercept
        result = sigmoid(self._slope * margins + self._offset)
        result[:, self._coupled] = _libsvm_coupling(result[:, self._coupled])
        return result


def _group(
    gamma: float, scorers: Sequence[RbfScorer], where: list[NDArray[np.intp]], vectors: int
) -> tuple[float, list[int], Union[slice, NDArray[np.intp]], Floats]:
    """The machines of one gamma: their columns, which of all ``vectors`` they use, and their weights (used, M).

    Where they use all, that is a slice, for which nothing is copied.
    """
    columns = [i for i, scorer in enumerate(scorers) if scorer.gamma == gamma]
    used = np.unique(np.concatenate([where[i] for i in columns]))
    weights = np.zeros((len(used), len(columns)))
    for column, i in enumerate(columns):
        # add.at: one image given twice is twice a support vector of the same machine.
        np.add.at(weights[:, column], np.searchsorted(used, where[i]), scorers[i].dual_coef)
    return gamma, columns, slice(None) if len(used) == vectors else used, weights


def _distinct_rows(tables: Sequence[Floats]) -> tuple[Floats, list[NDArray[np.intp]]]:
    """Tables (S_i, D) -> their distinct rows (U, D), and for each table where its rows are among them."""
    stacked = np.ascontiguousarray(np.concatenate(tables))
    rows = stacked.view(np.dtype((np.void, stacked.itemsize * stacked.shape[1]))).ravel()
    _, first, inverse = np.unique(rows, return_index=True, return_inverse=True)
    ends = np.cumsum([len(table) for table in tables])[:-1]
    return stacked[first], np.split(inverse.ravel(), ends)


def _libsvm_coupling(pairwise: Floats) -> Floats:
    """What libsvm (``multiclass_probability``) makes of the sigmoid's value for two classes, elementwise.

    It solves for the probabilities iteratively and stops early, so that its result differs from the sigmoid in
    the third digit.
    """
    r = np.clip(pairwise, 1e-7, 1 - 1e-7)
    s = 1 - r
    p, q = np.full_like(r, 0.5), np.full_like(r, 0.5)
    for _ in range(100):
        # With two classes the matrix of the method has rank one: Q p = e (s, -r) with e = s p - r q, p'Qp = e^2.
        error = s * p - r * q
        value = error * error
        moving = np.maximum(np.abs(s * error - value), np.abs(-r * error - value)) >= 0.0025
        if not moving.any():
            break
        step = (value - s * error) / (s * s)
        p1, q1 = (p + step) / (1 + step), q / (1 + step)
        error = s * p1 - r * q1
        step = (error * error + r * error) / (r * r)
        p, q = np.where(moving, p1 / (1 + step), p), np.where(moving, (q1 + step) / (1 + step), q)
    return p
