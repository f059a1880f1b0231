"""From which probability up an image counts as having the tag, for what a person wants of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Optional

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...tag_models import DEFAULT_THRESHOLD, YOU, Floats
from ...text import shortened
from .ranking import Ranking

BALANCED, F1, PRECISION, RECALL = "balanced", "f1", "precision", "recall"

#: Shares of precision and recall for which a card has thresholds, so that another aim needs no training.
_SHARES = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99)

#: What a card says where no aim can be served: the threshold rejects all others that the model learned from.
REJECT_OTHERS = "reject-others"

#: No aim can be served with fewer images of the tag, or of others: what is right for two says nothing of a third.
FEWEST_FOR_AIM = 3

#: By this share of a probability, or of what it lacks to 1, a threshold lies next to it.
_SLIGHTLY = 1e-6


@dataclass(frozen=True)
class Aim:
    """What a threshold is for: ``balanced``, ``f1``, or the given ``share`` of ``precision`` or ``recall``.

    Of a threshold that a person has set, the name is ``you`` and ``share`` the threshold itself.
    """

    name: str
    share: float = 0.0

    @property
    def fixed(self) -> Optional[float]:
        """The threshold that a person has set, ``None`` for any other aim."""
        return self.share if self.name == YOU else None

    def __str__(self) -> str:
        return f"{self.name}={self.share:g}" if self.name in {PRECISION, RECALL} else self.name


def parse_aim(text: str) -> Aim:
    """``balanced``, ``f1``, ``precision=0.9`` or ``recall=0.9``; raises InputError of anything else."""
    if text in {BALANCED, F1}:
        return Aim(text)
    match = re.fullmatch(r"(precision|recall)=(0?\.\d+|1|1\.0)", text)
    if match and float(match[2]) > 0:
        return Aim(match[1], float(match[2]))
    raise InputError(
        f"threshold_for is {text!r}; it is balanced, f1, precision=0.9 or recall=0.9 (any share above 0, up to 1)."
    )


#: The aims that a card has thresholds for.
USUAL_AIMS = (Aim(F1), Aim(BALANCED), *(Aim(name, share) for name in (PRECISION, RECALL) for share in _SHARES))


def as_aim(value: object) -> Aim:
    """Return the aim that a text names, as :func:`parse_aim`, or that of a threshold from 0 to 1: a number or its text.

    Raises
    ------
    InputError
        It is neither.
    """
    try:
        number = float(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else None
    except ValueError:
        number = None
    if number is not None and 0 <= number <= 1:
        return Aim(YOU, number)
    if isinstance(value, str) and number is None:
        with suppress(InputError):
            return parse_aim(value)
    raise InputError(
        f"{shortened(str(value), 50)!r} is no threshold: give a number from 0 to 1, or an aim: f1, balanced, "
        "precision=0.9 or recall=0.9 (any share above 0, up to 1)."
    )


def choose_threshold(probabilities: Floats, is_tag: NDArray[np.bool_], weights: Floats, aim: Aim) -> float:
    """Return the threshold that reaches the aim best on out-of-fold images (n,).

    ``weights`` (n,) say how many images each stands for.

    Between two images' probabilities it lies half-way. For ``precision`` it is the lowest that keeps the share, for
    ``recall`` the highest; where none does, the one that comes closest.

    For ``balanced`` it is the share that the tag has among the images: for probabilities that mean what they say that
    is the optimum of balanced accuracy, and it does not jump about with single images, as the best of few does
    (docs/classifiers.md has both, measured).
    """
    return choose_thresholds(probabilities, is_tag, weights, [aim])[aim]


def choose_thresholds(
    probabilities: Floats, is_tag: NDArray[np.bool_], weights: Floats, aims: Iterable[Aim]
) -> dict[Aim, float]:
    """Return the threshold of each aim, as :func:`choose_threshold` does."""
    ranking = Ranking.of(probabilities, is_tag, weights)
    balanced = float(weights[is_tag].sum() / weights.sum()) if ranking else DEFAULT_THRESHOLD
    return {aim: _threshold_of(aim, ranking, balanced) for aim in aims}


def _threshold_of(aim: Aim, ranking: Optional[Ranking], balanced: float) -> float:
    if aim.fixed is not None:
        return aim.fixed
    if ranking is None or aim.name == BALANCED:
        return balanced
    p, precision, recall = ranking.probabilities, ranking.precision, ranking.recall
    if aim.name == F1:
        best = int(np.argmax(2 * precision * recall / np.maximum(precision + recall, np.finfo(np.float64).tiny)))
    elif aim.name == RECALL:
        best = int(np.argmax(recall >= aim.share))
    else:
        reached = np.flatnonzero((precision >= aim.share) & (recall > 0))
        best = int(reached[-1]) if len(reached) else int(np.argmax(precision))
    below = p[best + 1] if best + 1 < len(p) else 0.0
    middle = float((p[best] + below) / 2)
    return middle if middle > below else float(p[best])  # two neighbours among floats have nothing between them


def reject_others(probabilities: Floats, is_tag: NDArray[np.bool_]) -> float:
    """Return a threshold above the probability of every other image (n,), for a model of very few images.

    Of one or two images of a tag this is the lowest such threshold: their own probabilities are those of images learned
    from, far above what another image of the tag gets. Where it is the others that are few, for the same reason it is
    the highest that keeps the images of the tag; where both are, it lies half-way.
    """
    own, others = probabilities[is_tag], probabilities[~is_tag]
    if not len(own) or not len(others):
        return DEFAULT_THRESHOLD
    lowest = _next_to(float(others.max()), 1.0)
    highest = max(lowest, _next_to(float(own.min()), 0.0))
    if len(others) >= FEWEST_FOR_AIM:
        return lowest
    return highest if len(own) >= FEWEST_FOR_AIM else (lowest + highest) / 2


def _next_to(probability: float, end: float) -> float:
    """Return a probability slightly nearer to 0 or 1: the same image may get another last digit in another batch."""
    step = max(_SLIGHTLY * min(probability, 1 - probability), float(np.spacing(probability)))
    return min(probability + step, end) if end else max(probability - step, end)
