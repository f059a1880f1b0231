"""The first page of a tag without examples: typical pictures of all kinds, or those similar to something."""

from __future__ import annotations

import numpy as np

from ...datasets import Rows
from ...tag_models import Floats
from .pages import PAGE_SIZE, SIMILAR, START, TYPICAL, Page, best_rows
from .pool import Flags, Pool, Vectors, one_of_each_group, sample_rows
from .spreading import clusters, spread

#: Of more pictures a sample is looked at.
_SAMPLE = 5_000
#: There are no more clusters, however many pictures were judged.
_MOST_CLUSTERS = 500
#: A picture is typical by the mean distance from so many of its nearest.
_NEIGHBOURS = 20


def typical_page(pool: Pool, is_open: Flags, judged: Rows, seed: int, size: int = PAGE_SIZE) -> Page:
    """Return the most typical picture of each of the largest clusters in which none was judged.

    The rule is TypiClust's (Hacohen, Dekel and Weinshall 2022, "Active learning on a budget", arXiv 2202.02794).
    ``is_open`` (N,) says which pictures may be shown, ``judged`` (n,) which were. None comes marked as yes.
    """
    rows = one_of_each_group(pool, sample_rows(is_open, _SAMPLE, seed))
    x = pool.unit(np.concatenate([rows, judged]))
    own, _ = clusters(x, min(size + len(judged), _MOST_CLUSTERS), seed) if len(x) else (np.empty(0, dtype=np.int64), x)
    open_own = own[: len(rows)]
    # Clusters with the fewest judged pictures first, and of these the largest.
    names, counts = np.unique(open_own, return_counts=True)
    covered = np.bincount(own[len(rows) :], minlength=int(own.max(initial=0)) + 1)[names]
    order = names[np.lexsort((names, -counts, covered))]
    chosen = [
        rows[members[_most_typical(x[members])]] for members in (np.flatnonzero(open_own == n) for n in order[:size])
    ]
    return _page(pool, np.array(chosen, dtype=np.int64), np.zeros(len(pool), dtype=np.float32), TYPICAL)


def page_similar_to(pool: Pool, is_open: Flags, vector: Floats, seed: int, size: int = PAGE_SIZE) -> Page:
    """Return open pictures similar to a vector (D,), that of a text or a picture: 24 unlike each other of the best 72.

    None comes marked as yes.
    """
    cosines = pool.cosines(vector)
    best = best_rows(pool, cosines, is_open, 3 * size)
    return _page(pool, best[spread(pool.unit(best), size, seed)], cosines, SIMILAR)


def _page(pool: Pool, rows: Rows, scores: Vectors, reason: str) -> Page:
    rows = rows[np.lexsort((rows, -scores[rows]))]
    count = len(rows)
    nothing = np.full(count, -np.inf, dtype=np.float32)  # no model has said anything
    return Page(rows, nothing, (START,) * count, (reason,) * count, np.zeros(count, dtype=bool))


def _most_typical(x: Vectors) -> int:
    """Return the number of the vector (n, D) that is nearest to its nearest."""
    lengths = np.einsum("nd,nd->n", x, x)
    distances = np.sqrt(np.maximum(lengths[:, np.newaxis] + lengths - 2 * x @ x.T, 0))
    nearest = np.sort(distances, axis=1)[:, 1 : _NEIGHBOURS + 1]
    return int(nearest.mean(axis=1).argmin()) if len(x) > 1 else 0
