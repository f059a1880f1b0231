"""What recipes say of images that they have not learned from, and which recipe that speaks for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...tag_models import Floats
from .methods import Recipe, TakesAllFolds
from .training_images import FoldedImages, TrainingImages

#: How many standard errors of a difference are beyond doubt.
_BEYOND_DOUBT = 2.0


def out_of_fold_margins(images: TrainingImages, fold: NDArray[np.int64], recipes: Sequence[Recipe]) -> list[Floats]:
    """Return the margins (n,) of each recipe, higher for the tag: each image's by a model of the other folds.

    ``fold`` (n,) is the number of each image's. What recipes share of a fold is computed once.
    """
    folded = FoldedImages(images, fold)
    return [
        recipe.out_of_fold(folded) if isinstance(recipe, TakesAllFolds) else fold_by_fold(recipe, folded)
        for recipe in recipes
    ]


def fold_by_fold(recipe: Recipe, folded: FoldedImages) -> Floats:
    """Return the margins (n,) of a recipe that fits one fold after the other."""
    margins = np.empty(len(folded.images.examples))
    for each in folded.folds:
        margins[each.held_out] = recipe.fit(each.training).margins(each)
    return margins


def select(losses: Sequence[Floats], weights: Floats) -> int:
    """Return the number of the recipe of the least mean loss, if it beats the first, the default, beyond doubt.

    ``losses`` are each recipe's (n,), of the same out-of-fold images. The doubt is the standard error of the difference
    from image to image, where one that stands for many counts as one (as in the rule of Breiman et al. 1984,
    "Classification and regression trees", with the default for their simplest): the least of several noisy means is
    most often luck.
    """
    best, gain = 0, 0.0
    for number, loss in enumerate(losses):
        better = losses[0] - loss
        mean = float(np.average(better, weights=weights))
        error = float(np.linalg.norm(weights * (better - mean)) / weights.sum())
        if mean > max(gain, _BEYOND_DOUBT * error):
            best, gain = number, mean
    return best
