"""Scores fall into bins: bin k of n holds the scores in ((k-1)/n, k/n] and is named by its upper edge.

The labels of ten bins are ``0.1`` ... ``1.0``. A score of exactly 0 falls into the first bin.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..settings import MAX_BINS


def bin_numbers(scores: NDArray[np.float64], bins: int) -> NDArray[np.int64]:
    """Scores in [0, 1], of any shape -> the numbers (1 ... ``bins``) of their bins, of the same shape.

    The edges are compared as numbers, never multiplied out: 0.7 * 10 is more than 7, yet 0.7 belongs to bin 7.

    Raises
    ------
    ValueError
        A score lies outside [0, 1] or is not a number, or ``bins`` is not between 1 and ``MAX_BINS``.
    """
    if not 1 <= bins <= MAX_BINS:
        raise ValueError(f"the number of bins is {bins}; it must lie between 1 and {MAX_BINS}")
    if not np.all((scores >= 0) & (scores <= 1)):
        raise ValueError("a score is not a number between 0 and 1")
    edges = np.arange(1, bins + 1) / bins
    return np.searchsorted(edges, scores, side="left") + 1


def bin_labels(bins: int) -> list[str]:
    """The folder names of all bins, from the lowest: each is its upper edge, with at most four decimals."""
    return [str(round(k / bins, 4)) for k in range(1, bins + 1)]
