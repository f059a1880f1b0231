"""The recipes of logistic regression and of support vector machines that are compared for a tag.

docs/classifiers.md has the figures of all recipes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from ..text_prior.prior import EFFECT, EFFECTS, MIN_OTHERS
from .examples import Examples
from .logistic_recipes import LogisticRecipe
from .svm_recipes import SvmRecipe

AnyRecipe = TypeVar("AnyRecipe")

#: With fewer images of a tag than this, the second recipe is the default: so few do not say which of the shortened
#: directions the tag needs.
FEW = 8

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
