"""The threshold of a model that was just learned: by the aim of its tag, and what other aims would give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Optional

import numpy as np

from ..datasets import Split
from ..tag_models import DEFAULT_THRESHOLD, Floats
from .evaluation.out_of_fold import OutOfFold
from .evaluation.thresholds import REJECT_OTHERS, USUAL_AIMS, Aim, choose_thresholds, reject_others
from .mountain.figures import OnMountain
from .mountain.thresholds import NOTHING


@dataclass(frozen=True)
class Threshold:
    """From which ``probability`` up an image has the tag, what it is ``meant_for``, and on what it was chosen.

    ``measured_on`` is ``mountain`` where a background was given, else ``examples``. ``usual`` has what other aims give.
    ``by_training`` is what the aim of all tags gives, where this tag has one that a person has set.
    """

    probability: float
    meant_for: Optional[str]
    measured_on: str
    usual: Mapping[str, float] = field(default_factory=dict)
    by_training: Optional[Threshold] = None


def mountain_choice(found: OnMountain, aims: Sequence[Aim]) -> Threshold:
    """Return the threshold of a model that was distinguished from a background, by the first of the aims.

    The second is that of all tags.
    """
    usual = {str(aim): found.thresholds[aim] for aim in USUAL_AIMS if aim in found.thresholds}
    chosen = Threshold(found.threshold, str(aims[0]), "mountain", usual)
    if aims[0] == aims[1]:
        return chosen
    by_training = Threshold(found.thresholds.get(aims[1], NOTHING), str(aims[1]), "mountain")
    return replace(chosen, by_training=by_training)


def examples_choice(out_of_fold: OutOfFold, split: Split, aims: Sequence[Aim], learned: Floats) -> Threshold:
    """Return the threshold by the first of the aims; the second is that of all tags.

    ``learned`` are probabilities of the training images, where no aim is served. Of a tag without an image nothing is
    known that could serve an aim: there an image has the tag where that is more likely than not. A threshold that a
    person has set holds in any case.
    """
    by_aim = _by_aims(out_of_fold, split, aims, learned)
    is_served = split.is_tag.any() and not len(learned)
    usual = {str(aim): by_aim[aim].probability for aim in USUAL_AIMS} if is_served else {}
    by_training = None if aims[0] == aims[1] else by_aim[aims[1]]
    return replace(by_aim[aims[0]], usual=usual, by_training=by_training)


def _by_aims(out_of_fold: OutOfFold, split: Split, aims: Sequence[Aim], learned: Floats) -> dict[Aim, Threshold]:
    if split.is_tag.any() and not len(learned):
        measured = (out_of_fold.probabilities, out_of_fold.is_tag, out_of_fold.weights)
        chosen = choose_thresholds(*measured, aims)
        return {aim: Threshold(chosen[aim], str(aim), "examples") for aim in aims}
    other = Threshold(DEFAULT_THRESHOLD, None, "examples")
    if split.is_tag.any():
        seen = np.concatenate([learned, out_of_fold.probabilities])
        is_tag = np.concatenate([split.is_tag, out_of_fold.is_tag])
        other = Threshold(reject_others(seen, is_tag), REJECT_OTHERS, "examples")
    fixed = {aim: Threshold(aim.fixed, str(aim), "examples") for aim in aims if aim.fixed is not None}
    return {**dict.fromkeys(aims, other), **fixed}
