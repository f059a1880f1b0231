"""The pictures of a review as one table of embeddings, which may be larger than memory: scored block by block."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any, Callable, Optional

import numpy as np
from numpy.typing import NDArray

from ...datasets import Rows, as_float32
from ...errors import TrainingError
from ...processors import processor_count
from ...tag_models import Floats
from ..fitting.linear import Linear

Vectors = NDArray[np.float32]
Flags = NDArray[np.bool_]

#: Rows of a block that a thread works on, and those of them converted to float32 together: 512 values take 1 MiB then.
_BLOCK, _CONVERTED = 8192, 512

#: Blocks are read and converted on so many threads; NumPy does that outside of Python's lock.
_THREADS = min(4, processor_count())

#: Pictures that say how near to its nearest a picture usually lies.
_SAMPLE = 1_500


class Pool:
    """All pictures of a review, a row each: examples, the mountain, and those judged before.

    Parameters
    ----------
    embeddings:
        (N, D) float16 or float32, as the encoder gives them, of any length; it may be memory-mapped. It is not copied.
    groups:
        (N,) int64, one number for near-duplicates (``datasets.near_duplicate_groups`` at a cosine of .97); by default
        every picture is a group of its own.

    Raises
    ------
    TrainingError
        The arrays do not fit.
    """

    def __init__(self, embeddings: NDArray[np.floating[Any]], groups: Optional[Rows] = None) -> None:
        self.embeddings = embeddings
        self.groups: Rows = np.arange(len(embeddings)) if groups is None else groups
        if embeddings.ndim != 2 or self.groups.shape != embeddings.shape[:1]:
            shapes = f"embeddings {embeddings.shape} and groups {self.groups.shape}"
            raise TrainingError(f"{shapes} do not fit: one row of each a picture.")

    def __len__(self) -> int:
        return len(self.embeddings)

    @cached_property
    def inverse_lengths(self) -> Vectors:
        """(N,) float32: 1 / length of each embedding, 0 of one that is zeros or holds what is no number."""

        def of_block(block: Vectors) -> Vectors:
            lengths = np.sqrt(np.einsum("nd,nd->n", block, block))
            is_usable = np.isfinite(lengths) & (lengths > 0)
            inverse: Vectors = np.divide(1, lengths, out=np.zeros_like(lengths), where=is_usable)
            return inverse

        return self._by_blocks(of_block)

    def unit(self, rows: Rows) -> Vectors:
        """Return the embeddings (n, D) float32 of some rows (n,) at length 1; zeros of those that are no numbers."""
        lengths = self.inverse_lengths[rows, np.newaxis]
        with np.errstate(over="ignore", invalid="ignore"):
            return np.where(lengths > 0, self.embeddings[rows].astype(np.float32) * lengths, np.float32(0))

    def margins(self, model: Linear) -> Vectors:
        """Return the margins (N,) float32 of all pictures by a model of unit vectors; -inf where there is no embedding.

        The last bits depend on nothing but the embeddings and the model.
        """
        coef = np.asarray(model.coef, dtype=np.float32)
        products = self._by_blocks(lambda block: np.einsum("nd,d->n", block, coef))
        usable = self.inverse_lengths > 0
        products[~usable] = 0
        products *= self.inverse_lengths
        products += np.float32(model.intercept)
        products[~usable] = -np.inf
        return products

    def cosines(self, vector: Floats) -> Vectors:
        """Return the cosine (N,) float32 of each picture with a vector (D,) of any length."""
        return self.margins(Linear(vector / max(float(np.linalg.norm(vector)), np.finfo(np.float64).tiny), 0.0))

    @cached_property
    def usual_nearness(self) -> float:
        """The median cosine of a picture with its nearest among ``_SAMPLE`` others, drawn once."""
        x = self.unit(sample_rows(np.ones(len(self), dtype=bool), _SAMPLE, 0))
        cosines = x @ x.T
        np.fill_diagonal(cosines, -1)
        return float(np.median(cosines.max(axis=1))) if len(x) > 1 else 1.0

    def _by_blocks(self, of_block: Callable[[Vectors], Vectors]) -> Vectors:
        result = np.empty(len(self), dtype=np.float32)

        def run(block: range) -> None:
            with np.errstate(over="ignore", invalid="ignore"):  # an embedding that is no number is left out elsewhere
                for part in _parts(block, _CONVERTED):
                    rows = slice(part.start, part.stop)
                    result[rows] = of_block(as_float32(np.asarray(self.embeddings[rows])))

        with ThreadPoolExecutor(_THREADS) as threads:
            for _ in threads.map(run, _parts(range(len(self)), _BLOCK)):
                pass
        return result


def _parts(rows: range, count: int) -> Iterator[range]:
    return (rows[start : start + count] for start in range(0, len(rows), count))


def sample_rows(is_wanted: Flags, most: int, seed: int) -> Rows:
    """Return at most so many different rows (n,) that are wanted (N,), in order, drawn by the seed."""
    rows = np.flatnonzero(is_wanted)
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def open_rows(pool: Pool, judged: Rows, is_wanted: Optional[Flags] = None) -> Flags:
    """Return which pictures (N,) may still be shown: those wanted that are no near-duplicates of the judged rows (n,).

    A picture without an embedding is never shown.
    """
    is_open = (pool.inverse_lengths > 0) & ~np.isin(pool.groups, pool.groups[judged])
    return is_open if is_wanted is None else is_open & is_wanted


def one_of_each_group(pool: Pool, rows: Rows) -> Rows:
    """Return the rows (n,) without those of a group that comes earlier, in their order."""
    _, first = np.unique(pool.groups[rows], return_index=True)
    chosen: Rows = rows[np.sort(first)]
    return chosen


def best_first(scores: Vectors, rows: Rows) -> Rows:
    """Return the rows (n,), which are in order, by their scores (N,) float32 from the best down; equal ones stay so.

    Score and row are sorted as one integer: NumPy does that ten times as fast as it finds a stable order of scores.
    """
    bits = (np.float32(0) - scores[rows]).view(np.int32)
    bits ^= (bits >> 31) & np.int32(0x7FFFFFFF)  # the more negative a number, the larger are its bits
    keys = (bits.astype(np.int64) << 32) | rows
    keys.sort()
    order: Rows = keys & 0xFFFFFFFF
    return order
