"""The recipes of logistic regression and of support vector machines, on unit vectors.

``c`` is the inverse strength of the regularisation, as scikit-learn's ``C``. ``decorrelation`` is the amount of it
(``decorrelation.Moments.decorrelation``). docs/classifiers.md has the figures of all recipes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, Union

import numpy as np

from ...tag_models import Floats, unit_rows
from ..text_prior.prior import EFFECT, EFFECTS, MIN_OTHERS, fit_with_prior, strengths_for
from .calibration import Sigmoid
from .estimators import linear_svm, logistic_regression, rbf_svm
from .examples import Examples
from .linear import Linear, fit_regression
from .svm import KernelSvm, fit_kernel_svm
from .training_images import Space, TrainingImages, Unseen

AnyRecipe = TypeVar("AnyRecipe")

#: With fewer images of a tag than this, the second recipe is the default: so few do not say which of the shortened
#: directions the tag needs.
FEW = 8


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
        return f"linear, C {self.c:g}{_decorrelated(self.decorrelation)}{name}"

    def fit(self, images: TrainingImages) -> FittedRegression:
        """Fit a model to all the images."""
        space = images.space(self.decorrelation)
        return FittedRegression(self._fit(space, images.examples).in_original_space(space.change), self.c)

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


@dataclass(frozen=True)
class SvmRecipe:
    """A support vector machine; ``gamma`` is that of its RBF kernel, 0 for a linear one.

    Classes are balanced, except where it is ``weighted`` (a linear one alone): then by the weights of the images.
    """

    c: float
    decorrelation: float = 0.0
    gamma: float = 0.0
    weighted: bool = False

    def __str__(self) -> str:
        kernel = f"RBF kernel of gamma {self.gamma:g}" if self.gamma else "linear"
        return f"{kernel}, C {self.c:g}{_decorrelated(self.decorrelation)}"

    def fit(self, images: TrainingImages) -> Union[FittedLinearSvm, FittedRbfSvm]:
        """Fit a model to all the images."""
        examples = images.examples
        if self.gamma:
            svm = fit_kernel_svm(images.kernel(self.gamma), examples.is_tag, self.c)
            return FittedRbfSvm(svm, examples.x[svm.supports], self)
        change, x = images.space(self.decorrelation)
        if self.weighted:
            svm = fit_kernel_svm(images.products(self.decorrelation), examples.is_tag, self.c, examples.weights)
        else:
            svm = fit_kernel_svm(x @ x.T, examples.is_tag, self.c)
        linear = Linear(svm.dual @ x[svm.supports], svm.intercept)
        return FittedLinearSvm(linear.in_original_space(change), self.c)


@dataclass(frozen=True, eq=False)
class FittedLinearSvm:
    """A linear support vector machine as it was fitted, as its normal vector."""

    model: Linear
    c: float

    def margins(self, unseen: Unseen) -> Floats:
        """Return the margins (k,) of images that the model was not fitted to."""
        return self.model.margins(unseen.x)

    def estimator(self, sigmoid: Sigmoid) -> Any:
        """Return a calibrated linear ``SVC``."""
        return linear_svm(self.model, self.c, sigmoid)


@dataclass(frozen=True, eq=False)
class FittedRbfSvm:
    """A support vector machine with an RBF kernel as it was fitted; ``support_vectors`` are (S, D)."""

    model: KernelSvm
    support_vectors: Floats
    recipe: SvmRecipe

    def margins(self, unseen: Unseen) -> Floats:
        """Return the margins (k,) of images that the model was not fitted to."""
        return self.model.margins(unseen.kernel(self.recipe.gamma))

    def estimator(self, sigmoid: Sigmoid) -> Any:
        """Return a calibrated ``SVC``."""
        return rbf_svm(self.support_vectors, self.model, self.recipe.c, self.recipe.gamma, sigmoid)


#: What is taken where nothing can be chosen: it calibrates itself, and works from one image up.
PLAIN = LogisticRecipe(1.0)

#: What is taken of a tag without an image: ``text_prior.zero_shot``.
NAME_ALONE = LogisticRecipe(0.0, effect=EFFECT)

#: The first is the default, and the second for a tag of ``FEW`` images.
LOGISTIC_RECIPES = (
    LogisticRecipe(1.0, 0.05),
    LogisticRecipe(1.0),
    LogisticRecipe(3.0, 0.1),
    LogisticRecipe(10.0, 0.05),
    LogisticRecipe(10.0),
)
SVM_RECIPES = (
    SvmRecipe(0.5, 0.1),
    SvmRecipe(0.3),
    SvmRecipe(2.0, 0.05),
    SvmRecipe(1.0, gamma=0.5),
    SvmRecipe(3.0, gamma=1.0),
)

#: With a background, where cross-validation over many recipes would take most of the time, there is one of each kind
#: (docs/classifiers.md has their figures).
LOGISTIC_WITH_BACKGROUND = LogisticRecipe(3.0, 0.2)
SVM_WITH_BACKGROUND = SvmRecipe(0.5, 0.05, weighted=True)


def logistic_candidates(examples: Examples) -> Sequence[LogisticRecipe]:
    """Return the recipes of logistic regression to choose from, the default first.

    Where the tag's name gives a direction, some recipes use it as a prior. That needs ``MIN_OTHERS`` other images in
    each fit, which holds four fifths of them.
    """
    return _with_prior(_default_first(LOGISTIC_RECIPES, examples), examples)


def logistic_candidates_with_background(examples: Examples) -> Sequence[LogisticRecipe]:
    """Return the recipe of logistic regression with a background, and those that use the tag's name as a prior."""
    return _with_prior([LOGISTIC_WITH_BACKGROUND], examples)


def _with_prior(recipes: list[LogisticRecipe], examples: Examples) -> list[LogisticRecipe]:
    if examples.direction is None or int((~examples.is_tag).sum()) * 4 // 5 < MIN_OTHERS:
        return recipes
    return [*recipes, *(replace(recipes[0], effect=effect) for effect in EFFECTS if effect)]


def svm_candidates(examples: Examples) -> Sequence[SvmRecipe]:
    """Return the recipes of a support vector machine to choose from, the default first."""
    return _default_first(SVM_RECIPES, examples)


def svm_candidates_with_background(examples: Examples) -> Sequence[SvmRecipe]:
    """Return the recipe of a support vector machine with a background."""
    return [SVM_WITH_BACKGROUND]


def _default_first(recipes: Sequence[AnyRecipe], examples: Examples) -> list[AnyRecipe]:
    first, second, *rest = recipes
    return [second, first, *rest] if int(examples.is_tag.sum()) < FEW else [first, second, *rest]


def _decorrelated(amount: float) -> str:
    return f", decorrelated by {amount:g}" if amount else ""
