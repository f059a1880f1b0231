"""Linear models of a tag as arrays: what scikit-learn fits, without its objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...tag_models import Floats
from .decorrelation import Decorrelation

# Tight: of a rare tag little of the gradient is its own, and at the 1e-4 of scikit-learn the fit ends too soon.
# float32 has no more digits, and neither has what is fitted to the many images of a background.
_TOLERANCE, _TOLERANCE_32 = 1e-6, 1e-4
_MOST_STEPS = 2000


@dataclass(frozen=True, eq=False)
class Linear:
    """Margin of the tag = x . ``coef`` + ``intercept``, ``coef`` (D,)."""

    coef: Floats
    intercept: float

    def margins(self, x: Floats) -> Floats:
        """Return the margins (n,) of vectors (n, D), positive for the tag."""
        margins: Floats = x @ self.coef + self.intercept
        return margins

    def in_original_space(self, change: Decorrelation) -> Linear:
        """Return the same model for vectors as they were before the change of space that it was fitted after."""
        return Linear(change.weights(self.coef), self.intercept)


def fit_regression(x: NDArray[np.floating[Any]], is_tag: NDArray[np.bool_], weights: Floats, c: float) -> Linear:
    """Fit a logistic regression; ``weights`` (n,) say how many images each stands for."""
    from sklearn.linear_model import LogisticRegression

    # About the centre, which the intercept takes up: embeddings share one large direction that slows every step.
    centre = x.mean(axis=0)
    tolerance = _TOLERANCE_32 if x.dtype == np.float32 else _TOLERANCE
    model = LogisticRegression(C=c, max_iter=_MOST_STEPS, tol=tolerance).fit(x - centre, is_tag, weights)
    coef = np.asarray(model.coef_[0], dtype=np.float64)
    return Linear(coef, float(model.intercept_[0] - coef @ centre))
