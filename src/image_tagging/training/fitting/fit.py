"""Labelled embeddings -> fitted scikit-learn estimators, and their probabilities of out-of-fold images.

For each kind the recipes are compared by cross-validation; the selected one is calibrated on its out-of-fold margins,
and fitted to all images. scikit-learn fits support vector machines, and everything with a background; what is ours is
which images are learned from, the space that they are seen in, logistic regressions of all folds at once, and that all
fits of a tag share what they can. scikit-learn is imported when it is needed, only by whoever trains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from ...errors import TrainingError
from ...tag_models import Floats
from ..evaluation.metrics import log_losses
from ..text_prior.prior import zero_shot
from .calibration import Sigmoid, fit_sigmoid
from .cross_validation import out_of_fold_margins, select
from .decorrelation import Moments
from .estimators import logistic_regression
from .examples import Examples, require_both_classes, subsample
from .folds import stratified_folds
from .linear import Linear
from .methods import Recipe, methods
from .recipes import NAME_ALONE, PLAIN
from .sampling import Candidates, Drawn, draw
from .training_images import TrainingImages

#: A tag is learned from at most so many images of either class: more teach little, and the time of a support vector
#: machine grows with their square. benchmarks/machine_bound.py shows what the bound costs.
MOST_LEARNED = 2_000

#: Recipes are compared over at most so many of either class; the rest would make up time, not minds.
MOST_COMPARED = 500


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A fitted ``estimator``: ``predict_proba(X)[:, 0]`` of embeddings (N, D) is the probability of the tag.

    ``rows`` (m,) are those images that it was measured on out of fold, ``out_of_fold`` (m,) the probabilities that
    models gave them which had not learned from them, ``weights`` (m,) how many images each stands for; none where there
    were too few images for that. Then nothing has calibrated the model, and ``warning`` says why; it is ``None``
    elsewhere.
    """

    estimator: Any
    recipe: Recipe
    rows: NDArray[np.intp]
    out_of_fold: Floats
    weights: Floats
    warning: Optional[str] = None


def fit_models(  # noqa: PLR0913 - what a tag is learned from, each by its name
    embeddings: NDArray[np.float32],
    is_tag: NDArray[np.bool_],
    *,
    moments: Optional[Moments] = None,
    groups: Optional[NDArray[np.int64]] = None,
    weights: tuple[float, float] = (1.0, 1.0),
    direction: Optional[Floats] = None,
    rows: Optional[NDArray[np.int64]] = None,
    is_kept: Optional[NDArray[np.bool_]] = None,
    seed: int = 0,
) -> dict[str, FittedModel]:
    """Fit the models of one tag, one of each kind that has a method, by their kinds.

    Parameters
    ----------
    embeddings:
        (N, D) float32, as the encoder gives them; the models normalise inside.
    is_tag:
        (n,) bool, whether each image has the tag. One image of either class is enough to get models; with a
        ``direction``, and ``MIN_OTHERS`` others, none of the tag is.
    moments:
        Those of the data set, of which these are images; by default those of these alone.
    groups:
        (n,) int64, one number for images that are nearly the same: they are never on both sides of a fold.
    weights:
        How many images each one with the tag, and each one without, stands for: where they are a sample of one
        class, the probabilities are still those of the whole.
    direction:
        (D,) of length 1, the direction of the tag's name; it is used as a prior where that helps.
    rows:
        (n,), the rows of the embeddings to learn from, to which ``is_tag`` and ``groups`` belong; by default all.
    is_kept:
        (n,) bool, others that are learned from in any case, where there are more than are learned from.
    seed:
        Decides the folds and what is drawn; the same seed gives the same models.

    Raises
    ------
    TrainingError
        The arrays do not fit, an embedding is no number, a class has no image, or there are too few others to learn
        from a name alone.
    """
    tagged = np.asarray(is_tag, dtype=bool)
    candidates = _candidates(embeddings, rows, tagged)._replace(is_kept=is_kept)
    everything = np.arange(len(tagged))
    if direction is not None and not tagged.any():
        others = candidates.unit_vectors(everything)
        return dict.fromkeys((method.kind.name for method in methods()), _by_name(others, direction))
    require_both_classes(tagged)
    of_data_set = Moments.of(embeddings) if moments is None else moments
    drawn = draw(candidates, of_data_set, MOST_LEARNED, seed) or Drawn(everything, np.ones(len(tagged)))
    chosen = drawn.chosen
    examples = Examples(
        candidates.unit_vectors(chosen),
        tagged[chosen],
        np.where(tagged, *weights)[chosen] * drawn.weights,
        chosen if groups is None else groups[chosen],
        chosen,
        direction,
    )
    images = TrainingImages(examples, of_data_set)
    found = _out_of_fold(images, seed)
    names = [method.kind.name for method in methods()]
    return {name: _fitted(found[name], images) if name in found else _plain(images) for name in names}


