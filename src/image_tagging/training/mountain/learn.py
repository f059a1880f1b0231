"""A tag's images and the background -> estimators, and what is to be expected of them on the mountain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Optional

import numpy as np
from numpy.typing import NDArray

from ...datasets import Rows
from ...tag_models import Floats, unit_rows
from ..evaluation.thresholds import Aim
from ..fitting.calibration import Sigmoid
from ..fitting.examples import Examples, subsample
from ..fitting.fit import MOST_LEARNED, FittedModel
from .figures import OnMountain, measure_on_mountain, not_calibrated
from .fit import MountainModel, fit_with_background
from .sample import MountainSample

#: What makes probabilities of the margins of a model that nothing has calibrated: they only put pictures in order.
_UNCALIBRATED = Sigmoid(1.0, 0.0)


class OfTag(NamedTuple):
    """What one tag is learned from: ``embeddings`` (n, D), which ``is_tag`` (n,), and ``like_tag`` (m,).

    ``groups`` (n,) are near-duplicates by the numbers of the sample, and ``like_tag`` the pictures of the background
    that are near-duplicates of any image of the tag. ``weights`` say how many images each one of the tag, and each
    other, stands for. ``direction`` (D,) is that of the tag's name, if it is used. ``is_apart`` (m,) are pictures of
    the background that no model is fitted to, and ``is_kept`` (n,) others that are learned from in any case.
    """

    embeddings: NDArray[np.float32]
    is_tag: NDArray[np.bool_]
    groups: Rows
    like_tag: NDArray[np.bool_]
    weights: tuple[float, float] = (1.0, 1.0)
    direction: Optional[Floats] = None
    is_apart: Optional[NDArray[np.bool_]] = None
    is_kept: Optional[NDArray[np.bool_]] = None


def learn_on_mountain(
    tag: OfTag, sample: MountainSample, aims: Sequence[Aim], seed: int
) -> dict[str, tuple[FittedModel, OnMountain]]:
    """Return the models of one tag by their kinds, each with what is to be expected of it on the mountain.

    The threshold is that of the first of the ``aims``; those of the others are noted.
    """
    rows = np.arange(len(tag.is_tag))
    x = unit_rows(tag.embeddings.astype(np.float64))
    everything = Examples(
        x, tag.is_tag, np.where(tag.is_tag, *tag.weights), tag.groups, rows, tag.direction, any_others=False
    )
    examples = subsample(everything, sample.moments, MOST_LEARNED, seed, tag.is_kept)
    models = fit_with_background(examples, sample, tag.like_tag, seed, tag.is_apart)
    return {kind: _measured(model, examples, aims) for kind, model in models.items()}


def _measured(model: MountainModel, examples: Examples, aims: Sequence[Aim]) -> tuple[FittedModel, OnMountain]:
    sigmoid = model.sigmoid or _UNCALIBRATED
    estimator = model.fitted.estimator(sigmoid)
    out_of_fold = sigmoid.of(model.examples)
    rows = examples.rows[: len(out_of_fold)]
    fitted = FittedModel(
        estimator,
        model.recipe,
        rows,
        out_of_fold,
        examples.weights[: len(rows)],
        None if model.sigmoid else not_calibrated(aims[0]),
    )
    of_tag = out_of_fold[examples.is_tag[: len(rows)]]
    return fitted, measure_on_mountain(model, sigmoid.of(model.background), of_tag, aims)
