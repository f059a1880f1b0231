"""Whether a support vector machine may be kept in float32."""

from __future__ import annotations

from typing import Optional

import numpy as np
from numpy.typing import NDArray

from .arrays import Floats, Rows, unit_rows

#: Probabilities differ by at most this much from those of the same machine in float64.
AGREEMENT = 1e-6

# Support vectors that are looked at, as images like those that a machine distinguishes.
_PROBES = 4
# How many times the differences at the probes the largest of thousands of millions of scores may be. Of a normal
# distribution it is seven times as large.
_SAFETY = 8.0
# So few rows stay in the cache of a processor, and for so few a matrix product takes one thread: threads take longer to
# meet than they save.
_PART = 48


def in_float32(support_vectors: Rows, dual_coef: Floats, gamma: float, slope: float) -> Optional[NDArray[np.float32]]:
    """Return support vectors in float32, ``None`` where probabilities of unit vectors might change by more.

    Rounding moves each support vector by some 1e-8 of its length, in a direction of its own. How much of that arrives
    in a margin depends on the weights, which may be large and cancel each other, and on gamma. So it is computed for
    some of the support vectors, both as it adds up there and as it would at random. (A bound for the worst case, in
    which all move in the same direction, is a hundred times as large.) A probability changes by at most a quarter of
    what goes into the sigmoid.
    """
    kept = np.empty(support_vectors.shape, dtype=np.float32)
    coherent, random = np.zeros(_PROBES), np.zeros(_PROBES)
    with np.errstate(over="ignore", invalid="ignore"):  # what float32 cannot hold is not finite, and does not agree
        rows = np.linspace(0, len(kept) - 1, _PROBES).round().astype(np.intp)
        probes = unit_rows(support_vectors[rows].astype(np.float64)).astype(np.float32)
        for start in range(0, len(kept), _PART):
            part = slice(start, start + _PART)
            kept[part] = support_vectors[part]
            changes = gamma * dual_coef[part, np.newaxis] * _changes(support_vectors[part], kept[part], probes, gamma)
            coherent += changes.sum(axis=0)
            random += (changes**2).sum(axis=0)
        margin = np.maximum(np.abs(coherent), np.sqrt(random)).max()
        agrees = bool(_SAFETY * margin * abs(slope) / 4 <= AGREEMENT)
    return kept if agrees else None


def _changes(vectors: Rows, kept: Rows, probes: Rows, gamma: float) -> Floats:
    """Return by how much the kernel (S, P) of each vector and probe changes, divided by gamma."""
    moved = (vectors - kept.astype(vectors.dtype)).astype(np.float32)
    distances = np.einsum("sd,sd->s", kept, kept)[:, np.newaxis] + 1 - 2 * (kept @ probes.T)
    # |x - v|^2 changes by 2 (x - v) . (v - kept), and by the square of what it moved, which is nothing.
    farther = 2 * (moved @ probes.T - np.einsum("sd,sd->s", kept, moved)[:, np.newaxis])
    changes: Floats = np.exp(-gamma * np.maximum(distances.astype(np.float64), 0)) * farther
    return changes
