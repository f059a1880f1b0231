"""What recipes say of images that they have not learned from."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from ...tag_models import LOGISTIC_REGRESSION, unit_rows
from ..text_prior.prior import fit_with_prior, strengths_for
from .background import Background, Decorrelation
from .examples import Examples
from .machines import Linear, fit_machine, fit_regression, squared_distances
from .recipes import Recipe

Floats = NDArray[np.float64]


def unseen_margins(
    examples: Examples, background: Background, fold: NDArray[np.int64], recipes: Sequence[Recipe]
) -> list[Floats]:
    """The margins (n,) of each recipe, positive for the tag: each image's by a model of the other folds.

    ``fold`` (n,) is the number of each image's. The images of a fold have no part in the background either, as an image
    that is yet to come has none. What recipes share of a fold is computed once.
    """
    margins: dict[Recipe, Floats] = {recipe: np.empty(len(examples)) for recipe in recipes}
    folds = [fold == number for number in range(int(fold.max()) + 1)]
    linear = sorted((recipe for recipe in margins if not recipe.gamma), key=lambda recipe: recipe.decorrelation)
    for unseen in folds:
        seen = examples.where(~unseen)
        behind = background.without(examples.x[unseen])
        for amount, alike in groupby(linear, key=lambda recipe: recipe.decorrelation):
            change = behind.decorrelation(amount)
            changed = change.of(seen.x)
            for recipe in alike:
                model = fit_linear(recipe, changed, seen, change)
                margins[recipe][unseen] = model.before(change).margins(examples.x[unseen])
    if any(recipe.gamma for recipe in margins):
        distances = squared_distances(examples.x)
        for recipe, each in margins.items():
            if recipe.gamma:
                _measure_rbf(recipe, examples, folds, distances, each)
    return [margins[recipe] for recipe in recipes]


def _measure_rbf(
    recipe: Recipe, examples: Examples, folds: list[NDArray[np.bool_]], distances: Floats, margins: Floats
) -> None:
    kernel = np.exp(-recipe.gamma * distances)
    for unseen in folds:
        seen = np.flatnonzero(~unseen)
        machine = fit_machine(kernel[np.ix_(seen, seen)], examples.is_tag[seen], recipe.c)
        margins[unseen] = machine.margins(kernel[np.ix_(unseen, seen)])


def fit_linear(recipe: Recipe, x: Floats, examples: Examples, change: Decorrelation) -> Linear:
    """The linear model of a recipe, fitted to the examples where they lie after a change of space: ``x`` (n, D)."""
    if recipe.effect and examples.direction is not None:
        # What moves an image by the direction moves the changed image by the changed direction.
        direction = unit_rows(change.of(examples.direction[np.newaxis]))[0]
        strengths = strengths_for(x[~examples.is_tag], direction, [recipe.effect])
        ((coef, intercept),) = fit_with_prior(x, examples.is_tag, direction, strengths, recipe.c, examples.weights)
        return Linear(coef, intercept)
    if recipe.kind == LOGISTIC_REGRESSION.name:
        return fit_regression(x, examples.is_tag, examples.weights, recipe.c)
    machine = fit_machine(x @ x.T, examples.is_tag, recipe.c)
    return Linear(machine.dual @ x[machine.supports], machine.intercept)
