"""Pictures that are unlike each other, of many: k-means, and one picture of each cluster."""

from __future__ import annotations

import numpy as np

from ...datasets import Rows
from .pool import Vectors

_ROUNDS = 20


def spread(x: Vectors, count: int, seed: int) -> Rows:
    """Return the numbers of at most ``count`` vectors (n, D), in order: the nearest to each centre of k-means."""
    if len(x) <= count:
        return np.arange(len(x))
    own, distances = clusters(x, count, seed)
    order = np.lexsort((distances, own))
    _, first = np.unique(own[order], return_index=True)
    chosen = order[first]
    # Vectors that are equal make fewer clusters: the first of the rest, which are the best, fill up.
    rest = np.setdiff1d(np.arange(len(x)), chosen)
    return np.sort(np.concatenate([chosen, rest[: count - len(chosen)]]))


def clusters(x: Vectors, count: int, seed: int) -> tuple[Rows, Vectors]:
    """Return the cluster (n,) of each vector (n, D), and its squared distance (n,) from the centre of that.

    The centres begin with vectors that are far from each other (Arthur and Vassilvitskii 2007, "k-means++").
    """
    random = np.random.default_rng(seed)
    lengths = np.einsum("nd,nd->n", x, x)
    centres = x[_first_centres(x, lengths, count, random)]
    own = np.full(len(x), -1)
    for _ in range(_ROUNDS):
        distances = _distances(x, lengths, centres)
        nearest = distances.argmin(axis=1)
        if np.array_equal(nearest, own):
            break
        own = nearest
        members = np.bincount(own, minlength=len(centres))
        order = np.argsort(own, kind="stable")
        starts = np.flatnonzero(np.diff(own[order], prepend=-1))
        centres = centres.copy()
        centres[members > 0] = np.add.reduceat(x[order], starts, axis=0) / members[members > 0, np.newaxis]
    return own, np.take_along_axis(distances, own[:, np.newaxis], axis=1)[:, 0]


def _first_centres(x: Vectors, lengths: Vectors, count: int, random: np.random.Generator) -> Rows:
    chosen = [int(random.integers(len(x)))]
    least = _distances(x, lengths, x[chosen])[:, 0].astype(np.float64)
    while len(chosen) < min(count, len(x)):
        total = float(least.sum())
        at = int(np.searchsorted(np.cumsum(least), random.random() * total)) if total > 0 else len(chosen)
        chosen.append(min(at, len(x) - 1))
        least = np.minimum(least, _distances(x, lengths, x[chosen[-1:]])[:, 0])
    return np.array(chosen)


def _distances(x: Vectors, lengths: Vectors, centres: Vectors) -> Vectors:
    """Return the squared distance (n, k) of each vector from each centre."""
    squares = np.einsum("kd,kd->k", centres, centres)
    distances: Vectors = np.maximum(lengths[:, np.newaxis] - 2 * (x @ centres.T) + squares, 0)
    return distances
