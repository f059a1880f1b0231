"""Pages that measure, and pages that mend: random pictures of each stratum of scores, and labels that look wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...datasets import Rows
from ...tag_models import Floats
from .learner import Labels
from .pages import AT_RANDOM, CHECK, PAGE_SIZE, WRONG, Candidates, Page
from .pool import Flags, Vectors, best_first

#: Above the threshold so many parts of equal size; below it the first stratum has so many pictures, and each further
#: one three times as many.
_PARTS_ABOVE, _FIRST_BELOW, _GROWTH = 3, 24, 3

#: Why a labelled picture is shown.
UNLIKE_YES = "marked yes, but unlike the others"
LIKE_YES = "marked no, but like those that are yes"


def strata(margins: Vectors, is_unlabelled: Flags, threshold: float = 0.0) -> tuple[list[Rows], list[Rows]]:
    """Return the unlabelled rows above and below a threshold of the margin, in strata by rank from the best down.

    ``margins`` (N,) float32 and ``is_unlabelled`` (N,). No stratum is empty.
    """
    rows = best_first(margins, np.flatnonzero(is_unlabelled))
    count = int((margins[rows] >= threshold).sum())
    above = [part for part in np.array_split(rows[:count], _PARTS_ABOVE) if len(part)]
    below, start, size = [], count, _FIRST_BELOW
    while start < len(rows):
        below.append(rows[start : start + size])
        start, size = start + size, size * _GROWTH
    return above, below


def check_page(candidates: Candidates, threshold: float, seed: int, size: int = PAGE_SIZE) -> Page:
    """Return random open pictures, equal numbers of each stratum, shuffled; none comes marked as yes.

    Its verdicts measure (:func:`.live_figures`) and are never trained on.
    """
    random = np.random.default_rng(seed)
    above, below = strata(candidates.margins, candidates.is_open, threshold)
    rows = _drawn([*above, *below], candidates.pool.groups, size, random)
    count = len(rows)
    return Page(rows, candidates.margins[rows], (CHECK,) * count, (AT_RANDOM,) * count, np.zeros(count, dtype=bool))


def likely_wrong_page(labels: Labels, out_of_fold: Floats, size: int = PAGE_SIZE) -> Page:
    """Return the labelled pictures whose label the other labels believe least, the worst first, marked as they are.

    ``out_of_fold`` (n,) are their margins by models that did not learn from them (:meth:`.QuickLearner.out_of_fold`).
    Pictures on whose side of the threshold the others are too are left out.
    """
    doubt = np.where(labels.is_yes, -out_of_fold, out_of_fold)
    order = np.lexsort((labels.rows, -doubt))[:size]
    order = order[doubt[order] > 0]
    is_yes = labels.is_yes[order]
    reasons = tuple(UNLIKE_YES if yes else LIKE_YES for yes in is_yes.tolist())
    margins = out_of_fold[order].astype(np.float32)
    return Page(labels.rows[order], margins, (WRONG,) * len(order), reasons, is_yes)


def _drawn(parts: Sequence[Rows], groups: Rows, size: int, random: np.random.Generator) -> Rows:
    """Return ``size`` rows, drawn by turns from the parts, one of each group; fewer when there are no more."""
    shuffled = [iter(random.permutation(part).tolist()) for part in parts]
    chosen: list[int] = []
    taken: set[int] = set()
    while shuffled and len(chosen) < size:
        left = []
        for part in shuffled:
            row = next((row for row in part if int(groups[row]) not in taken), None)
            if row is not None and len(chosen) < size:
                chosen.append(row)
                taken.add(int(groups[row]))
                left.append(part)
        shuffled = left
    return random.permutation(np.array(chosen, dtype=np.int64))
