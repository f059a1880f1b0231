"""The pages of a tag: which pictures, in which order, how each is marked, and why it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Optional

import numpy as np

from ...datasets import Rows
from ...store import CHECK, YES, Verdict
from ...tag_models import Floats
from ...training import active
from .bins import BinPart, bin_parts
from .labels import ALL, BINS, BOUNDARY, NEXT, WRONG
from .tag_state import TagState

#: The ways to go through the pictures of a tag, with a name for people.
MODES = {
    NEXT: "what helps most",
    ALL: "all by score",
    BINS: "columns by score",
    BOUNDARY: "near the threshold",
    CHECK: "random check",
    WRONG: "likely wrong",
}

#: Why a picture is shown in the order of all scores, and where an undone page is shown again.
_BY_SCORE, _JUDGED, _AGAIN = "by score", "judged before", "undone: judge it again"
_EXAMPLE = "an example"

#: Pictures of an undone page that are shown again, which are all of any page.
_MOST_AGAIN = 200


@dataclass(frozen=True)
class Cell:
    """One picture of a page: ``verdict`` is what holds (empty: nothing), ``copies`` counts its near-duplicates.

    ``score`` is the probability by the quick refit, ``None`` where there is none.
    """

    hash_id: str
    name: str
    is_marked: bool
    reason: str
    score: Optional[float]
    verdict: str
    copies: int
    width: int
    height: int
    format: str = ""


@dataclass(frozen=True)
class ShownPage:
    """A page of a tag in a mode. ``after`` names the picture that the next page of the mode *all* follows.

    In the mode *bins* the cells are those of the ``columns``, one after the other.

    ``note`` says why it is empty, or what is special; ``model`` is the SHA-256 of what gave the scores.
    """

    tag: str
    mode: str
    cells: Sequence[Cell]
    model: str
    after: str = ""
    note: str = ""
    parts: Sequence[str] = ()
    columns: Sequence[BinPart] = ()


def compose(state: TagState, learner: active.QuickLearner, mode: str, after: str = "") -> ShownPage:
    """Return the page that a person judges next in a mode."""
    if mode == ALL:
        return _all(state, after)
    if mode == BINS:
        return _in_bins(state, after)
    if mode == WRONG:
        return _likely_wrong(state, learner)
    seed = len(state.known.held)
    if state.fit is None:
        pool = state.collected.pool
        page = active.typical_page(pool, state.is_open, state.known.judged, seed)
        return _of(state, mode, page, f"Nothing is learned yet: {state.why}")
    if mode == CHECK:
        return _of(state, mode, active.check_page(state.candidates, 0.0, seed), "Scores are hidden: judge freely.")
    page = _boundary(state) if mode == BOUNDARY else active.next_page(state.candidates, state.top_share, seed)
    return _of(state, mode, page)


def begun(state: TagState, words: str, direction: Floats) -> ShownPage:
    """Return the first page of a tag of which nothing is learned yet: pictures that a text is about."""
    seed = len(state.known.held)
    page = active.page_similar_to(state.collected.pool, state.is_open, direction, seed)
    return _of(state, NEXT, page, f"Nothing is learned yet. These are most like the words {words!r}.")


def again(state: TagState, verdicts: Sequence[Verdict]) -> ShownPage:
    """Return a page of pictures whose verdicts were undone, marked as they were."""
    rows = state.collected.rows
    known = [each for each in verdicts if each.tag == state.tag and each.hash_id in rows]
    mode = known[0].mode if known and known[0].mode in MODES else NEXT
    cells = []
    for each in known[:_MOST_AGAIN]:
        cell = replace(
            _cell(state, rows[each.hash_id], _AGAIN),
            is_marked=each.verdict == YES,
            score=each.score,
            verdict=each.verdict,
        )
        cells.append(cell)
    return ShownPage(state.tag, mode, cells, state.model, note="Undone. The page is as you left it.")


def _of(state: TagState, mode: str, page: active.Page, note: str = "") -> ShownPage:
    cells = [
        replace(_cell(state, row, reason), is_marked=bool(marked))
        for row, reason, marked in zip(page.rows.tolist(), page.reasons, page.is_marked.tolist())
    ]
    note = note if cells else "No picture is left to judge here."
    return ShownPage(state.tag, mode, cells, state.model, note=note, parts=page.parts)


def _boundary(state: TagState) -> active.Page:
    """Return the pictures nearest to the threshold, one of each group of near-duplicates."""
    rows = np.flatnonzero(state.is_open)
    rows = rows[np.lexsort((rows, np.abs(state.margins[rows])))]
    _, first = np.unique(state.collected.pool.groups[rows], return_index=True)
    rows = rows[np.sort(first)[: active.PAGE_SIZE]]
    rows = rows[np.argsort(-state.margins[rows], kind="stable")]
    margins = state.margins[rows]
    count = len(rows)
    return active.Page(rows, margins, ("boundary",) * count, ("near the threshold",) * count, margins >= 0)


def _likely_wrong(state: TagState, learner: active.QuickLearner) -> ShownPage:
    known, mountain = state.known, state.fit
    margins = learner.out_of_fold(known.labels, mountain) if mountain else None
    if margins is None:
        note = "There are too few labels of both sorts to doubt one: judge some pages first."
        return ShownPage(state.tag, WRONG, (), state.model, note=note)
    # What was judged here already is what the person wants it to be.
    is_settled = [row in known.held and known.held[row].verdict.mode == WRONG for row in known.labels.rows.tolist()]
    left = ~np.array(is_settled, dtype=bool)
    labels = active.Labels(known.labels.rows[left], known.labels.is_yes[left])
    return _of(state, WRONG, active.likely_wrong_page(labels, margins[left]))


def _all(state: TagState, after: str) -> ShownPage:
    order = state.by_score
    start = _position(state, order, after)
    rows = order[start : start + active.PAGE_SIZE].tolist()
    cells = [_cell(state, row, _JUDGED if row in state.known.held else _BY_SCORE) for row in rows]
    note = "" if state.fit else f"Nothing is learned yet: {state.why}"
    is_last = start + active.PAGE_SIZE >= len(order)
    return ShownPage(
        state.tag,
        ALL,
        cells,
        state.model,
        "" if is_last or not cells else cells[-1].hash_id,
        note or _of_all(order, start),
    )


def _in_bins(state: TagState, after: str) -> ShownPage:
    if state.fit is None:
        return ShownPage(state.tag, BINS, (), state.model, note=f"Nothing is learned yet: {state.why}")
    columns = bin_parts(state, after)
    rows = [row for column in columns for row in column.rows.tolist()]
    cells = [_cell(state, row, _JUDGED if row in state.known.held else _BY_SCORE) for row in rows]
    note = "" if cells else "No column has more pictures: open this order again to begin at the top."
    return ShownPage(state.tag, BINS, cells, state.model, note=note, columns=columns)


def _of_all(order: Rows, start: int) -> str:
    return f"{min(start + 1, len(order)):,} to {min(start + active.PAGE_SIZE, len(order)):,} of {len(order):,}"


def _position(state: TagState, order: Rows, after: str) -> int:
    """Return the place after a picture, by its score and row: scores may have changed since it was shown."""
    if after not in state.collected.rows:
        return 0
    row = state.collected.rows[after]
    margin = state.margins[row]
    is_before = (state.margins[order] > margin) | ((state.margins[order] == margin) & (order <= row))
    return int(is_before.sum())


def _cell(state: TagState, row: int, reason: str) -> Cell:
    picture = state.collected.pictures[row]
    held = state.known.held.get(row)
    score = state.score(row)
    verdict = held.verdict.verdict if held else ""
    is_example = not held and row in state.collected.examples.get(state.tag, ())
    return Cell(
        hash_id=picture.hash_id,
        name=picture.files[0].name,
        is_marked=verdict == YES if verdict else score is not None and score >= 0.5,
        reason=_EXAMPLE if is_example and reason == _BY_SCORE else reason,
        score=score,
        verdict=verdict,
        copies=int(state.collected.copies[row]) - 1,
        width=picture.width,
        height=picture.height,
        format=picture.format,
    )
