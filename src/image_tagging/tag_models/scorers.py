"""Trained tag models as plain arrays, and the probabilities of many at once.

Scoring needs no scikit-learn: a linear model is one row of weights, a support vector machine its support vectors
with their weights. All linear models of a set are one matrix product; all machines share one table of distances
to the support vectors, which largely are the same images.

A sigmoid turns a machine's margin f into a probability, 1 / (1 + exp(A f + B)) (Platt 1999, "Probabilistic
outputs for support vector machines"; Lin, Lin and Weng 2007 for how A and B are found). Machines that libsvm
calibrated itself also went through its pairwise coupling (Wu, Lin and Weng 2004), which is repeated here to the
last digit, early stop included.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Union

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError

Floats = NDArray[np.float64]

# Beyond this, products of finite numbers overflow; no model that was trained comes near it.
_HUGE = 1e100
# Distances of one chunk of images to all support vectors take at most this many bytes. Chunks of few images are slow:
# a matrix product goes through all support vectors once for each.
_CHUNK_BYTES = 64 << 20


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
        _check(self.coef.ndim == 1 and self.coef.size > 0, "its coefficients are not one row")
        _check_numbers(self.coef, self.intercept)

    @property
    def dim(self) -> int:
        """D, the length of the embeddings it takes."""
        return int(self.coef.shape[0])


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
        _check(fits, "its support vectors are not a table")
        _check(self.dual_coef.shape == self.support_vectors.shape[:1], "its weights do not match its support vectors")
        _check_numbers(self.support_vectors, self.dual_coef, self.intercept, self.gamma, self.slope, self.offset)
        _check(self.gamma > 0, "its gamma is not positive")

    @property
    def dim(self) -> int:
        """D, the length of the embeddings it takes."""
        return int(self.support_vectors.shape[1])


Scorer = Union[LinearScorer, RbfScorer]


class ScorerStack:
    """Scorers of one dimension D, ready to score a whole batch together."""

    def __init__(self, scorers: Sequence[Scorer]) -> None:
        self._count = len(scorers)
        self._parts: list[tuple[list[int], Union[_LinearStack, _RbfStack]]] = []
        for normalise in (False, True):
            linear = [(i, s) for i, s in enumerate(scorers) if isinstance(s, LinearScorer) and s.normalise is normalise]
            rbf = [(i, s) for i, s in enumerate(scorers) if isinstance(s, RbfScorer) and s.normalise is normalise]
            if linear:
                self._parts.append(([i for i, _ in linear], _LinearStack([s for _, s in linear], normalise)))
            if rbf:
                self._parts.append(([i for i, _ in rbf], _RbfStack([s for _, s in rbf], normalise)))

    def probabilities(self, embeddings: Floats) -> Floats:
        """(N, D) finite float64 -> (N, M) float64 in the order of the scorers.

        A row's result depends on its neighbours only through the order of summation inside the matrix
        product: less than 1e-12.
        """
        result = np.empty((len(embeddings), self._count))
        unit = unit_rows(embeddings)
        for columns, part in self._parts:
            result[:, columns] = part.probabilities(unit if part.normalise else embeddings)
        return result


def unit_rows(embeddings: Floats) -> Floats:
    """Scale each row of (N, D) to unit length; rows of zeros stay, as scikit-learn's Normalizer has it."""
    norms = np.sqrt(_squares(embeddings))
    norms[norms == 0] = 1
    unit: Floats = embeddings / norms[:, np.newaxis]
    return unit


def sigmoid(z: Floats) -> Floats:
    """1 / (1 + exp(-z)) that neither overflows nor loses the small probabilities."""
    small = np.exp(-np.abs(z))
    probability: Floats = np.where(z >= 0, 1, small) / (1 + small)
    return probability


class _LinearStack:
    def __init__(self, scorers: Sequence[LinearScorer], normalise: bool) -> None:
        self.normalise = normalise
        self._coef = np.stack([scorer.coef for scorer in scorers], axis=1)  # (D, M)
        self._intercept = np.array([scorer.intercept for scorer in scorers])

    def probabilities(self, x: Floats) -> Floats:
        return sigmoid(x @ self._coef + self._intercept)


class _RbfStack:
    """Machines over one table of distinct support vectors (U, D)."""

    def __init__(self, scorers: Sequence[RbfScorer], normalise: bool) -> None:
        self.normalise = normalise
        vectors, where = _distinct_rows([scorer.support_vectors for scorer in scorers])
        # |x - v|^2 is one product: (x, |x|^2, 1) . (-2 v, 1, |v|^2)
        self._vectors = np.column_stack([-2 * vectors, np.ones(len(vectors)), _squares(vectors)])  # (U, D + 2)
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
        distances = np.column_stack([x, _squares(x), np.ones(len(x))]) @ self._vectors.T  # (N, U), squared
        np.maximum(distances, 0, out=distances)
        margins = np.empty((len(x), len(self._intercept)))
        for gamma, columns, used, weights in self._groups:
            kernel = -gamma * distances[:, used]
            margins[:, columns] = np.exp(kernel, out=kernel) @ weights
        margins += self._intercept
        result = sigmoid(self._slope * margins + self._offset)
        result[:, self._coupled] = _libsvm_coupling(result[:, self._coupled])
        return result


def _squares(rows: Floats) -> Floats:
    """The squared length of each row of (N, D)."""
    squares: Floats = np.einsum("nd,nd->n", rows, rows)
    return squares


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


def _check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ModelError(otherwise)


def _check_numbers(*values: Union[Floats, float]) -> None:
    # A comparison with NaN is false, which is what is wanted here.
    _check(all(bool(np.all(np.abs(value) < _HUGE)) for value in values), "it holds values that are not usable numbers")
