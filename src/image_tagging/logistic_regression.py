"""Logistic regressions of many tags over one table of embeddings, solved together.

One tag after the other, the table is read from memory some hundred times for each; together, the table meets all
tags in matrix products, and their number hardly counts. The method is Newton's with truncated conjugate gradients
(Dembo and Steihaug 1983; Lin, Weng and Keerthi 2008, "Trust region Newton method for logistic regression", whose
problem this is), with a backtracking line search. Every tag has its own steps, and leaves when it is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
from numpy.typing import NDArray

from .errors import TrainingError
from .scorers import sigmoid

Floats = NDArray[np.float64]

# Steps and steps within a step that no problem comes near: five and a handful are usual.
_MOST_STEPS = 200
_MOST_DIRECTIONS = 200
_MOST_HALVINGS = 40
# The share of what a step promises that it must keep, as usual (Nocedal and Wright 2006, section 3.1).
_KEPT = 1e-4


def solve_together(
    x: Floats, is_tag: NDArray[np.bool_], weights: Floats, *, c: float, tolerance: float = 1e-8
) -> tuple[Floats, Floats]:
    """Minimise |w|^2 / 2 + ``c`` sum_i weights_i log(1 + exp(-y_i (w . x_i + b))) for every tag, y in {-1, 1}.

    Parameters
    ----------
    x:
        (N, D) float64.
    is_tag:
        (N, T) bool: whether image i has tag t.
    weights:
        (N, T) float64: how many images it stands for among those that tag t is learned from; 0 for none. Each tag needs
        an image of either class.
    c:
        The inverse strength of the regularisation, as scikit-learn's ``C``.
    tolerance:
        Largest partial derivative that ends a problem, of the objective over ``c`` and the sum of its weights, as
        scikit-learn's ``tol``.

    Returns
    -------
    ``w`` (T, D) and ``b`` (T,), float64.

    Raises
    ------
    TrainingError
        A problem was not solved: not for finite embeddings of about unit length.
    """
    # About the centre, which b takes up: embeddings share one large direction, that would slow every step down.
    centre = x.mean(axis=0)
    table = np.column_stack([x - centre, np.ones(len(x))])
    problems = _Problems(is_tag.astype(np.float64), c * weights)
    result = np.empty((table.shape[1], is_tag.shape[1]))
    fit = _Fit.start(problems, table.shape[1])
    for _ in range(_MOST_STEPS):
        gradient, curvature = _derivatives(table, problems, fit)
        steepest = np.abs(gradient).max(axis=0) / problems.weights.sum(axis=0)
        is_open = ~(steepest <= tolerance)  # what is no number is not solved
        result[:, fit.number[~is_open]] = fit.w[:, ~is_open]
        if not is_open.any():
            w, b = result[:-1].T, result[-1]
            return np.ascontiguousarray(w), b - w @ centre
        if not is_open.all():
            problems, fit = problems.where(is_open), fit.where(is_open)
            gradient, curvature, steepest = gradient[:, is_open], curvature[:, is_open], steepest[is_open]
        direction, change = _newton_direction(table, gradient, curvature, np.minimum(0.1, np.sqrt(steepest)))
        fit = _step(problems, fit, direction, change, gradient)
    raise TrainingError("a logistic regression was not solved: the embeddings are too large, or no numbers.")


@dataclass(frozen=True, eq=False)
class _Problems:
    """``y`` (N, T) is 1 for the tag and 0 for other; ``weights`` (N, T) hold C."""

    y: Floats
    weights: Floats

    def where(self, chosen: NDArray[np.bool_]) -> _Problems:
        return _Problems(self.y[:, chosen], self.weights[:, chosen])

    def objective(self, w: Floats, z: Floats) -> Floats:
        """(T,), for solutions (D + 1, T) and what they give, z (N, T)."""
        # log(1 + exp(z)) - y z, without overflow.
        loss = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) - self.y * z
        value: Floats = (w[:-1] ** 2).sum(axis=0) / 2 + (self.weights * loss).sum(axis=0)
        return value


@dataclass(frozen=True, eq=False)
class _Fit:
    """Solutions so far: ``w`` (D + 1, T), b last; ``z`` (N, T) is what they give, ``number`` (T,) whose they are."""

    w: Floats
    z: Floats
    number: NDArray[np.intp]

    @classmethod
    def start(cls, problems: _Problems, size: int) -> _Fit:
        """Nothing known but how frequent each tag is."""
        share = (problems.weights * problems.y).sum(axis=0) / problems.weights.sum(axis=0)
        w = np.zeros((size, problems.y.shape[1]))
        w[-1] = np.log(share / (1 - share))
        return cls(w, np.broadcast_to(w[-1], problems.y.shape), np.arange(problems.y.shape[1]))

    def where(self, chosen: NDArray[np.bool_]) -> _Fit:
        return _Fit(self.w[:, chosen], self.z[:, chosen], self.number[chosen])


def _derivatives(table: Floats, problems: _Problems, fit: _Fit) -> tuple[Floats, Floats]:
    """The gradient (D + 1, T), and the second derivative of the loss by each z (N, T)."""
    p = sigmoid(fit.z)
    gradient = table.T @ (problems.weights * (p - problems.y))
    gradient[:-1] += fit.w[:-1]
    return gradient, problems.weights * p * (1 - p)


def _newton_direction(table: Floats, gradient: Floats, curvature: Floats, precision: Floats) -> tuple[Floats, Floats]:
    """Solve Hessian . direction = -gradient by conjugate gradients, for all tags at a time.

    A tag is done when its residual has shrunk to the share ``precision`` (T,); it then waits for the others. Returns
    the direction (D + 1, T) and how it changes z (N, T).
    """
    # b, which has no penalty, is the one coordinate of another scale: the others are close to one another as they are.
    scale = np.ones_like(gradient)
    scale[-1] = 1 / curvature.sum(axis=0)
    direction, change = np.zeros_like(gradient), np.zeros_like(curvature)
    residual = -gradient
    search = scale * residual
    size = (residual * search).sum(axis=0)
    goal = precision**2 * size
    for _ in range(_MOST_DIRECTIONS):
        along = table @ search
        bent = table.T @ (curvature * along)
        bent[:-1] += search[:-1]
        step = np.where(size > goal, size / np.maximum((search * bent).sum(axis=0), np.finfo(float).tiny), 0)
        direction += step * search
        change += step * along
        residual -= step * bent
        scaled = scale * residual
        before, size = size, np.where(step > 0, (residual * scaled).sum(axis=0), size)
        if (size <= goal).all():
            break
        search = scaled + (size / before) * search
    return direction, change


def _step(problems: _Problems, fit: _Fit, direction: Floats, change: Floats, gradient: Floats) -> _Fit:
    """Go along the direction as far as it keeps its promise: all the way, or half of that, or half of that."""
    start = problems.objective(fit.w, fit.z)
    slope = (gradient * direction).sum(axis=0)
    length = np.ones_like(slope)
    noise = 1e-13 * np.abs(start)  # close to the minimum, rounding is larger than what is left to gain
    moved: Optional[_Fit] = None
    for _ in range(_MOST_HALVINGS):
        moved = _Fit(fit.w + length * direction, fit.z + length * change, fit.number)
        short = ~(problems.objective(moved.w, moved.z) <= start + _KEPT * length * slope + noise)
        if not short.any():
            return moved
        length[short] /= 2
    raise TrainingError("a logistic regression was not solved: the embeddings are too large, or no numbers.")
