"""The pictures of a tag in columns by probability, a part of each at a time, which follows a score and a name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...datasets import Rows
from ...tag_models import bin_numbers
from .tag_state import TagState

#: Columns, and pictures that are shown of each at a time.
COLUMNS, IN_COLUMN = 5, 12


@dataclass(frozen=True, eq=False)
class BinPart:
    """What is shown of one column: the bin (``low``, ``high``] of ``count`` pictures, ``rows`` (n,) from the best down.

    The first of them comes after ``start`` others, and ``after`` is the key of the last.
    """

    low: float
    high: float
    count: int
    start: int
    rows: Rows
    after: str


def bin_parts(state: TagState, after: str) -> Sequence[BinPart]:
    """Return the next part of each column, the highest first; ``after`` has the keys that they follow, with spaces.

    What is no key begins at the top. Scores that changed since then move pictures to other columns, not the key.
    """
    margins = state.margins[state.by_score].astype(np.float64)
    bins = bin_numbers(1 / (1 + np.exp(-np.clip(margins, -700, 700))), COLUMNS)
    keys = after.split(" ")
    parts = []
    for place in range(COLUMNS):
        number = COLUMNS - place
        rows = state.by_score[bins == number]
        key = keys[place] if place < len(keys) else ""
        start = _position(state, rows, key)
        shown = rows[start : start + IN_COLUMN]
        last = _key(state, int(shown[-1])) if len(shown) else key
        parts.append(BinPart((number - 1) / COLUMNS, number / COLUMNS, len(rows), start, shown, last))
    return parts


def _key(state: TagState, row: int) -> str:
    return f"{float(state.margins[row])!r}~{state.collected.pictures[row].hash_id}"


def _position(state: TagState, rows: Rows, key: str) -> int:
    """Return how many of the rows come before a key or at it."""
    score, _, hash_id = key.partition("~")
    try:
        margin = float(score)
    except ValueError:
        return 0
    row = state.collected.rows.get(hash_id, -1)
    margins = state.margins[rows]
    return int(((margins > margin) | ((margins == margin) & (rows <= row))).sum())
