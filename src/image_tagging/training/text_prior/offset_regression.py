"""Logistic regression with a given offset for each image, which scikit-learn does not have.

The probability of the tag is sigmoid(u . x_i + b + o_i) with known offsets o_i, and u (D,) and b minimise

    sum_i s_i log(1 + exp(-y_i (u . x_i + b + o_i))) + |u|^2 / (2 C),  y_i = +1 for the tag and -1 for the others.

The function is convex, and SciPy minimises it by L-BFGS, as scikit-learn does without offsets (Byrd, Lu, Nocedal and
Zhu 1995, "A limited memory algorithm for bound constrained optimization"). benchmarks/offset_regression.py compares it
with Newton's method, which takes as long and does not converge where offsets alone separate the classes.
"""

from __future__ import annotations

from typing import Optional

import numpy as np
from numpy.typing import NDArray

from ...errors import TrainingError
from ...tag_models import Floats, sigmoid

#: The largest partial derivative at the end of the search, over the total weight of the smaller class: of a rare tag,
#: little of the gradient comes from its own images. Probabilities are then exact to about 1e-7.
_TOLERANCE = 1e-9

#: What is still a solution where rounding ends the search sooner.
_ACCEPTED = 1e-5

#: Steps that the search remembers. With scikit-learn's 10 it needs more steps where C is large.
_MEMORY = 30
_MAX_STEPS = 10_000


def fit_with_offsets(
    x: Floats, is_tag: NDArray[np.bool_], offsets: Floats, c: float, weights: Optional[Floats] = None
) -> tuple[Floats, float]:
    """Return u (D,) and b of the regression above.

    Parameters
    ----------
    x:
        (n, D) float64.
    is_tag:
        (n,) bool.
    offsets:
        (n,) float64, the o_i.
    c:
        The inverse strength of the regularisation, as scikit-learn's ``C``.
    weights:
        (n,), the s_i; all 1 by default.

    Raises
    ------
    TrainingError
        A class has no image, a value is not finite, or the search does not converge.
    """
    s = np.ones(len(x)) if weights is None else np.asarray(weights, dtype=np.float64)
    if not (np.isfinite(x).all() and np.isfinite(s).all() and np.isfinite(offsets).all()):
        raise TrainingError("what a tag is to be learned from holds what is no number. Run stage 1 again.")
    tagged, others = float(s[is_tag].sum()), float(s[~is_tag].sum())
    if not (tagged > 0 and others > 0):
        raise TrainingError("a tag is learned from at least one image that has it and one that has not.")
    from scipy.optimize import minimize

    # About the centre, for which the intercept makes up: embeddings share one large component that slows every step.
    centre = x.mean(axis=0)
    centred, sign = x - centre, np.where(is_tag, -1.0, 1.0)

    def objective(at: Floats) -> tuple[float, Floats]:
        u, margins = at[:-1], centred @ at[:-1] + at[-1] + offsets
        excess = s * (sigmoid(margins) - is_tag)
        value = s @ np.logaddexp(0, sign * margins) + u @ u / (2 * c)
        return float(value), np.append(excess @ centred + u / c, excess.sum())

    start = np.zeros(x.shape[1] + 1)
    start[-1] = np.log(tagged / others) - s @ offsets / s.sum()
    rare = min(tagged, others)
    options = {
        "gtol": _TOLERANCE * rare,
        "ftol": 0.0,
        "maxcor": _MEMORY,
        "maxiter": _MAX_STEPS,
        "maxfun": 2 * _MAX_STEPS,
    }
    found = minimize(objective, start, jac=True, method="L-BFGS-B", options=options)
    if not np.abs(found.jac).max() <= _ACCEPTED * rare:
        raise TrainingError("a tag model could not be fitted: the search for its weights does not end.")
    coef = np.asarray(found.x[:-1], dtype=np.float64)
    return coef, float(found.x[-1] - coef @ centre)
