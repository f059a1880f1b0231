"""Which centres of many vectors each of them is nearest to: k-means in two levels, so that the work hardly grows.

The centres of the first level divide the vectors into parts, each of which has centres of its own; a vector is compared
with those of its two nearest parts alone (Nistér and Stewénius 2006).
"""

from __future__ import annotations

from typing import Callable, NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Embeddings (N, D), and what is computed of them in their precision.
Vectors = NDArray[np.float32]
#: Row numbers of a table of embeddings.
Rows = NDArray[np.int64]

#: Vectors that have one centre as their nearest, in the mean: this does not grow with their number, nor does the work.
_OF_CENTRE = 256

#: Vectors are compared with the centres of so many parts. With 2, three times as many near-duplicates are missed.
_PARTS = 6

#: The main directions of the vectors, which say nearly as well as all numbers which centre is near, and the sample that
#: they are found from.
_DIRECTIONS = 128
_SAMPLE = 2048

_SAMPLE_PER_CENTRE = 16
_ROUNDS = 3
_TOGETHER = 1 << 14


class _Part(NamedTuple):
    """The centres (n, D) of one part, and the number of the first of them."""

    first: int
    centres: Vectors


def two_nearest(vectors: Callable[[Rows], Vectors], count: int) -> tuple[Rows, Vectors]:
    """Return the numbers (N, 2) of the two centres nearest to each vector, and their cosines (N, 2).

    ``vectors`` returns those (n, D) of some rows. Cosines are those of the directions from the mean.
    """
    random = np.random.default_rng(0)
    of_centres = max(4, count // _OF_CENTRE)
    axes = _main_directions(vectors(_drawn(count, _SAMPLE, random)))
    drawn = _drawn(count, of_centres * _SAMPLE_PER_CENTRE, random)
    sample = np.concatenate([vectors(rows) @ axes for rows in np.split(drawn, range(_TOGETHER, len(drawn), _TOGETHER))])
    mean: Vectors = sample.mean(axis=0)
    top, parts = _divided(_from_mean(sample, mean), of_centres, random)
    nearest = np.empty((count, 2), dtype=np.int64)
    closeness = np.empty((count, 2), dtype=np.float32)
    for start in range(0, count, _TOGETHER):
        rows = np.arange(start, min(start + _TOGETHER, count))
        nearest[rows], closeness[rows] = _nearest_of(_from_mean(vectors(rows) @ axes, mean), top, parts)
    return nearest, closeness


def _drawn(count: int, most: int, random: np.random.Generator) -> Rows:
    """Return at most so many different rows, in order."""
    return np.sort(random.choice(count, size=min(count, most), replace=False))


def _main_directions(sample: Vectors) -> Vectors:
    """Return orthonormal directions (D, d): those along which the vectors (n, D) of a sample are longest."""
    if sample.shape[1] <= _DIRECTIONS:
        return np.eye(sample.shape[1], dtype=np.float32)
    _, axes = np.linalg.eigh(sample.T.astype(np.float64) @ sample)
    return np.ascontiguousarray(axes[:, -_DIRECTIONS:], dtype=np.float32)


def _divided(sample: Vectors, count: int, random: np.random.Generator) -> tuple[Vectors, list[_Part]]:
    """Return the centres of the first level, and the parts with about ``count`` centres in all."""
    top = _centres(sample, int(count**0.5), random)
    own = (sample @ top.T).argmax(axis=1)
    parts: list[_Part] = []
    first = 0
    for number in range(len(top)):
        members = sample[own == number]
        share = round(count * len(members) / len(sample))
        centres = _centres(members, max(1, share), random) if len(members) else top[number : number + 1]
        parts.append(_Part(first, centres))
        first += len(centres)
    return top, parts


def _centres(sample: Vectors, count: int, random: np.random.Generator) -> Vectors:
    """Return directions (k, D), at most ``count``, from a sample of directions: centres by k-means."""
    centres: Vectors = sample[random.choice(len(sample), size=min(count, len(sample)), replace=False)]
    for _ in range(_ROUNDS):
        best = (sample @ centres.T).argmax(axis=1)
        order = np.argsort(best, kind="stable")
        starts = np.flatnonzero(np.diff(best[order], prepend=-1))
        sums = np.add.reduceat(sample[order], starts, axis=0)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = centres.copy()
        centres[best[order][starts]] = np.where(lengths > 0, sums / np.maximum(lengths, 1e-12), 0)
    return centres


def _nearest_of(directions: Vectors, top: Vectors, parts: list[_Part]) -> tuple[Rows, Vectors]:
    """Return the numbers (n, 2) of the two nearest centres in the nearest parts, and their cosines (n, 2)."""
    of_top, _ = _largest(directions @ top.T, _PARTS)
    nearest = np.zeros((len(directions), 2 * _PARTS), dtype=np.int64)
    closeness = np.full(nearest.shape, -np.inf, dtype=np.float32)
    order = np.argsort(of_top, axis=None, kind="stable")
    bounds = np.searchsorted(of_top.ravel()[order], np.arange(len(parts) + 1))
    for part, start, end in zip(parts, bounds, bounds[1:]):
        rows, place = np.divmod(order[start:end], of_top.shape[1])
        best, cosines = _largest(directions[rows] @ part.centres.T, 2)
        for column in range(best.shape[1]):
            nearest[rows, 2 * place + column] = part.first + best[:, column]
            closeness[rows, 2 * place + column] = cosines[:, column]
    best, cosines = _largest(closeness, 2)
    return np.take_along_axis(nearest, best, axis=1), cosines


def _largest(table: Vectors, most: int) -> tuple[Rows, Vectors]:
    """Return the columns (n, k) of the ``most`` largest values of each row, and these values; fewer of few columns."""
    each = np.arange(len(table))
    columns, values = [], []
    for _ in range(min(most, table.shape[1])):
        best = table.argmax(axis=1)
        columns.append(best)
        values.append(table[each, best])
        table[each, best] = -np.inf
    return np.stack(columns, axis=1), np.stack(values, axis=1)


def _from_mean(vectors: Vectors, mean: Vectors) -> Vectors:
    """Return the directions (n, D) from the mean."""
    centred = vectors - mean
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    centred /= np.maximum(lengths, 1e-12)
    return centred
