"""Labelled embeddings -> fitted scikit-learn estimators, and what they say of images that they have not seen.

For each kind the recipes are compared by cross-validation; the chosen one is calibrated on the margins of images that
it has not seen, and fitted to all. scikit-learn fits; what is ours is which images are learned from, the space that
they are seen in, and that all fits of a tag share what they can. It is imported when it is needed, only by whoever
trains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from ...errors import TrainingError
from ...tag_models import SVM, kind_names, unit_rows
from ..evaluation.metrics import log_losses
from ..text_prior.prior import MIN_OTHERS, zero_shot
from .background import Background, Decorrelation
from .calibration import Sigmoid, fit_sigmoid
from .cross_validation import fit_linear, unseen_margins
from .estimators import linear_machine, logistic_regression, rbf_machine
from .examples import Examples, bounded
from .folds import stratified_folds
from .machines import Linear, fit_machine, squared_distances
from .recipes import NAME_ALONE, PLAIN, Recipe, choose, trusted
from .recipes import compared as recipes_of

Floats = NDArray[np.float64]

#: A tag is learned from at most so many images of either class: more teach little, and the time of a support vector
#: machine grows with their square. benchmarks/machine_bound.py shows what the bound costs.
MOST_LEARNED = 2_000

#: Recipes are compared over at most so many of either class; the rest would make up time, not minds.
MOST_COMPARED = 500


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A fitted ``estimator``: ``predict_proba(X)[:, 0]`` of embeddings (N, D) is the probability of the tag.

    ``rows`` (m,) are those images that it was measured on out of fold, ``unseen`` (m,) the probabilities that models
    gave them which had not learned from them, ``weights`` (m,) how many images each stands for; none where there were
    too few images for that. Then nothing has calibrated the model, and ``caution`` says why; it is ``None`` elsewhere.
    """

    estimator: Any
    recipe: Recipe
    rows: NDArray[np.intp]
    unseen: Floats
    weights: Floats
    caution: Optional[str] = None


def fit_models(  # noqa: PLR0913 - what a tag is learned from, each by its name
    embeddings: NDArray[np.float32],
    is_tag: NDArray[np.bool_],
    *,
    background: Optional[Background] = None,
    groups: Optional[NDArray[np.int64]] = None,
    weights: tuple[float, float] = (1.0, 1.0),
    direction: Optional[Floats] = None,
    seed: int = 0,
) -> dict[str, FittedModel]:
    """Fit the models of one tag, one of each of ``KINDS``.

    Parameters
    ----------
    embeddings:
        (N, D) float32, as the encoder gives them; the models normalise inside.
    is_tag:
        (N,) bool, whether each image has the tag. One image of either class is enough to get models; with a
        ``direction``, and ``MIN_OTHERS`` others, none of the tag is.
    background:
        That of the data set, of which these are images; by default that of these alone.
    groups:
        (N,) int64, one number for images that are nearly the same: they are never on both sides of a fold.
    weights:
        How many images each one with the tag, and each one without, stands for: where they are a sample of one
        class, the probabilities are still those of the whole.
    direction:
        (D,) of length 1, in which the name of the tag says that its images lie; it has a say where that helps.
    seed:
        Decides the folds and what is drawn; the same seed gives the same models.

    Raises
    ------
    TrainingError
        The arrays do not fit, an embedding is no number, a class has no image, or there are too few others to learn
        from a name alone.
    """
    tagged = np.asarray(is_tag, dtype=bool)
    x = _unit_embeddings(embeddings, tagged)
    if direction is not None and not tagged.any():
        return dict.fromkeys(kind_names(), _by_name(x, direction))
    everything = np.arange(len(x))
    examples = Examples(
        x, tagged, np.where(tagged, *weights), everything if groups is None else groups, everything, direction
    )
    behind = Background.of(embeddings) if background is None else background
    examples = bounded(examples, behind, MOST_LEARNED, seed)
    unseen = _unseen(examples, behind, seed)
    return {
        kind: _fitted(unseen[kind], examples, behind) if kind in unseen else _plain(examples) for kind in kind_names()
    }


def _unit_embeddings(embeddings: NDArray[np.float32], tagged: NDArray[np.bool_]) -> Floats:
    """(N, D) float64, of unit length: in float64 a fit does not depend on who scales the vectors."""
    x = np.asarray(embeddings, dtype=np.float64)
    if x.ndim != 2 or tagged.shape != x.shape[:1]:
        raise TrainingError(f"embeddings {x.shape} and truth {tagged.shape} do not fit: one row of each an image.")
    if not np.isfinite(x).all():
        raise TrainingError("an embedding to train on holds what is no number. Run stage 1 again.")
    return unit_rows(x)


