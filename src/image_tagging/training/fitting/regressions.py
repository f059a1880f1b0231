"""Logistic regressions of all folds of a tag, fitted together in the span of its images.

What is fitted to n images lies in their span, whatever the number of dimensions: a model is the sum of the images, each
times its dual coefficient, and all that is needed of the images is the table of their products (Kimeldorf and Wahba
1971, "Some results on Tchebycheffian spline functions", the representer theorem). A column is one model. Each step of
Newton's method is solved by conjugate gradients (Dembo, Eisenstat and Steihaug 1982, "Inexact Newton methods") in the
geometry of the weights, which takes one product with the table for all columns.

A column stops when it is done, so that its last bits do not depend on the others.
"""

from __future__ import annotations

from typing import Callable, NamedTuple, Optional

import numpy as np
from numpy.typing import NDArray

from ...tag_models import Floats, sigmoid

#: The length of the gradient by the weights, of the mean loss, at which a fit is done: scikit-learn's ``tol``.
_TOLERANCE = 1e-6
#: How far conjugate gradients reduce what is left of a Newton step.
_INEXACT = 0.1
_MOST_STEPS, _MOST_PRODUCTS = 100, 100
#: Halvings of a step that makes the loss larger; after as many it is rounding.
_HALVINGS = 30


class Regressions(NamedTuple):
    """Models, a column each: ``dual`` (n, m), ``intercept`` (m,), and the ``margins`` (n, m) of all images."""

    dual: Floats
    intercept: Floats
    margins: Floats


def fit_regressions(
    product: Callable[[Floats], Floats],
    is_tag: NDArray[np.bool_],
    weights: Floats,
    c: float,
    start: Optional[Regressions] = None,
) -> Regressions:
    """Fit logistic regressions of an inverse strength of regularisation ``c``, with an intercept that is free.

    Parameters
    ----------
    product:
        (n, m) -> (n, m): the table of products of the images times columns of dual coefficients; each column may have
        a table of its own.
    is_tag:
        (n,)
    weights:
        (n, m), how many images each one stands for in each fit; 0 for those that are held out.
    start:
        Models to begin with, of the same images and folds.
    """
    return _Fit(product, is_tag, weights, c, start).run()


class _Fit:
    """The state of :func:`fit_regressions`: the models so far, and ``of_images`` (n, m), table times ``dual``."""

    def __init__(
        self,
        product: Callable[[Floats], Floats],
        is_tag: NDArray[np.bool_],
        weights: Floats,
        c: float,
        start: Optional[Regressions],
    ) -> None:
        self._product, self._weights, self._c = product, weights, c
        self._target = is_tag[:, np.newaxis].astype(np.float64)
        self._total = weights.sum(axis=0)
        self._dual = np.zeros_like(weights)
        self._of_images = np.zeros_like(weights)
        share = np.clip((weights * self._target).sum(axis=0) / self._total, 1e-9, 1 - 1e-9)
        self._intercept: Floats = np.log(share / (1 - share))
        if start is not None:
            self._dual, self._intercept = start.dual, start.intercept
            self._of_images = start.margins - start.intercept
        self._loss = self._loss_of(self._dual, self._of_images, self._intercept)

    def run(self) -> Regressions:
        """Take Newton steps until every column is done."""
        active = np.ones(len(self._total), dtype=bool)
        for _ in range(_MOST_STEPS):
            active = self._step(active)
            if not active.any():
                break
        return Regressions(self._dual, self._intercept, self._of_images + self._intercept)

    def _step(self, active: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Move the active columns by a Newton step each; return those that are not done."""
        probabilities = sigmoid(self._of_images + self._intercept)
        pull = self._weights * (self._target - probabilities)
        curve = self._weights * probabilities * (1 - probabilities)
        of_curve = np.maximum(curve.sum(axis=0), np.finfo(np.float64).tiny)
        # The intercept is eliminated: for any move of the rest it follows.
        left = self._c * (pull - curve * (pull.sum(axis=0) / of_curve)) - self._dual
        left_of_images = self._product(left)
        gradient = np.sqrt(np.maximum(_dots(left, left_of_images), 0)) / (self._c * self._total)
        active = active & (gradient > _TOLERANCE)
        if not active.any():
            return active
        move, move_of_images = self._solved(left, left_of_images, curve / of_curve, of_curve, active)
        move_intercept = (pull.sum(axis=0) - (curve * move_of_images).sum(axis=0)) / of_curve
        return self._moved(move, move_of_images, move_intercept * active, active)

    def _solved(
        self, left: Floats, left_of_images: Floats, share: Floats, of_curve: Floats, active: NDArray[np.bool_]
    ) -> tuple[Floats, Floats]:
        """Return the Newton step of the active columns, and the table times it; ``left`` is the gradient's negative.

        ``share`` (n, m) is the curvature of each image as a share of the sum ``of_curve`` (m,).
        """
        x, x_of_images = np.zeros_like(left), np.zeros_like(left)
        size = _dots(left, left_of_images)
        enough = size * _INEXACT**2
        p, p_of_images = left, left_of_images
        for _ in range(_MOST_PRODUCTS):
            bent = share * (p_of_images - (share * p_of_images).sum(axis=0))
            bent *= self._c * of_curve
            bent += p
            length = _ratio(size, _dots(p_of_images, bent), active)
            x = x + length * p
            x_of_images = x_of_images + length * p_of_images
            left = left - length * bent
            left_of_images = left_of_images - length * self._product(bent)
            new = _dots(left, left_of_images)
            active = active & (new > enough)
            if not active.any():
                break
            grown = _ratio(new, size, active)
            p, p_of_images, size = left + grown * p, left_of_images + grown * p_of_images, new
        return x, x_of_images

    def _moved(
        self, move: Floats, move_of_images: Floats, intercept: Floats, active: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Move, each column by the largest halving of its step that makes its loss smaller; return which have moved."""
        length = active.astype(np.float64)
        for _ in range(_HALVINGS):
            dual, of_images = self._dual + length * move, self._of_images + length * move_of_images
            moved = self._intercept + length * intercept
            loss = self._loss_of(dual, of_images, moved)
            worse = active & ~(loss <= self._loss)
            if not worse.any():
                break
            length = np.where(worse, length / 2, length)
        else:
            length = np.where(worse, 0.0, length)
            dual, of_images = self._dual + length * move, self._of_images + length * move_of_images
            moved = self._intercept + length * intercept
            loss = self._loss_of(dual, of_images, moved)
        self._dual, self._of_images, self._intercept, self._loss = dual, of_images, moved, loss
        return active & (length > 0)

    def _loss_of(self, dual: Floats, of_images: Floats, intercept: Floats) -> Floats:
        margins = of_images + intercept
        losses: Floats = _dots(self._weights, np.logaddexp(0, margins) - self._target * margins)
        losses += _dots(dual, of_images) / (2 * self._c)
        return losses


def _dots(a: Floats, b: Floats) -> Floats:
    """Return the product (m,) of each column with its like."""
    products: Floats = np.einsum("nm,nm->m", a, b)
    return products


def _ratio(a: Floats, b: Floats, active: NDArray[np.bool_]) -> Floats:
    """Return a / b (m,) of the active columns, 0 for those that are done."""
    ratios: Floats = np.divide(a, b, out=np.zeros_like(a), where=active & (b > 0))
    return ratios
