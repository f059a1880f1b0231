"""Logistic regressions on unit vectors, by their settings.

``c`` is the inverse strength of the regularisation, as scikit-learn's ``C``. ``decorrelation`` is the amount of it
(``decorrelation.Moments.decorrelation``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...tag_models import Floats, unit_rows
from ..text_prior.prior import fit_with_prior, strengths_for
from .calibration import Sigmoid
from .cross_validation import fold_by_fold
from .decorrelation import decorrelated
from .estimators import logistic_regression
from .examples import Examples
from .linear import Linear, fit_regression
from .regressions import fit_regressions, merge_folds
from .training_images import FoldedImages, Space, TrainingImages, Unseen


@dataclass(frozen=True)
class LogisticRecipe:
    """Logistic regression.

    ``effect`` is how far the name of the tag is believed to move its images (``text_prior.strengths_for``), 0 where it
    has no say. At ``c`` 0 no image could move what is believed, and there is nothing but the name.
    """

    c: float
    decorrelation: float = 0.0
    effect: float = 0.0

    def __str__(self) -> str:
        if not self.c:
            return f"its name alone, believed by {self.effect:g}"
        name = f", its name believed by {self.effect:g}" if self.effect else ""
        return f"linear, C {self.c:g}{decorrelated(self.decorrelation)}{name}"

    def fit(self, images: TrainingImages) -> FittedRegression:
        """Fit a model to all the images."""
        if not (self.effect or images.fixed_moments):
            return FittedRegression(self._fit_in_span(images), self.c)
        space = images.space(self.decorrelation)
        return FittedRegression(self._fit(space, images.examples).in_original_space(space.change), self.c)

    def out_of_fold(self, folded: FoldedImages) -> Floats:
        """Return the margins (n,) of the images, each by a model of the other folds."""
        if self.effect or folded.images.fixed_moments:
            return fold_by_fold(self, folded)
        products, examples = folded.products(self.decorrelation), folded.images.examples
        # The models of another strength are near: those of the same decorrelation follow each other.
        start = folded.regressions.get(self.decorrelation)
        weights = examples.weights * ~products.held
        found = fit_regressions(products.times, examples.is_tag, weights, self.c, start)
        folded.regressions[self.decorrelation] = folded.images.regressions[self] = found
        return products.of_held(found.margins)

    def _fit_in_span(self, images: TrainingImages) -> Linear:
        products, examples = images.table(self.decorrelation), images.examples
        of_folds = images.regressions.get(self)
        start = None if of_folds is None else merge_folds(of_folds, products.times)
        found = fit_regressions(products.times, examples.is_tag, examples.weights[np.newaxis], self.c, start)
        return products.linear(found.dual[0], float(found.intercept[0, 0]))

    def _fit(self, space: Space, examples: Examples) -> Linear:
        if not self.effect or examples.direction is None:
            return fit_regression(space.x, examples.is_tag, examples.weights, self.c)
        # What moves an image by the direction moves the changed image by the changed direction.
        direction = unit_rows(space.change.of(examples.direction[np.newaxis]))[0]
        strengths = strengths_for(space.x[~examples.is_tag], direction, [self.effect])
        ((coef, intercept),) = fit_with_prior(space.x, examples.is_tag, direction, strengths, self.c, examples.weights)
        return Linear(coef, intercept)


@dataclass(frozen=True, eq=False)
class FittedRegression:
    """A logistic regression as it was fitted."""

    model: Linear
    c: float

    def margins(self, unseen: Unseen) -> Floats:
        """Return the margins (k,) of images that the model was not fitted to."""
        return self.model.margins(unseen.x)

    def estimator(self, sigmoid: Sigmoid) -> Any:
        """Return a ``LogisticRegression`` that has the sigmoid in its weights."""
        return logistic_regression(
            Linear(sigmoid.slope * self.model.coef, sigmoid.slope * self.model.intercept + sigmoid.offset), self.c
        )
