"""What is known of one tag: the examples of its folder, and what a person said, which counts more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Optional

import numpy as np
from numpy.typing import NDArray

from ...datasets import Rows
from ...store import NO, UNSURE, YES, InForce
from ...training import active
from .collected import Collected

#: Modes of verdicts.
NEXT, ALL, BINS, BOUNDARY, WRONG, PICKED = "next", "all", "bins", "boundary", "wrong", "picked"

#: Modes of verdicts on pictures of a page that are no verdicts of that page: of another tag, and of near-duplicates.
PINNED, ALIKE = "pinned", "alike"


@dataclass(frozen=True, eq=False)
class TagLabels:
    """The labels of a tag.

    ``held`` has the verdict in force by row, ``labels`` what is learned, ``checks`` what measures, ``judged`` (n,) all
    rows with an example or a verdict, ``shown`` the verdicts of pages other than check with the margins shown, and
    ``unknown`` counts verdicts on pictures that the folder does not have.
    """

    held: Mapping[int, InForce]
    labels: active.Labels
    checks: active.Checks
    judged: Rows
    shown: active.Verdicts
    unknown: int


def labels_of(collected: Collected, tag: str, held: Iterable[InForce]) -> TagLabels:
    """Return the labels of a tag; verdict before folder, check and unsure left out of what is learned."""
    by_row = {collected.rows[each.verdict.hash_id]: each for each in held if each.verdict.hash_id in collected.rows}
    said = {row: each for row, each in by_row.items() if each.check is None and each.verdict.verdict != UNSURE}
    examples = [row for row in collected.examples.get(tag, _NONE).tolist() if row not in by_row]
    rows = [*said, *examples]
    is_yes = [*(each.verdict.verdict == YES for each in said.values()), *(True for _ in examples)]
    left_out = np.array([row for row in by_row if row not in said], dtype=np.int64)
    labels = active.Labels(np.array(rows, dtype=np.int64), np.array(is_yes, dtype=bool), len(said), left_out)
    checked = {row: each for row, each in by_row.items() if each.check and each.verdict.verdict != UNSURE}
    checks = active.Checks(
        np.array(list(checked), dtype=np.int64),
        np.array([each.verdict.verdict == YES for each in checked.values()], dtype=bool),
    )
    known = int((labels.is_yes & collected.is_mountain[labels.rows]).sum())
    return TagLabels(
        held=by_row,
        labels=labels,
        checks=checks,
        judged=np.concatenate([labels.rows, left_out]),
        shown=_shown(said, known),
        unknown=sum(each.verdict.hash_id not in collected.rows for each in held),
    )


def flips_of(held: Iterable[InForce]) -> list[int]:
    """Return how many pictures of each page of the order *next* came marked wrongly, the first page first."""
    pages: dict[int, int] = {}
    for verdict in (each.verdict for each in held):
        if verdict.mode == NEXT:
            is_marked = verdict.score is not None and verdict.score >= 0.5
            wrong = verdict.verdict != UNSURE and (verdict.verdict == YES) != is_marked
            pages[verdict.batch] = pages.get(verdict.batch, 0) + wrong
    return [pages[batch] for batch in sorted(pages)]


def top_share(held: Iterable[InForce], is_top: Mapping[str, bool]) -> Optional[float]:
    """Return the share of yes among the *top* pictures of the last page of the order *next* that had any.

    ``is_top`` says it by name where that is remembered; else those shown at a probability of a half or more count.
    """
    pages: dict[int, list[bool]] = {}
    for verdict in (each.verdict for each in held):
        was_top = is_top.get(verdict.hash_id, (verdict.score or 0.0) >= 0.5)
        if verdict.mode == NEXT and verdict.score is not None and was_top and verdict.verdict in {YES, NO}:
            pages.setdefault(verdict.batch, []).append(verdict.verdict == YES)
    return float(np.mean(pages[max(pages)])) if pages else None


_NONE: Rows = np.empty(0, dtype=np.int64)


def _shown(said: Mapping[int, InForce], known: int) -> active.Verdicts:
    verdicts = [each.verdict for each in said.values() if each.verdict.score is not None]
    scores = np.clip(np.array([each.score for each in verdicts], dtype=np.float64), 1e-6, 1 - 1e-6)
    margins: NDArray[np.float32] = np.log(scores / (1 - scores)).astype(np.float32)
    is_yes = np.array([each.verdict == YES for each in verdicts], dtype=bool)
    return active.Verdicts(margins, is_yes, known)
