"""Which recipes are compared, and what each is called."""

from __future__ import annotations

import numpy as np
import pytest

from image_tagging.training.fitting.examples import Examples
from image_tagging.training.fitting.recipes import (
    FEW,
    LOGISTIC_RECIPES,
    NAME_ALONE,
    SVM_RECIPES,
    LogisticRecipe,
    SvmRecipe,
    logistic_candidates,
    svm_candidates,
)


def examples(tagged, others=40, direction=None):
    is_tag = np.arange(tagged + others) < tagged
    rows = np.arange(len(is_tag))
    return Examples(np.eye(len(is_tag)), is_tag, np.ones(len(is_tag)), rows, rows, direction)


@pytest.mark.parametrize(
    ("candidates", "recipes"), [(logistic_candidates, LOGISTIC_RECIPES), (svm_candidates, SVM_RECIPES)]
)
def test_few_images_have_the_second_recipe_for_a_default(candidates, recipes):
    assert tuple(candidates(examples(FEW))) == recipes
    few = candidates(examples(FEW - 1))
    assert few[0] is recipes[1]
    assert set(few) == set(recipes)


def test_a_name_is_tried_with_the_default_recipe_where_there_are_others_enough():
    direction = np.ones(60)
    with_name = logistic_candidates(examples(20, 40, direction))[len(LOGISTIC_RECIPES) :]
    assert [recipe.effect for recipe in with_name] == [0.5, 1.0, 2.0]
    assert {recipe.c for recipe in with_name} == {LOGISTIC_RECIPES[0].c}
    assert len(logistic_candidates(examples(20, 12, direction))) == len(LOGISTIC_RECIPES)
    assert tuple(svm_candidates(examples(20, 40, direction))) == SVM_RECIPES


def test_a_recipe_is_named_in_words():
    assert str(SvmRecipe(0.5, 0.1)) == "linear, C 0.5, decorrelated by 0.1"
    assert str(SvmRecipe(1.0, gamma=0.5)) == "RBF kernel of gamma 0.5, C 1"
    assert str(LogisticRecipe(1.0, 0.05)) == "linear, C 1, decorrelated by 0.05"
    assert str(LogisticRecipe(1.0, effect=0.5)) == "linear, C 1, its name believed by 0.5"
    assert str(NAME_ALONE) == "its name alone, believed by 2"