def _candidates(
    embeddings: NDArray[np.float32], rows: Optional[NDArray[np.int64]], tagged: NDArray[np.bool_]
) -> Candidates:
    x = np.asarray(embeddings)
    chosen = np.arange(len(x)) if rows is None else rows
    if x.ndim != 2 or tagged.shape != chosen.shape:
        shape = (len(chosen), *x.shape[1:])
        raise TrainingError(f"embeddings {shape} and truth {tagged.shape} do not fit: one row of each an image.")
    return Candidates(x, chosen, tagged)


@dataclass(frozen=True, eq=False)
class _OutOfFold:
    """The selected ``recipe`` of a kind, its margins (n,) out of fold, and what makes them probabilities."""

    recipe: Recipe
    margins: Floats
    sigmoid: Sigmoid


def _out_of_fold(images: TrainingImages, seed: int) -> dict[str, _OutOfFold]:
    """Select a recipe of each kind. A kind is missing whose margins say nothing: it has too few images."""
    examples = images.examples
    compared = subsample(examples, images.moments, MOST_COMPARED, seed)
    fold = stratified_folds(compared.is_tag, compared.groups, seed)
    if fold is None:
        return {}
    candidates = {method.kind.name: list(method.candidates(compared)) for method in methods()}
    recipes = [recipe for each in candidates.values() for recipe in each]
    some = images if compared is examples else TrainingImages(compared, images.moments)
    margins = dict(zip(recipes, out_of_fold_margins(some, fold, recipes)))
    selected = {kind: _select(recipes, compared, margins) for kind, recipes in candidates.items()}
    if compared is not examples:
        fold = stratified_folds(examples.is_tag, examples.groups, seed)
        if fold is None:
            raise AssertionError("there are folds of some of the images, but none of all")
        recipes = list(selected.values())
        margins = dict(zip(recipes, out_of_fold_margins(images, fold, recipes)))
    found = {}
    for kind, recipe in selected.items():
        sigmoid = fit_sigmoid(margins[recipe], examples.is_tag, examples.weights)
        if sigmoid:
            found[kind] = _OutOfFold(recipe, margins[recipe], sigmoid)
    return found


def _select(recipes: Sequence[Recipe], examples: Examples, margins: Mapping[Recipe, Floats]) -> Recipe:
    """Return the recipe that cross-validation selects, by the log-loss of its calibrated probabilities."""
    share = np.full(len(examples), examples.weights @ examples.is_tag / examples.weights.sum())
    losses = []
    for recipe in recipes:
        sigmoid = fit_sigmoid(margins[recipe], examples.is_tag, examples.weights)
        said = sigmoid.of(margins[recipe]) if sigmoid else share
        losses.append(log_losses(said, examples.is_tag))
    return recipes[select(losses, examples.weights)]


def _fitted(out_of_fold: _OutOfFold, images: TrainingImages) -> FittedModel:
    """Return the model of the selected recipe, fitted to all images."""
    recipe, sigmoid = out_of_fold.recipe, out_of_fold.sigmoid
    estimator = recipe.fit(images).estimator(sigmoid)
    rows, weights = images.examples.rows, images.examples.weights
    return FittedModel(estimator, recipe, rows, sigmoid.of(out_of_fold.margins), weights)


def _plain(images: TrainingImages) -> FittedModel:
    """Return what a tag of one image gets, or of a few that are unlike each other; a file of any kind may hold it."""
    return _uncalibrated(PLAIN.fit(images).model, PLAIN, "not calibrated: too few images to hold some out")


def _by_name(others: Floats, direction: Floats) -> FittedModel:
    """Return what a tag gets of which there is only the name, and images (n, D) without it."""
    model = Linear(*zero_shot(direction, others))
    return _uncalibrated(model, NAME_ALONE, "not calibrated: learned from its name alone")


def _uncalibrated(model: Linear, recipe: Recipe, warning: str) -> FittedModel:
    return FittedModel(
        logistic_regression(model, PLAIN.c), recipe, np.empty(0, dtype=np.intp), np.empty(0), np.empty(0), warning
    )
