"""From which probability up a picture of the mountain is tagged, by probabilities alone: none of them has a label."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ...tag_models import Floats
from ..evaluation.thresholds import BALANCED, F1, RECALL, Aim

#: F1 of probabilities that say nothing is best where everything is tagged: at most so many times the estimated number.
_MOST_TIMES, _MORE = 3, 10

#: Where nothing is to be tagged.
NOTHING = 1.0


def mountain_threshold(probabilities: Floats, of_examples: Floats, share: float, aim: Aim) -> float:
    """Return the threshold that serves the aim on the mountain.

    ``probabilities`` (m,) are those of the background, ``of_examples`` (n,) those of examples that the models had not
    seen, and ``share`` is that of the mountain that has the tag. For ``f1`` the expected F1 of tagging the first k is
    2 sum(p) / (k + sum of all p) (Lipton, Elkan and Narayanaswamy 2014, "Thresholding classifiers to maximize F1
    score"); for ``precision`` the largest k whose mean probability reaches it; for ``recall`` the quantile of the
    examples; for ``balanced`` the share of the tag, as on examples.
    """
    return mountain_thresholds(probabilities, of_examples, share, [aim])[aim]


def mountain_thresholds(
    probabilities: Floats, of_examples: Floats, share: float, aims: Iterable[Aim]
) -> dict[Aim, float]:
    """Return the threshold of each aim, as :func:`mountain_threshold` does."""
    p = np.sort(probabilities)[::-1]
    return {aim: _threshold_of(aim, p, np.cumsum(p), of_examples, share) for aim in aims}


def _threshold_of(aim: Aim, p: Floats, found: Floats, of_examples: Floats, share: float) -> float:
    """Return the threshold of an aim, from falling probabilities and their sums so far."""
    if aim.fixed is not None:
        return aim.fixed
    if aim.name == BALANCED:
        return share
    if aim.name == RECALL:
        return float(np.quantile(of_examples, 1 - aim.share, method="lower"))
    number = np.arange(1, len(p) + 1)
    if aim.name == F1:
        most = int(_MOST_TIMES * share * len(p)) + _MORE
        count = int(np.argmax((2 * found / (number + p.sum()))[:most])) + 1
    else:
        reached = np.flatnonzero(found / number >= aim.share)
        count = int(reached[-1]) + 1 if len(reached) else 0
    return _between(p, count)


def _between(p: Floats, count: int) -> float:
    """Return a threshold that the first ``count`` of falling probabilities reach, and the next does not."""
    if not count:
        return NOTHING
    below = float(p[count]) if count < len(p) else 0.0
    middle = (float(p[count - 1]) + below) / 2
    return middle if middle > below else float(p[count - 1])
