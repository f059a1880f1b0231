"""Logistic regressions of all folds of a tag, fitted together from the products of its images.

A regression of n images is a sum of these images, each times a number, its dual coefficient. So a fit needs nothing of
them but the table of their products, however long the embeddings are (Kimeldorf and Wahba 1971, "Some results on
Tchebycheffian spline functions", the representer theorem). A row is one model. Each step of
Newton's method is solved by conjugate gradients (Dembo, Eisenstat and Steihaug 1982, "Inexact Newton methods") in the
geometry of the weights, which takes one product with the table for all rows.

A row stops when it is done, so that its last bits do not depend on the others.
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
_HALVINGS = 40
#: The least curvature of the loss of an image: where all are far beyond doubt there is none, and no step has a length.
_LEAST_CURVATURE = 1e-8


class Regressions(NamedTuple):
    """Models, a row each: ``dual`` (m, n), ``intercept`` (m, 1), and the ``margins`` (m, n) of all images."""

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
        (m, n) -> (m, n): rows of dual coefficients times the table of products of the images; each row may have a table
        of its own.
    is_tag:
        (n,)
    weights:
        (m, n), how many images each one stands for in each fit; 0 for those that are held out.
    start:
        Models to begin with, of the same images and folds.
    """
    return _Fit(product, is_tag, weights, c, start).run()


def merge_folds(of_folds: Regressions, product: Callable[[Floats], Floats]) -> Regressions:
    """Return a model near that of all images, by those of the folds: each image is in all of them but one."""
    dual = of_folds.dual.sum(axis=0, keepdims=True) / (len(of_folds.dual) - 1)
    intercept = of_folds.intercept.mean(axis=0, keepdims=True)
    return Regressions(dual, intercept, product(dual) + intercept)


class _Fit:
    """The state of :func:`fit_regressions`: the models so far, and ``of_images`` (m, n), ``dual`` times the table."""

    def __init__(
        self,
        product: Callable[[Floats], Floats],
        is_tag: NDArray[np.bool_],
        weights: Floats,
        c: float,
        start: Optional[Regressions],
    ) -> None:
        self._product, self._weights, self._c = product, weights, c
        self._target = is_tag.astype(np.float64)
        self._total = _sums(weights)
        self._dual = np.zeros_like(weights)
        self._of_images = np.zeros_like(weights)
        share = np.clip(_sums(weights * self._target) / self._total, 1e-9, 1 - 1e-9)
        self._intercept: Floats = np.log(share / (1 - share))
        if start is not None:
            self._dual, self._intercept = start.dual, start.intercept
            self._of_images = start.margins - start.intercept
        self._loss = self._loss_of(self._dual, self._of_images, self._intercept)

    def run(self) -> Regressions:
        """Take Newton steps until every row is done."""
        active = np.ones(self._total.shape, dtype=bool)
        for _ in range(_MOST_STEPS):
            active = self._step(active)
            if not active.any():
                break
        return Regressions(self._dual, self._intercept, self._of_images + self._intercept)

    def _step(self, active: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Move the active rows by a Newton step each; return those that are not done."""
        probabilities = sigmoid(self._of_images + self._intercept)
        pull = self._weights * (self._target - probabilities)
        curve = self._weights * np.maximum(probabilities * (1 - probabilities), _LEAST_CURVATURE)
        of_curve = _sums(curve)
        # The intercept is eliminated: for any move of the rest it follows.
        left = self._c * (pull - curve * (_sums(pull) / of_curve)) - self._dual
        left_of_images = self._product(left)
        gradient = np.sqrt(np.maximum(_dots(left, left_of_images), 0)) / (self._c * self._total)
        active = active & (gradient > _TOLERANCE)
        if not active.any():
            return active
        move, move_of_images = self._solved(left, left_of_images, curve / of_curve, of_curve, active)
        move_intercept = (_sums(pull) - _dots(curve, move_of_images)) / of_curve
        return self._moved(move, move_of_images, move_intercept * active, active)

    def _solved(
        self, left: Floats, left_of_images: Floats, share: Floats, of_curve: Floats, active: NDArray[np.bool_]
    ) -> tuple[Floats, Floats]:
        """Return the Newton step of the active rows, and it times the table; ``left`` is the gradient's negative.

        ``share`` (m, n) is the curvature of each image as a share of the sum ``of_curve`` (m, 1).
        """
        x, x_of_images = np.zeros_like(left), np.zeros_like(left)
        size = _dots(left, left_of_images)
        enough = size * _INEXACT**2
        p, p_of_images = left, left_of_images
        for _ in range(_MOST_PRODUCTS):
            bent = share * (p_of_images - _dots(share, p_of_images))
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
        """Move, each row by the largest halving of its step that makes its loss smaller; return which have moved."""
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


def _sums(a: Floats) -> Floats:
    """Return the sum (m, 1) of each row."""
    sums: Floats = a.sum(axis=1, keepdims=True)
    return sums


def _dots(a: Floats, b: Floats) -> Floats:
    """Return the product (m, 1) of each row with its like."""
    products: Floats = np.einsum("mn,mn->m", a, b)[:, np.newaxis]
    return products


def _ratio(a: Floats, b: Floats, active: NDArray[np.bool_]) -> Floats:
    """Return a / b (m, 1) of the active rows, 0 for those that are done."""
    ratios: Floats = np.divide(a, b, out=np.zeros_like(a), where=active & (b > 0))
    return ratios
