"""Examples of a tag and a background -> models whose probabilities are true on the mountain.

The models are fitted to the examples, those of other tags, and a part of the background, all of it taken for others.
Their margins of images out of fold, and of the rest of the background, say how much of the mountain has the tag and
what a margin means there. The first kind is fitted twice: what its first model finds of the tag in the background
weighs less in every further fit (Garg et al. 2021, "Mixture proportion estimation and PU learning: a modern approach",
have it leave the fit).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Optional

import numpy as np
from numpy.typing import NDArray

from ...datasets import Rows
from ...tag_models import Floats
from ..evaluation.metrics import log_losses
from ..evaluation.ranking import Ranking
from ..fitting.calibration import Sigmoid, fit_sigmoid
from ..fitting.cross_validation import select
from ..fitting.decorrelation import Decorrelation
from ..fitting.examples import Examples
from ..fitting.folds import stratified_folds
from ..fitting.methods import Fitted, Method, Recipe, methods
from ..fitting.training_images import OtherImages, TrainingImages
from .calibration import fit_mountain_sigmoid
from .prevalence import Prevalence, estimate_prevalence
from .sample import MountainSample

#: An example counts at most as many times as each other image in the fit.
_MOST_WEIGHT = 10.0

#: A picture that has the tag for sure keeps this weight: no solver takes one without any.
_LEAST_WEIGHT = 1e-6

#: Pictures that a fitted model is asked about at a time: a kernel holds a number for each training image.
_ASKED = 4096


@dataclass(frozen=True, eq=False)
class MountainModel:
    """A model of one kind: as ``fitted``, by its ``recipe``, and the ``sigmoid`` that makes its margins probabilities.

    ``examples`` (n,) are the margins of the examples and those of other tags out of fold, ``background`` (m,) those of
    the background, of which ``has_tag`` (m,) says how far each has the tag. Where there are too few examples to hold
    some out, ``sigmoid`` and ``prevalence`` are ``None``, and ``examples`` are empty.
    """

    fitted: Fitted
    recipe: Recipe
    background: Floats
    examples: Floats
    sigmoid: Optional[Sigmoid] = None
    prevalence: Optional[Prevalence] = None
    has_tag: Optional[Floats] = None


def fit_with_background(
    examples: Examples,
    sample: MountainSample,
    like_tag: NDArray[np.bool_],
    seed: int,
    is_apart: Optional[NDArray[np.bool_]] = None,
) -> dict[str, MountainModel]:
    """Return a model of each kind.

    ``examples`` are the images of the tag and of other tags, their ``groups`` numbers of the ``sample``; ``like_tag``
    (m,) says which pictures are near-duplicates of images of the tag: they are no others. Nor are those of ``is_apart``
    (m,), which are among the examples, or validation.
    """
    apart = np.zeros(len(sample), dtype=bool) if is_apart is None else is_apart
    task = _Task(examples, sample, like_tag, apart, seed)
    first, *others = methods()
    every = np.ones(len(task.fitted))
    found = _fitted(task, first, every)
    weights = every if found.has_tag is None else np.maximum(1 - found.has_tag[task.fitted], _LEAST_WEIGHT)
    again = task.fit(found.recipe, weights)
    return {first.kind.name: again, **{method.kind.name: _fitted(task, method, weights) for method in others}}


def _fitted(task: _Task, method: Method, weights: Floats) -> MountainModel:
    """Return the model by the recipe that is selected."""
    candidates = method.candidates_with_background(task.images.examples)
    models = [task.fit(recipe, weights) for recipe in candidates]
    return models[_select(task, models)] if len(models) > 1 else models[0]


def _select(task: _Task, models: Sequence[MountainModel]) -> int:
    """Return the number of the model that cross-validation selects, by the log-loss on the mountain."""
    sigmoids = [model.sigmoid for model in models if model.sigmoid]
    first = models[0]
    if first.prevalence is None or len(sigmoids) < len(models):
        return 0
    own, others, share = np.flatnonzero(task.examples.is_tag), len(task.fitted), first.prevalence.share
    weights = np.concatenate([np.full(len(own), share / len(own)), np.full(others, (1 - share) / others)])
    losses = []
    for model, sigmoid in zip(models, sigmoids):
        margins = np.concatenate([model.examples[own], model.background[task.fitted]])
        losses.append(log_losses(sigmoid.of(margins), np.arange(len(margins)) < len(own)))
    return select(losses, weights)


class ImagesWithBackground(TrainingImages):
    """The images of a tag with the pictures ``fitted`` (k,) of a sample at their end, which all tags share."""

    def __init__(self, examples: Examples, sample: MountainSample, fitted: Rows) -> None:
        super().__init__(examples, sample.moments, fixed_moments=True)
        self._sample = sample
        self._fitted = fitted

    def _changed(self, change: Decorrelation, amount: float) -> NDArray[np.float32]:
        own = change.of(self.examples.x[: len(self.examples) - len(self._fitted)])
        return np.concatenate([own.astype(np.float32), self._sample.changed(amount)[self._fitted]])


class _Task:
    """What the fits of one tag share.

    ``images`` are the ``examples`` and then the pictures ``fitted`` (k,) of the background. Near-duplicates of examples
    that a fold holds out are ``held_with`` (m,) that fold, others with none: -1.
    """

    def __init__(
        self,
        examples: Examples,
        sample: MountainSample,
        like_tag: NDArray[np.bool_],
        is_apart: NDArray[np.bool_],
        seed: int,
    ) -> None:
        self.examples = examples
        self._sample = sample
        self.fitted = np.flatnonzero(~(like_tag | is_apart)[: sample.fitted])
        more = len(self.fitted)
        joined = Examples(
            np.concatenate([examples.x, sample.x[self.fitted]]),
            np.concatenate([examples.is_tag, np.zeros(more, dtype=bool)]),
            np.ones(len(examples) + more),
            np.concatenate([examples.groups, sample.groups[self.fitted]]),
            np.arange(len(examples) + more),
            examples.direction,
        )
        self.images: TrainingImages = ImagesWithBackground(joined, sample, self.fitted)
        self._fold = stratified_folds(joined.is_tag, joined.groups, seed)
        self._held_with = np.full(len(sample), -1)
        if self._fold is not None:
            fold_of = dict(zip(joined.groups[joined.is_tag].tolist(), self._fold[joined.is_tag].tolist()))
            for row in np.flatnonzero(like_tag):
                self._held_with[row] = fold_of.get(int(sample.groups[row]), -1)
            fold_of = dict(zip(examples.groups.tolist(), self._fold.tolist()))
            for row in np.flatnonzero(is_apart):
                self._held_with[row] = fold_of.get(int(sample.groups[row]), -1)
        count = int(joined.is_tag.sum())
        self._weight = float(np.clip((len(joined) - count) / count, 1.0, _MOST_WEIGHT))

    def fit(self, recipe: Recipe, weights: Floats) -> MountainModel:
        """Fit a model; ``weights`` (k,) are those of the pictures of the background that it is fitted to."""
        examples, n = self.images.examples, len(self.examples)
        images = self.images.weighted(
            np.concatenate([np.where(self.examples.is_tag, self._weight, 1.0), weights]),
        )
        background, out_of_fold = np.empty(len(self._sample)), np.empty(len(examples))
        fitted = recipe.fit(images)
        is_asked = self._held_with < 0
        if self._fold is None:
            self._ask(fitted, images, np.flatnonzero(is_asked), background)
            return MountainModel(fitted, recipe, background, out_of_fold[:0])
        is_asked[self.fitted] = False
        self._ask(fitted, images, np.flatnonzero(is_asked), background)
        for number, fold in enumerate(images.folds(self._fold)):
            of_fold = recipe.fit(fold.training)
            out_of_fold[fold.held_out] = of_fold.margins(fold)
            self._ask(of_fold, fold.training, np.flatnonzero(self._held_with == number), background)
        background[self.fitted] = out_of_fold[n:]
        return self._calibrated(MountainModel(fitted, recipe, background, out_of_fold[:n]))

    def _ask(self, fitted: Fitted, images: TrainingImages, rows: Rows, margins: Floats) -> None:
        """Fill in the margins of some pictures of the background."""
        for start in range(0, len(rows), _ASKED):
            part = rows[start : start + _ASKED]
            margins[part] = fitted.margins(OtherImages(self._sample.x[part], images))

    def _calibrated(self, model: MountainModel) -> MountainModel:
        """Return the model with how much of the mountain has the tag, and what its margins mean there."""
        is_tag = self.examples.is_tag
        own, others = model.examples[is_tag], model.examples[~is_tag]
        ranking = Ranking.of(model.examples, is_tag, np.ones(len(is_tag))) if len(others) else None
        prevalence = estimate_prevalence(own, model.background, ranking.roc_auc if ranking else 0.0)
        found = fit_mountain_sigmoid(own, model.background, prevalence.share)
        if found is None and prevalence.is_most:
            found = self._by_other_tags(model, prevalence.share)
        if found is None:
            return replace(model, examples=model.examples[:0])
        return replace(model, sigmoid=found[0], prevalence=prevalence, has_tag=found[1])

    def _by_other_tags(self, model: MountainModel, share: float) -> Optional[tuple[Sigmoid, Floats]]:
        """Calibrate by examples alone: a mountain that is nearly all the tag does not show what others look like."""
        is_tag = self.examples.is_tag
        of_class = np.where(is_tag, share / is_tag.sum(), (1 - share) / max(int((~is_tag).sum()), 1))
        sigmoid = fit_sigmoid(model.examples, is_tag, of_class * len(is_tag))
        return (sigmoid, sigmoid.of(model.background)) if sigmoid else None
