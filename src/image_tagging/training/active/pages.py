"""Which pictures of a tag a person judges next: 24 of them, composed of the best and the most doubtful.

``benchmarks/review_order.py`` compares this order with others. A page comes sorted by margin, so that pictures that are
marked wrongly lie together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from ...datasets import Rows
from .pool import Flags, Pool, Vectors, one_of_each_group
from .spreading import spread

#: Pictures of a page.
PAGE_SIZE = 24
#: So many times as many are looked at for those that are unlike each other.
_CHOICE = 3

#: How many pictures of a page are *top* by the least share of yes among those of the last page, and if it is less.
_TOP_BY_SHARE = ((0.8, 4), (0.5, 8), (0.2, 12))
_MOST_TOP = 16

#: The parts that a picture can be shown for.
TOP, BOUNDARY, CHECK, START, WRONG = "top", "boundary", "check", "start", "likely wrong"

#: Why a picture is shown, in words for the page.
BEST = "among the best scores"
NEAR = "near the threshold"
UNSEEN = "not yet seen region"
AT_RANDOM = "random check"
TYPICAL = "typical of many pictures"
SIMILAR = "similar to what was asked for"


@dataclass(frozen=True, eq=False)
class Candidates:
    """The pictures of a ``pool`` as a tag has them now.

    ``margins`` (N,) float32 are those of its model, ``is_open`` (N,) says which may be shown (:func:`.open_rows`), and
    ``judged`` (n,) are the rows of its examples and of those judged.
    """

    pool: Pool
    margins: Vectors
    is_open: Flags
    judged: Rows


@dataclass(frozen=True, eq=False)
class Page:
    """Pictures to judge, in the order in which they are shown.

    ``rows`` (k,) of the pool, their ``margins`` (k,) float32 as they are now, the part and the reason of each, and
    whether each comes marked as yes (``is_marked`` (k,)): the person changes those that are wrong.
    """

    rows: Rows
    margins: Vectors
    parts: tuple[str, ...]
    reasons: tuple[str, ...]
    is_marked: Flags

    def __len__(self) -> int:
        return len(self.rows)


def next_page(candidates: Candidates, top_share: Optional[float], seed: int, size: int = PAGE_SIZE) -> Page:
    """Return the next page: ``top_share`` is that of yes among the *top* pictures of the last one, ``None`` at first.

    The first page is top alone. On later ones the pictures nearest to the threshold, a margin of 0, follow: the more,
    the more of the top pictures were yes. The page is empty when no picture is open.
    """
    count = size if top_share is None else _top_count(top_share) * size // PAGE_SIZE
    top = _chosen(candidates, candidates.margins, candidates.is_open, count, seed)
    rest = candidates.is_open.copy()
    rest[np.isin(candidates.pool.groups, candidates.pool.groups[top])] = False
    boundary = _chosen(candidates, -np.abs(candidates.margins), rest, size - len(top), seed + 1)
    parts = np.repeat([TOP, BOUNDARY], [len(top), len(boundary)])
    return _page(candidates, np.concatenate([top, boundary]), parts)


def top_share_of(page: Page, is_yes: Flags, is_judged: Optional[Flags] = None) -> Optional[float]:
    """Return the share of yes among the top pictures of a page that was judged, for the next one.

    ``is_yes`` (k,) are its verdicts and ``is_judged`` (k,) those that were given, by default all. ``None`` where none
    of the top pictures was judged.
    """
    is_top = np.array(page.parts) == TOP
    if is_judged is not None:
        is_top &= is_judged
    return float(is_yes[is_top].mean()) if is_top.any() else None


def _top_count(share: float) -> int:
    return next((count for least, count in _TOP_BY_SHARE if share >= least), _MOST_TOP)


def _chosen(candidates: Candidates, scores: Vectors, is_open: Flags, count: int, seed: int) -> Rows:
    """Return ``count`` rows that are unlike each other, of three times as many open ones of the highest scores (N,)."""
    best = best_rows(candidates.pool, scores, is_open, _CHOICE * count)
    chosen: Rows = best[spread(candidates.pool.unit(best), count, seed)] if count else best[:0]
    return chosen


def best_rows(pool: Pool, scores: NDArray[np.floating[Any]], is_open: Flags, count: int) -> Rows:
    """Return the open rows of the highest scores (N,), at most ``count``, one of each group, from the best down."""
    open_now = np.flatnonzero(is_open)
    wanted = count
    while True:
        wanted = min(2 * wanted + 1, len(open_now))
        some = open_now
        if wanted < len(open_now):
            some = open_now[np.argpartition(-scores[open_now], wanted - 1)[:wanted]]
        best = one_of_each_group(pool, some[np.lexsort((some, -scores[some]))])
        if len(best) >= count or wanted == len(open_now):
            return best[:count]


def _page(candidates: Candidates, rows: Rows, parts: NDArray[np.str_]) -> Page:
    """Return a page sorted by margin, from the highest down."""
    order = np.lexsort((rows, -candidates.margins[rows]))
    rows, parts = rows[order], parts[order]
    unseen = _is_unseen(candidates, rows)
    reasons = [UNSEEN if far else BEST if part == TOP else NEAR for part, far in zip(parts.tolist(), unseen.tolist())]
    margins = candidates.margins[rows]
    return Page(rows, margins, tuple(parts.tolist()), tuple(reasons), margins >= 0)


def _is_unseen(candidates: Candidates, rows: Rows) -> Flags:
    """Return which rows (n,) are less near to any that was judged than pictures usually are to their nearest."""
    pool = candidates.pool
    if not len(candidates.judged):
        return np.ones(len(rows), dtype=bool)
    nearest = (pool.unit(rows) @ pool.unit(candidates.judged).T).max(axis=1) if len(rows) else np.empty(0)
    unseen: Flags = nearest < pool.usual_nearness
    return unseen
