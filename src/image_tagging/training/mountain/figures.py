"""What is to be expected of a model on the mountain, and the pictures that show it.

No picture of the mountain has a label: the figures rest on calibrated probabilities of the background, and on examples
that the models had not seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...tag_models import Floats
from ..evaluation.ranking import Ranking, precision_interval
from ..evaluation.thresholds import Aim
from .fit import MountainModel
from .prevalence import Prevalence
from .thresholds import NOTHING, mountain_thresholds

#: Pictures shown of each sort.
_SUREST, _NEAR = 10, 6

NOT_DISTINGUISHED = "cannot be distinguished from the mountain: its figures there mean little"
MOSTLY_TAG = "the mountain is mostly this tag"
_UNCALIBRATED = "not calibrated: too few images to hold some out"
NOT_CALIBRATED = f"{_UNCALIBRATED}; nothing is tagged"


def not_calibrated(aim: Aim) -> str:
    """Return the warning of a model that is not calibrated: it tags nothing, unless a person has set its threshold."""
    return NOT_CALIBRATED if aim.fixed is None else _UNCALIBRATED


_FIGURES = (
    *("prevalence", "prevalence_interval", "average_precision", "average_precision_interval", "precision", "recall"),
    *("f1", "tagged", "expected_right"),
)


@dataclass(frozen=True, eq=False)
class OnMountain:
    """A model on the mountain: the ``probabilities`` (m,) of the background, and from which ``threshold`` up it tags.

    ``figures`` are what its card says, under ``mountain``; ``thresholds`` are those of other aims.
    """

    probabilities: Floats
    threshold: float
    figures: dict[str, Any]
    thresholds: Mapping[Aim, float] = field(default_factory=dict)

    @property
    def warnings(self) -> list[str]:
        """Why its figures deserve less trust."""
        return list(self.figures["warnings"])

    def examples(self) -> dict[str, list[tuple[int, float]]]:
        """Return pictures by their rows in the background: the surest, those at the threshold, those just below it."""
        order = np.argsort(-self.probabilities, kind="stable")
        tagged = int((self.probabilities >= self.threshold).sum())
        chosen = {
            "surest": order[:_SUREST],
            "at_threshold": order[max(0, tagged - _NEAR) : tagged],
            "just_below": order[tagged : tagged + _NEAR],
        }
        return {sort: [(int(row), float(self.probabilities[row])) for row in rows] for sort, rows in chosen.items()}


def measure_on_mountain(
    model: MountainModel, probabilities: Floats, of_examples: Floats, aims: Sequence[Aim]
) -> OnMountain:
    """Return what is to be expected of a model; its threshold is that of the first of the ``aims``.

    ``probabilities`` (m,) are those of the background, ``of_examples`` (n,) those of examples of the tag out of fold;
    none where the model is not calibrated, which then tags nothing.
    """
    if model.prevalence is None or model.has_tag is None:
        fixed, unknown = aims[0].fixed, _unknown(len(probabilities))
        threshold = NOTHING if fixed is None else fixed
        return OnMountain(probabilities, threshold, {**unknown, "warnings": [not_calibrated(aims[0])]})
    share = model.prevalence.share
    thresholds = mountain_thresholds(probabilities, of_examples, share, aims)
    threshold = thresholds[aims[0]]
    is_tagged = probabilities >= threshold
    tagged, right = int(is_tagged.sum()), float(probabilities[is_tagged].sum())
    precision, recall = right / tagged if tagged else None, float((of_examples >= threshold).mean())
    warnings = _warnings(model.prevalence)
    figures = {
        **_unknown(len(probabilities)),
        "prevalence": share,
        "prevalence_interval": [model.prevalence.low, model.prevalence.high],
        **_average_precision(model.prevalence, model.has_tag, probabilities, of_examples),
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if precision else None,
        "tagged": tagged,
        "expected_right": right if NOT_DISTINGUISHED not in warnings else None,
        "warnings": warnings,
    }
    return OnMountain(probabilities, threshold, figures, thresholds)


def _average_precision(
    prevalence: Prevalence, has_tag: Floats, probabilities: Floats, of_examples: Floats
) -> dict[str, Any]:
    """The average precision of the examples among what of the background does not have the tag, with its interval.

    The interval has the chance in the examples, and that in the share of the mountain that has the tag.
    """
    n, m = len(of_examples), len(probabilities)
    p, is_tag = np.concatenate([of_examples, probabilities]), np.arange(n + m) < n

    def where(share: float) -> float:
        """Return the figure where so much of the mountain has the tag; without any others it is 1."""
        others = 1 - np.minimum(has_tag * (share / prevalence.share), 1)
        weights = np.concatenate([np.full(n, share * m / n), others])
        counts = weights > 0
        ranking = Ranking.of(p[counts], is_tag[counts], weights[counts])
        return ranking.average_precision if ranking else 1.0

    figure, bounds = where(prevalence.share), (where(prevalence.low), where(prevalence.high))
    interval = precision_interval(figure, n, bounds)
    return {"average_precision": figure, "average_precision_interval": list(interval)}


def _warnings(prevalence: Prevalence) -> list[str]:
    if prevalence.is_most:
        return [MOSTLY_TAG]
    return [] if prevalence.is_distinguished else [NOT_DISTINGUISHED]


def _unknown(pictures: int) -> dict[str, Any]:
    return {"pictures": pictures, **dict.fromkeys(_FIGURES)}
