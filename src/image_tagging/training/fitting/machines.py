"""Logistic regressions and support vector machines as arrays: what scikit-learn fits, without its objects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .background import Decorrelation

Floats = NDArray[np.float64]

# Tight: of a rare tag little of the gradient is its own, and at the 1e-4 of scikit-learn the fit ends too soon.
_TOLERANCE = 1e-6
_MOST_STEPS = 2000


@dataclass(frozen=True, eq=False)
class Linear:
    """Margin of the tag = x . ``coef`` + ``intercept``, ``coef`` (D,)."""

    coef: Floats
    intercept: float

    def margins(self, x: Floats) -> Floats:
        """(n, D) -> (n,), positive for the tag."""
        margins: Floats = x @ self.coef + self.intercept
        return margins

    def before(self, change: Decorrelation) -> Linear:
        """The same model, told for vectors as they were before the change of space that it was fitted after."""
        return Linear(change.weights(self.coef), self.intercept)


@dataclass(frozen=True, eq=False)
class Machine:
    """Margin of the tag = kernel(x, supports) . ``dual`` + ``intercept``; ``supports`` (S,) are rows learned from."""

    supports: NDArray[np.intp]
    dual: Floats
    intercept: float

    def margins(self, kernel: Floats) -> Floats:
        """The kernel (n, m) of n images with all m that it learned from -> (n,), positive for the tag."""
        margins: Floats = kernel[:, self.supports] @ self.dual + self.intercept
        return margins


def fit_regression(x: Floats, is_tag: NDArray[np.bool_], weights: Floats, c: float) -> Linear:
    """Logistic regression; ``weights`` (n,) say how many images each stands for."""
    from sklearn.linear_model import LogisticRegression

    # About the centre, which the intercept takes up: embeddings share one large direction that slows every step.
    centre = x.mean(axis=0)
    model = LogisticRegression(C=c, max_iter=_MOST_STEPS, tol=_TOLERANCE).fit(x - centre, is_tag, weights)
    coef = np.asarray(model.coef_[0], dtype=np.float64)
    return Linear(coef, float(model.intercept_[0] - coef @ centre))


def fit_machine(kernel: Floats, is_tag: NDArray[np.bool_], c: float) -> Machine:
    """A support vector machine over the images whose table of kernels (n, n) is given.

    Balanced weights move the boundary to where few images of the tag meet many others; the sigmoid of its calibration,
    which knows only how many images each stands for, brings the probabilities back to the share that the tag has.
    """
    from sklearn.svm import SVC

    model = SVC(C=c, kernel="precomputed", class_weight="balanced").fit(kernel, is_tag)
    return Machine(np.asarray(model.support_, dtype=np.intp), model.dual_coef_[0], float(model.intercept_[0]))


def squared_distances(x: Floats) -> Floats:
    """|x_i - x_j|^2 of all pairs of rows (n, D), as (n, n): one product for all machines of a tag."""
    squares = np.einsum("nd,nd->n", x, x)  # 1, but for an embedding of zeros
    distances: Floats = x @ x.T
    distances *= -2
    distances += squares[:, np.newaxis]
    distances += squares
    return np.maximum(distances, 0, out=distances)
