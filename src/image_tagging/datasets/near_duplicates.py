"""Group near-duplicate images by their embeddings: one picture saved again, scaled, moved by a pixel, tinted a little.

The limit is a cosine, chosen for each encoder by measurement (``benchmarks/near_duplicates.py``): 0.93 for ``builtin``,
0.97 for others.

=====================  =============================================================================================
of different pictures  photos in 8 classes (73,536 pairs) and sprites and tiles in 6 (28,920): 999 in 1,000 lie below
by ``builtin``         0.81. The closest two photos are at 0.906, except for a piano that is there twice, with another
                       background: 0.960. The only other pair beyond the limit is two tiles of walls: 0.940.
versions of a photo    by ``builtin``, at 0.93 or more: JPEG of quality 75 or 50, 1.5 times the size, moved by a pixel:
                       all; half the size: 96 %; 2 % cut off each side: 99 %, 5 %: 89 %; 10 % brighter and more
                       colourful: 99 %; mirrored: 63 %.
versions of a sprite   by ``builtin``: twice the size, pixel for pixel: all; moved by a pixel, 10 % brighter: 98 %;
                       blurred (JPEG, smooth scaling): 22 to 34 %, since blur changes the embedding of a sprite.
by ``ViT-B-32/openai`` 1,528 published embeddings: half of all pairs lie below 0.53, one in 1,000 above 0.83, 21 above
                       0.97 (0.970 to 0.995, most of them an image of a tag and one of the other images).
=====================  =============================================================================================

Similar pictures are not the same: in a class of ten thousand pictures as similar as those sheets some pairs will pass
the limit, and chains of them make larger groups.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ..processors import processor_count
from ..records import NEARLY_THE_SAME
from .centres import Rows, Vectors, two_nearest

#: Inverse lengths (N,) of embeddings: those of 1e-44, the smallest that float32 holds, are beyond float32.
Scale = NDArray[np.float64]
#: Up to this many images every pair is compared: 32,768 of 512 values take about ten seconds on two cores.
EXACT_UP_TO = 32_768

#: Rows and columns of the matrix products.
_TILE = 1024, 8192

#: Cosines in float32 this close to the limit are computed again in float64, so that the result does not depend on the
#: shape of the product.
_UNSURE = 1e-5

#: Inverse lengths beyond this, or below its inverse, have fewer digits in float32 or none.
_LARGEST_FACTOR = 1e37

#: The most pairs kept before groups are merged: many identical images have too many pairs to keep all.
_MOST_PAIRS = 1 << 22

#: Of more images, only those near the same centre are compared, this many at a time.
_WINDOW = 1024

#: Threads that compare. Products of this size are over before further threads of BLAS have come to help.
_THREADS = min(4, processor_count())

#: Rows converted at a time.
_PART = 8192


def near_duplicate_groups(
    embeddings: Vectors, *, cosine: float = NEARLY_THE_SAME, is_wanted: Callable[[], bool] = lambda: True
) -> Rows:
    """Return the group (N,) int64 of each image: the smallest row among the images of the group.

    Groups are connected components: two images whose cosine is at least the limit are in one group, and so are those
    that a chain of these pairs joins. An embedding of zeros is in a group alone. The same embeddings give the same
    groups.

    Parameters
    ----------
    embeddings:
        (N, D) float32, as the encoder returns them.
    cosine:
        The limit, more than 0 and less than 1.
    is_wanted:
        Asked now and then; where it says no, the groups are those of what was compared by then.

    Notes
    -----
    Up to ``EXACT_UP_TO`` images this is exact. With more, each is compared with those that share one of its two nearest
    centres (an inverted file: Sivic and Zisserman 2003; Jégou et al. 2011), which may miss pairs. Measured against all
    pairs: 3 images missed of the 1,891 that join others among 23,247 embeddings by ``builtin``, 54 of 22,654 among
    50,000 blends of CLIP embeddings; of 49,804 images made to resemble another among 1,000,000, two in 1,000. The work
    grows as the number of images does: a million of 512 values take 42 s of one core.
    """
    count = len(embeddings)
    scale = _inverse_lengths(embeddings)
    groups = _Groups(count)
    tiles = _all_tiles(count) if count <= EXACT_UP_TO else _near_tiles(embeddings, scale)

    def close(tile: tuple[Rows, Rows]) -> tuple[Rows, Rows]:
        left, right = tile
        first, second = _close(_unit(embeddings, scale, left), _unit(embeddings, scale, right), cosine)
        return left[first], right[second]

    with ThreadPoolExecutor(_THREADS) as threads:
        while is_wanted() and (some := list(islice(tiles, 4 * _THREADS))):
            for first, second in threads.map(close, some):
                groups.join(first, second)
    return groups.smallest_rows()


def close_pairs(some: Vectors, others: Vectors, *, cosine: float) -> tuple[Rows, Rows]:
    """Return the pairs (n,), (n,) of near-duplicates among some embeddings (k, D) and others (m, D), by their rows."""
    unit = _unit(some, _inverse_lengths(some), np.arange(len(some)))
    first, second = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for start in range(0, len(others), _PART):
        part = others[start : start + _PART]
        left, right = _close(unit, _unit(part, _inverse_lengths(part), np.arange(len(part))), cosine)
        first.append(left)
        second.append(right + start)
    return np.concatenate(first), np.concatenate(second)


def join_labels(labels: Rows, first: Rows, second: Rows) -> Rows:
    """Return the labels (N,) after the images of each pair (n,), (n,) are in one group, with its smallest label."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    names, index = np.unique(labels, return_inverse=True)
    index = index.ravel()
    pairs = (np.ones(len(first), dtype=np.int8), (index[first], index[second]))
    _, components = connected_components(coo_matrix(pairs, shape=(len(names), len(names))), directed=False)
    _, smallest = np.unique(components, return_index=True)  # names are in order
    return np.asarray(names[smallest[components]][index], dtype=np.int64)


