"""Margins of images by models that have not seen them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from image_tagging.tag_models import LOGISTIC_REGRESSION
from image_tagging.tag_models.scorers import unit_rows
from image_tagging.training.fitting.background import Background
from image_tagging.training.fitting.cross_validation import unseen_margins
from image_tagging.training.fitting.examples import Examples
from image_tagging.training.fitting.folds import stratified_folds
from image_tagging.training.fitting.machines import fit_machine, fit_regression, squared_distances
from image_tagging.training.fitting.recipes import Recipe

SOME = (
    Recipe("ovr-logistic-regression", 1.0, 0.1),
    Recipe("ovr-svm", 0.5),
    Recipe("ovr-logistic-regression", 3.0),
    Recipe("ovr-svm", 1.0, gamma=0.5),
    Recipe("ovr-svm", 0.5, 0.1),
)


def examples():
    random = np.random.default_rng(0)
    is_tag = np.arange(60) < 20
    x = random.normal(size=(60, 5)) + 1
    x[is_tag, 0] += 1.5
    rows = np.arange(60)
    made = Examples(unit_rows(x), is_tag, np.ones(60), rows // 2, rows)
    return made, Background.of(x), stratified_folds(is_tag, made.groups, 0)


def plain_loop(made, fold, recipe):
    margins = np.empty(len(made))
    for number in np.unique(fold):
        unseen = fold == number
        seen = made.where(~unseen)
        if recipe.gamma:
            kernel = np.exp(-recipe.gamma * squared_distances(made.x))
            machine = fit_machine(kernel[~unseen][:, ~unseen], seen.is_tag, recipe.c)
            margins[unseen] = machine.margins(kernel[unseen][:, ~unseen])
        else:
            change = Background.of(seen.x).decorrelation(recipe.decorrelation)
            x, new = change.of(seen.x), change.of(made.x[unseen])
            if recipe.kind == LOGISTIC_REGRESSION.name:
                margins[unseen] = fit_regression(x, seen.is_tag, seen.weights, recipe.c).margins(new)
            else:
                margins[unseen] = fit_machine(x @ x.T, seen.is_tag, recipe.c).margins(new @ x.T)
    return margins


def test_margins_are_those_of_a_plain_loop_in_the_order_of_the_recipes():
    made, behind, fold = examples()
    for recipe, margins in zip(SOME, unseen_margins(made, behind, fold, SOME)):
        np.testing.assert_allclose(margins, plain_loop(made, fold, recipe), atol=1e-4)


def test_a_margin_does_not_depend_on_the_label_of_its_own_image():
    made, behind, fold = examples()
    other = made.is_tag.copy()
    other[7] = ~other[7]
    changed = replace(made, is_tag=other)
    alike = fold == fold[7]
    for before, after in zip(unseen_margins(made, behind, fold, SOME), unseen_margins(changed, behind, fold, SOME)):
        np.testing.assert_array_equal(before[alike], after[alike])
        assert not np.array_equal(before[~alike], after[~alike])


@pytest.mark.parametrize("recipe", SOME)
def test_a_margin_does_not_depend_on_its_image_being_in_the_background(recipe):
    made, behind, fold = examples()
    (with_it,) = unseen_margins(made, behind, fold, [recipe])
    others = np.arange(60) != 7
    without_it = made.where(others)
    (margins,) = unseen_margins(without_it, behind.without(made.x[[7]]), fold[others], [recipe])
    alike = fold[others] == fold[7]
    np.testing.assert_allclose(margins[alike], with_it[others][alike], atol=1e-4)
