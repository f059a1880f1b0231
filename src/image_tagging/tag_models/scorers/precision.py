"""Whether a support vector machine may be kept in float32."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .arrays import Floats, Rows, squares, unit_rows

#: Probabilities differ by at most this much from those of the same machine in float64.
AGREEMENT = 1e-6

# Support vectors that are looked at, as images like those that a machine distinguishes.
_PROBES = 4
# How many times the differences at the probes the largest of thousands of millions of scores may be. Of a normal
# distribution it is seven times as large.
_SAFETY = 8.0


def float32_agrees(support_vectors: Rows, dual_coef: Floats, gamma: float, slope: float) -> bool:
    """Return whether probabilities of unit vectors stay within ``AGREEMENT`` with support vectors in float32.

    Rounding moves each support vector by some 1e-8 of its length, in a direction of its own. How much of that arrives
    in a margin depends on the weights, which may be large and cancel each other, and on gamma. So it is computed for
    some of the support vectors, both as it adds up there and as it would at random. (A bound for the worst case, in
    which all move in the same direction, is a hundred times as large.) A probability changes by at most a quarter of
    what goes into the sigmoid.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # what float32 cannot hold is not finite, and does not agree
        vectors = support_vectors.astype(np.float64, copy=False)
        kept = vectors.astype(np.float32)
        moved = (vectors - kept).astype(np.float32)
        probes = unit_rows(vectors[np.linspace(0, len(vectors) - 1, _PROBES).round().astype(np.intp)])
        distances = squares(vectors)[:, np.newaxis] + 1 - 2 * _products(kept, probes)
        # |x - v|^2 changes by 2 (x - v) . (v - kept), and the square of what it moved, which is nothing.
        changes = 2 * (_products(moved, probes) - np.einsum("sd,sd->s", vectors, moved)[:, np.newaxis])
        changes *= gamma * np.exp(-gamma * np.maximum(distances, 0)) * dual_coef[:, np.newaxis]
        margins = np.maximum(np.abs(changes.sum(axis=0)), np.sqrt((changes**2).sum(axis=0)))
        return bool(_SAFETY * margins.max() * abs(slope) / 4 <= AGREEMENT)


def _products(rows: NDArray[np.float32], probes: Floats) -> Floats:
    """Return the products (S, P) of vectors, to the digits of float32.

    Not as a matrix product, whose threads take longer to meet than so few numbers take.
    """
    products: Floats = np.einsum("sd,pd->sp", rows, probes.astype(np.float32)).astype(np.float64)
    return products