def _inverse_lengths(embeddings: Vectors) -> Scale:
    """Return the inverse length (N,) float64 of each embedding, 0 for an embedding of zeros."""
    lengths = np.empty(len(embeddings))
    for start in range(0, len(embeddings), _PART):
        part = embeddings[start : start + _PART].astype(np.float64)
        lengths[start : start + _PART] = np.sqrt(np.einsum("nd,nd->n", part, part))
    return np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)


def _unit(embeddings: Vectors, scale: Scale, rows: Rows) -> Vectors:
    """Return the embeddings (n, D) of some rows at length 1."""
    factors = scale[rows]
    is_odd = (factors > _LARGEST_FACTOR) | ((factors < 1 / _LARGEST_FACTOR) & (factors > 0))
    unit: Vectors = embeddings[rows] * np.where(is_odd, 1, factors).astype(np.float32)[:, np.newaxis]
    if is_odd.any():
        unit[is_odd] = embeddings[rows[is_odd]].astype(np.float64) * factors[is_odd, np.newaxis]
    return unit


class _Groups:
    """Groups of images, merged pair by pair."""

    def __init__(self, count: int) -> None:
        self._labels = np.arange(count)
        self._pairs: list[tuple[Rows, Rows]] = []
        self._waiting = 0

    def join(self, first: Rows, second: Rows) -> None:
        """Join each pair (n,), (n,) of images."""
        new = self._labels[first] != self._labels[second]
        if new.any():
            self._pairs.append((first[new], second[new]))
            self._waiting += int(new.sum())
        if self._waiting > _MOST_PAIRS:
            self._merge()

    def _merge(self) -> None:
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import connected_components

        first = self._labels[np.concatenate([pair[0] for pair in self._pairs])]
        second = self._labels[np.concatenate([pair[1] for pair in self._pairs])]
        count = len(self._labels)
        graph = coo_matrix((np.ones(len(first), dtype=np.int8), (first, second)), shape=(count, count))
        _, components = connected_components(graph, directed=False)
        self._labels = components[self._labels].astype(np.int64)
        self._pairs, self._waiting = [], 0

    def smallest_rows(self) -> Rows:
        """Return the smallest row (N,) int64 of each image's group."""
        if self._pairs:
            self._merge()
        _, first, inverse = np.unique(self._labels, return_index=True, return_inverse=True)
        return np.asarray(first[inverse], dtype=np.int64)


def _close(left: Vectors, right: Vectors, cosine: float) -> tuple[Rows, Rows]:
    """Return the pairs (n,), (n,) of rows of two tables of unit vectors whose cosine is at least the limit."""
    product = left @ right.T
    first, second = np.divmod(np.flatnonzero(product >= cosine - _UNSURE), len(right))
    found = product[first, second]
    close = found >= cosine
    unsure = np.flatnonzero(found < cosine + _UNSURE)
    for start in range(0, len(unsure), _PART):
        part = unsure[start : start + _PART]
        one, other = left[first[part]].astype(np.float64), right[second[part]].astype(np.float64)
        close[part] = np.einsum("nd,nd->n", one, other) >= cosine
    return first[close], second[close]


def _all_tiles(count: int) -> Iterator[tuple[Rows, Rows]]:
    """Yield rows and columns that together cover every pair of images."""
    height, width = _TILE
    for top in range(0, count, height):
        for start in range(top, count, width):
            yield np.arange(top, min(top + height, count)), np.arange(start, min(start + width, count))


def _near_tiles(embeddings: Vectors, scale: Scale) -> Iterator[tuple[Rows, Rows]]:
    """Yield rows and columns that cover the pairs of images which share one of their two nearest centres.

    Of the many images of a large cluster only those at a similar distance from its centre are paired.
    """
    nearest, closeness = two_nearest(lambda rows: _unit(embeddings, scale, rows), len(embeddings))
    order = np.lexsort((-closeness.ravel(), nearest.ravel()))
    rows = order // nearest.shape[1]
    for members in np.split(rows, np.flatnonzero(np.diff(nearest.ravel()[order])) + 1):
        windows = [members[start : start + _WINDOW] for start in range(0, len(members), _WINDOW)]
        for window, following in zip(windows, [*windows[1:], None]):
            yield window, window
            if following is not None:
                yield window, following