@dataclass(frozen=True, eq=False)
class _Unseen:
    """The ``recipe`` of a kind, its margins (n,) of unseen images, and what makes them probabilities."""

    recipe: Recipe
    margins: Floats
    sigmoid: Sigmoid


def _unseen(examples: Examples, background: Background, seed: int) -> dict[str, _Unseen]:
    """What is chosen by comparing recipes. A kind is missing whose margins say nothing: it has too few images."""
    compared = bounded(examples, background, MOST_COMPARED, seed)
    fold = stratified_folds(compared.is_tag, compared.groups, seed)
    if fold is None:
        return {}
    # Where a name is to have a say, it takes others enough to tell how far an image stands out.
    has_name = examples.direction is not None and int((~compared.is_tag).sum()) * 4 // 5 >= MIN_OTHERS
    tagged = int(compared.is_tag.sum())
    choices = {kind: recipes_of(kind, tagged, has_name=has_name) for kind in kind_names()}
    recipes = [recipe for kind in kind_names() for recipe in choices[kind]]
    margins = dict(zip(recipes, unseen_margins(compared, background, fold, recipes)))
    chosen = [_best(kind, choices[kind], compared, margins) for kind in kind_names()]
    if compared is not examples:
        fold = stratified_folds(examples.is_tag, examples.groups, seed)
        if fold is None:
            raise AssertionError("there are folds of some of the images, but none of all")
        margins = dict(zip(chosen, unseen_margins(examples, background, fold, chosen)))
    found = {}
    for kind, recipe in zip(kind_names(), chosen):
        sigmoid = fit_sigmoid(margins[recipe], examples.is_tag, examples.weights)
        if sigmoid:
            found[kind] = _Unseen(recipe, margins[recipe], sigmoid)
    return found


def _best(kind: str, recipes: Sequence[Recipe], examples: Examples, margins: Mapping[Recipe, Floats]) -> Recipe:
    """The recipe of a kind that cross-validation chooses, by the log-loss of its calibrated probabilities."""
    share = np.full(len(examples), examples.weights @ examples.is_tag / examples.weights.sum())
    losses = []
    for recipe in recipes:
        sigmoid = fit_sigmoid(margins[recipe], examples.is_tag, examples.weights)
        said = sigmoid.of(margins[recipe]) if sigmoid else share
        losses.append(log_losses(said, examples.is_tag))
    first = recipes.index(trusted(kind, int(examples.is_tag.sum())))
    return recipes[choose(losses, examples.weights, first)]


def _fitted(unseen: _Unseen, examples: Examples, background: Background) -> FittedModel:
    """The model of the chosen recipe, fitted to all images."""
    recipe, sigmoid = unseen.recipe, unseen.sigmoid
    if recipe.gamma:
        machine = fit_machine(np.exp(-recipe.gamma * squared_distances(examples.x)), examples.is_tag, recipe.c)
        supports = examples.x[machine.supports]
        estimator = rbf_machine(supports, machine.dual, machine.intercept, recipe.c, recipe.gamma, sigmoid)
    else:
        change = background.decorrelation(recipe.decorrelation)
        linear = fit_linear(recipe, change.of(examples.x), examples, change).before(change)
        if recipe.kind == SVM.name:
            estimator = linear_machine(linear, recipe.c, sigmoid)
        else:
            calibrated = Linear(sigmoid.slope * linear.coef, sigmoid.slope * linear.intercept + sigmoid.offset)
            estimator = logistic_regression(calibrated, recipe.c)
    return FittedModel(estimator, recipe, examples.rows, sigmoid.of(unseen.margins), examples.weights)


def _plain(examples: Examples) -> FittedModel:
    """What is taken of a tag of one image, or of a few that are unlike each other; the file may be of either kind."""
    model = fit_linear(PLAIN, examples.x, examples, Decorrelation())
    return _uncalibrated(model, PLAIN, "not calibrated: too few images to hold some out")


def _by_name(others: Floats, direction: Floats) -> FittedModel:
    """What is taken of a tag of which there is only the name, and images (n, D) without it."""
    model = Linear(*zero_shot(direction, others))
    return _uncalibrated(model, NAME_ALONE, "not calibrated: learned from its name alone")


def _uncalibrated(model: Linear, recipe: Recipe, caution: str) -> FittedModel:
    return FittedModel(
        logistic_regression(model, PLAIN.c), recipe, np.empty(0, dtype=np.intp), np.empty(0), np.empty(0), caution
    )
