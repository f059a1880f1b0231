"""Margins of images by models that have not seen them, and the recipe that they speak for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from image_tagging.tag_models.scorers import unit_rows
from image_tagging.training.fitting.cross_validation import out_of_fold_margins, select
from image_tagging.training.fitting.decorrelation import Decorrelation, Moments
from image_tagging.training.fitting.examples import Examples
from image_tagging.training.fitting.folds import stratified_folds
from image_tagging.training.fitting.linear import fit_regression
from image_tagging.training.fitting.recipes import LogisticRecipe, SvmRecipe
from image_tagging.training.fitting.svm import fit_kernel_svm, squared_distances
from image_tagging.training.fitting.training_images import TrainingImages

SOME = (
    LogisticRecipe(1.0, 0.1),
    SvmRecipe(0.5),
    LogisticRecipe(3.0),
    SvmRecipe(1.0, gamma=0.5),
    SvmRecipe(0.5, 0.1),
)


def examples():
    random = np.random.default_rng(0)
    is_tag = np.arange(60) < 20
    x = random.normal(size=(60, 5)) + 1
    x[is_tag, 0] += 1.5
    rows = np.arange(60)
    made = Examples(unit_rows(x), is_tag, np.ones(60), rows // 2, rows)
    return made, Moments.of(x), stratified_folds(is_tag, made.groups, 0)


def without(moments, x):
    """Return the moments without images of unit vectors x, whose decorrelation is as strong as that of all."""
    rest = moments.without(x)
    scatter = rest.products - np.outer(rest.total, rest.total) / rest.count
    strength = moments.decorrelation(0.1).strength
    rest._made[0.1] = Decorrelation(np.linalg.cholesky(np.eye(len(scatter)) + strength * scatter), strength)
    return rest


def plain_loop(made, moments, fold, recipe):
    margins = np.empty(len(made))
    for number in np.unique(fold):
        unseen = fold == number
        seen = made.where(~unseen)
        if getattr(recipe, "gamma", 0):
            kernel = np.exp(-recipe.gamma * squared_distances(made.x @ made.x.T))
            machine = fit_kernel_svm(kernel[~unseen][:, ~unseen], seen.is_tag, recipe.c)
            margins[unseen] = machine.margins(kernel[unseen][:, ~unseen])
        else:
            change = without(moments, made.x[unseen]).decorrelation(recipe.decorrelation)
            x, new = change.of(seen.x), change.of(made.x[unseen])
            if isinstance(recipe, LogisticRecipe):
                margins[unseen] = fit_regression(x, seen.is_tag, seen.weights, recipe.c).margins(new)
            else:
                margins[unseen] = fit_kernel_svm(x @ x.T, seen.is_tag, recipe.c).margins(new @ x.T)
    return margins


def test_margins_are_those_of_a_plain_loop_in_the_order_of_the_recipes():
    made, moments, fold = examples()
    for recipe, margins in zip(SOME, out_of_fold_margins(TrainingImages(made, moments), fold, SOME)):
        np.testing.assert_allclose(margins, plain_loop(made, moments, fold, recipe), atol=1e-3)


def test_a_margin_does_not_depend_on_the_label_of_its_own_image():
    made, moments, fold = examples()
    other = made.is_tag.copy()
    other[7] = ~other[7]
    changed = replace(made, is_tag=other)
    alike = fold == fold[7]
    both = (out_of_fold_margins(TrainingImages(each, moments), fold, SOME) for each in (made, changed))
    for before, after in zip(*both):
        np.testing.assert_array_equal(before[alike], after[alike])
        assert not np.array_equal(before[~alike], after[~alike])


@pytest.mark.parametrize("recipe", SOME)
def test_a_margin_does_not_depend_on_its_image_being_in_the_moments(recipe):
    made, moments, fold = examples()
    (with_it,) = out_of_fold_margins(TrainingImages(made, moments), fold, [recipe])
    others = np.arange(60) != 7
    without_it = made.where(others)
    (margins,) = out_of_fold_margins(TrainingImages(without_it, without(moments, made.x[[7]])), fold[others], [recipe])
    alike = fold[others] == fold[7]
    np.testing.assert_allclose(margins[alike], with_it[others][alike], atol=1e-3)


def test_what_recipes_share_is_computed_once(monkeypatch):
    made, moments, fold = examples()
    amounts, decorrelation = [], Moments.decorrelation
    monkeypatch.setattr(
        Moments, "decorrelation", lambda self, amount: amounts.append(amount) or decorrelation(self, amount)
    )
    images = TrainingImages(made, moments)
    out_of_fold_margins(images, fold, SOME)
    assert amounts.count(0.1) == amounts.count(0.0) == 1
    assert images.kernel(0.5) is images.kernel(0.5)


ONES = np.ones(200)


def noise(seed=0):
    return np.abs(np.random.default_rng(seed).normal(size=200))


def test_a_difference_that_may_be_luck_changes_nothing():
    assert select([noise(0), noise(0) - 0.01 + np.random.default_rng(1).normal(size=200) * 0.2], ONES) == 0


def test_what_is_clearly_better_than_the_default_is_selected():
    assert select([noise(), noise() + 0.1, noise() - 0.3, noise() - 0.1], ONES) == 2


def test_equal_recipes_leave_it_at_the_default():
    assert select([noise()] * 3, ONES) == 0
    assert select([noise() + 1, noise(), noise()], ONES) == 1  # of two alike the first


def test_losses_count_by_what_images_stand_for():
    better = np.where(np.arange(200) < 100, 0.5, -0.2)
    losses = [np.ones(200), 1 - better]
    assert select(losses, ONES) == 1
    assert select(losses, np.where(np.arange(200) < 100, 1.0, 20.0)) == 0


def test_a_few_images_that_stand_for_many_do_not_decide_alone():
    """Two of 200 that stand for half of all: their difference is one of two images, however many they stand for."""
    better = np.zeros(200)
    better[:2] = [0.1, 0.9]
    losses = [np.ones(200), 1 - better]
    assert select(losses, np.where(np.arange(200) < 2, 99.0, 1.0)) == 0
