"""A recipe is trusted until another is better beyond doubt."""

from __future__ import annotations

import numpy as np
import pytest

from image_tagging.tag_models import kind_names
from image_tagging.training.fitting.recipes import FEW, NAME_ALONE, RECIPES, Recipe, choose, trusted

ONES = np.ones(200)


def noise(seed=0):
    return np.abs(np.random.default_rng(seed).normal(size=200))


def test_a_difference_that_may_be_luck_changes_nothing():
    assert choose([noise(0), noise(0) - 0.01 + np.random.default_rng(1).normal(size=200) * 0.2], ONES, 0) == 0


@pytest.mark.parametrize("first", [0, 1])
def test_what_is_clearly_better_is_taken(first):
    assert choose([noise(), noise() + 0.1, noise() - 0.3, noise() - 0.1], ONES, first) == 2


def test_equal_recipes_leave_it_at_the_trusted_one():
    assert choose([noise()] * 3, ONES, 1) == 1
    assert choose([noise() + 1, noise(), noise()], ONES, 0) == 1  # of two alike the one that is trusted more


def test_losses_count_by_what_images_stand_for():
    better = np.where(np.arange(200) < 100, 0.5, -0.2)
    losses = [np.ones(200), 1 - better]
    assert choose(losses, ONES, 0) == 1
    assert choose(losses, np.where(np.arange(200) < 100, 1.0, 20.0), 0) == 0


def test_a_few_images_that_stand_for_many_do_not_decide_alone():
    """Two of 200 that stand for half of all: their difference is one of two images, however many they stand for."""
    better = np.zeros(200)
    better[:2] = [0.1, 0.9]
    losses = [np.ones(200), 1 - better]
    assert choose(losses, np.where(np.arange(200) < 2, 99.0, 1.0), 0) == 0


@pytest.mark.parametrize("kind", kind_names())
def test_few_images_are_learned_by_the_second_recipe(kind):
    assert trusted(kind, FEW - 1) is RECIPES[kind][1]
    assert trusted(kind, FEW) is RECIPES[kind][0]
    assert all(recipe.kind == kind for recipe in RECIPES[kind])


def test_a_recipe_is_told_in_words():
    assert str(Recipe("ovr-svm", 0.5, 0.1)) == "linear, C 0.5, decorrelated by 0.1"
    assert str(Recipe("ovr-svm", 1.0, gamma=0.5)) == "RBF kernel of gamma 0.5, C 1"
    assert str(Recipe("ovr-svm", 1.0, effect=0.5)) == "linear, C 1, its name believed by 0.5"
    assert str(NAME_ALONE) == "its name alone, believed by 2"
