"""The pictures nearest to a vector, exactly: every embedding is compared, block by block, on threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, Optional

import numpy as np
from numpy.typing import NDArray

from ..datasets import as_float32, as_scaled_float32
from ..processors import processor_count
from ..tag_models import Floats

#: Rows that a thread works on, and those of them converted to float32 together: 512 values take 1 MiB then.
_BLOCK, _CONVERTED = 8192, 512

#: NumPy works outside of Python's lock.
_THREADS = min(4, processor_count())

#: From so many vectors on, one product of matrices is quicker than one after the other.
_MANY = 4

#: Shorter sums are rounding errors: the terms take each other away.
_SHORTEST = 1e-6

Rows = NDArray[np.int64]
#: Embeddings as they are kept: float16, or float32.
Halves = NDArray[np.floating[Any]]


class Ranked(NamedTuple):
    """Rows (n,) of a table of embeddings, the nearest first, and their cosines (n,) with the vector."""

    rows: Rows
    cosines: NDArray[np.float32]


def sum_of_terms(vectors: Sequence[Floats], weights: Sequence[float]) -> Optional[Floats]:
    """Return the weighted sum (D,) of vectors (D,) at length 1, each taken at length 1; ``None`` where nothing is left.

    The arithmetic of terms is that of rclip, and of word vectors before it (Mikolov et al. 2013, "Linguistic
    regularities in continuous space word representations").
    """
    total = np.zeros(len(vectors[0]), dtype=np.float64)
    for vector, weight in zip(vectors, weights):
        total += weight * np.asarray(vector, dtype=np.float64) / max(float(np.linalg.norm(vector)), 1e-300)
    length = float(np.linalg.norm(total))
    return total / length if length > _SHORTEST else None


def inverse_lengths(embeddings: Halves) -> NDArray[np.float32]:
    """Return 1 / the length (N,) of embeddings (N, D); 0 of rows of zeros, and of those that hold what is no number."""

    def of_rows(values: NDArray[np.float32]) -> NDArray[np.float32]:
        lengths = np.sqrt(np.einsum("nd,nd->n", values, values))
        is_usable = np.isfinite(lengths) & (lengths > 0)
        inverse: NDArray[np.float32] = np.divide(1, lengths, out=np.zeros_like(lengths), where=is_usable)
        return inverse[:, np.newaxis]

    found: NDArray[np.float32] = _by_blocks(embeddings, 1, lambda rows: of_rows(as_float32(rows)))[0]
    return found


def nearest(
    embeddings: Halves,
    lengths: NDArray[np.float32],
    vectors: Floats,
    most: int,
    is_allowed: Optional[NDArray[np.bool_]] = None,
) -> list[Ranked]:
    """Return the ``most`` rows nearest to each vector; of equal ones the earlier row comes first.

    Parameters
    ----------
    embeddings:
        (N, D) float16 or float32 of any length; it may be memory-mapped.
    lengths:
        (N,), the :func:`inverse_lengths` of them. A row of 0 is never found.
    vectors:
        (Q, D), of any length but 0.
    is_allowed:
        (N,), which rows may be found; by default all.
    """
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    def of_rows(rows: Halves) -> NDArray[np.float32]:
        values, factor = as_scaled_float32(rows)
        scaled = unit if factor == 1 else unit * np.float32(factor)
        if len(scaled) >= _MANY:
            return np.asarray(values @ scaled.T)
        # These sums are in one order for any number of rows.
        return np.stack([np.einsum("nd,d->n", values, vector) for vector in scaled], axis=1)

    from threadpoolctl import threadpool_limits  # here, and not for --help

    with threadpool_limits(1, user_api="blas"):  # products run on threads of ours
        cosines = _by_blocks(embeddings, len(unit), of_rows)
    is_usable = lengths > 0 if is_allowed is None else is_allowed & (lengths > 0)
    cosines[:, ~is_usable] = -np.inf
    np.multiply(cosines, lengths, out=cosines, where=is_usable)
    return [_best(each, most) for each in cosines]


def _by_blocks(
    embeddings: Halves, columns: int, of_rows: Callable[[Halves], NDArray[np.float32]]
) -> NDArray[np.float32]:
    """Return what a function of rows (n, D) gives for all of them, (n, ``columns``) each time, as (``columns``, N)."""
    result = np.empty((columns, len(embeddings)), dtype=np.float32)

    def run(block: range) -> None:
        with np.errstate(over="ignore", invalid="ignore"):  # rows of what is no number are never found
            for part in _parts(block, _CONVERTED):
                rows = slice(part.start, part.stop)
                result[:, rows] = of_rows(np.asarray(embeddings[rows])).T

    with ThreadPoolExecutor(_THREADS) as threads:
        for _ in threads.map(run, _parts(range(len(embeddings)), _BLOCK)):
            pass
    return result


def _parts(rows: range, count: int) -> Iterable[range]:
    return (rows[start : start + count] for start in range(0, len(rows), count))


def _best(cosines: NDArray[np.float32], most: int) -> Ranked:
    """Return the best of all rows, in order."""
    found = np.flatnonzero(cosines > -np.inf)
    if len(found) > most:
        least = np.partition(cosines[found], -most)[-most] if most else np.inf
        found = found[cosines[found] >= least]
    order = np.lexsort((found, -cosines[found]))[:most]
    rows = found[order].astype(np.int64)
    return Ranked(rows, cosines[rows])
