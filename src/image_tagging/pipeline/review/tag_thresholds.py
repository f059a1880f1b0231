"""Precision and recall of a tag at other thresholds than a half, and the threshold that a person keeps."""

from __future__ import annotations

import math
import os
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import ModelError, OutputError
from ...text import counted
from ...training import active
from ..thresholds import set_threshold
from .names import as_name
from .review import Review
from .tags import has_figures

#: The probabilities at which figures are given.
THRESHOLDS = tuple(number / 20 for number in range(1, 20))
_HALF = 0.5


@dataclass(frozen=True)
class KeptThreshold:
    """What became of a threshold, as a sentence, and the ``command`` that sets it, where it could not be set now."""

    said: str
    command: str = ""


def threshold_figures(review: Review, tag: str) -> Sequence[tuple[float, active.LiveFigures]]:
    """Return precision and recall at each of ``THRESHOLDS``; none where nothing was judged or learned yet."""
    with review.opened() as now:
        state = now.states.of(as_name(tag))
        if not has_figures(state):
            return ()
        figures = state.curve(now.states.learner, [math.log(p / (1 - p)) for p in THRESHOLDS])
        at_half = state.figures(now.states.learner)  # what the page says already
    return [(p, at_half if p == _HALF else each) for p, each in zip(THRESHOLDS, figures)]


def keep_threshold(review: Review, tag: str, threshold: float) -> KeptThreshold:
    """Set the threshold of the models of a tag, as ``image-tagging threshold`` does, which the next training keeps.

    Raises
    ------
    InputError
        The threshold is not between 0 and 1.
    OutputError
        The review is read-only.
    """
    name = as_name(tag)
    if review.read_only:
        raise OutputError(review.why_read_only())
    try:
        summary = set_threshold(name, threshold, review.folder)
    except ModelError as error:  # there is no model of it yet, or one without a card
        return KeptThreshold(f"Not kept: {error}")
    except OutputError as error:
        return KeptThreshold(f"Not kept now: {error} Then run:", _command(name, threshold, review.folder))
    models = counted(len(summary.changes), "model")
    return KeptThreshold(
        f"Kept: {threshold:.2f} is the threshold of the {models} of {name}, and further trainings keep it. Models "
        "score a little differently from what is shown here; train (r) to place images by it."
    )


def _command(tag: str, threshold: float, folder: str) -> str:
    words = ["image-tagging", "threshold", "--output", folder, "--", tag, f"{threshold:g}"]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
