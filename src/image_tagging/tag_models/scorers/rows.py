"""Tables of support vectors, each different one held once, and the distances of images to them.

Machines of many tags learn from the same images, so that most of their support vectors are the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from .arrays import Floats, Rows, squares

# Rows of one block of a pool, and their bytes: so many are float64 at once, and their distances to some hundred images
# stay in the cache of a processor.
_BLOCK_ROWS, _BLOCK_BYTES = 1024, 4 << 20

# Bytes of rows that are kept in float64 too.
_READY_BYTES = 32 << 20

_ALL = slice(None)


class RowPool:
    """Different rows (U, D) of one type, which grow in blocks: no row is copied again when others come."""

    def __init__(self, dim: int, dtype: np.dtype[Any]) -> None:
        self.dim = dim
        self.dtype = dtype
        self.block_rows = max(1, min(_BLOCK_ROWS, _BLOCK_BYTES // (dim * dtype.itemsize)))
        self._blocks: list[Rows] = []
        self._count = 0
        self._places: dict[int, int] = {}  # by the hash of the bytes of a row

    def __len__(self) -> int:
        return self._count

    @property
    def blocks(self) -> tuple[Rows, ...]:
        """The rows in their order, in tables of ``block_rows``."""
        *full, last = self._blocks
        return (*full, last[: self._count - len(full) * self.block_rows])

    def add(self, rows: Rows) -> NDArray[np.intp]:
        """Take rows (S, D), and return where each is (S,)."""
        return np.array([self._place(row.tobytes()) for row in rows.astype(self.dtype, copy=False)], dtype=np.intp)

    def take(self, places: NDArray[np.intp]) -> Rows:
        """Return a copy (K, D) of the rows at ``places`` (K,)."""
        taken = np.empty((len(places), self.dim), dtype=self.dtype)
        block_of = places // self.block_rows
        for number in np.unique(block_of).tolist():
            here = np.flatnonzero(block_of == number)
            taken[here] = self._blocks[number][places[here] % self.block_rows]
        return taken

    def _place(self, row: bytes) -> int:
        """Return where the row with these bytes is, which is added where it is new."""
        place = self._places.setdefault(hash(row), self._count)
        if place < self._count:
            block, within = divmod(place, self.block_rows)
            if self._blocks[block][within].tobytes() == row:
                return place  # of different rows with one hash the later ones are not looked for
        block, within = divmod(self._count, self.block_rows)
        if within == 0:
            self._blocks.append(np.empty((self.block_rows, self.dim), dtype=self.dtype))
        self._blocks[block][within] = np.frombuffer(row, dtype=self.dtype)
        self._count += 1
        return self._count - 1


@dataclass(frozen=True, eq=False)
class PooledRows:
    """A table (S, D) of which the rows lie in a pool that others share, at ``places`` (S,)."""

    pool: RowPool
    places: NDArray[np.intp]

    @property
    def shape(self) -> tuple[int, int]:
        """S and D."""
        return len(self.places), self.pool.dim

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers."""
        return self.pool.dtype


class SharedRows:
    """The pools of a set of machines: one for each length of embeddings and type of numbers."""

    def __init__(self) -> None:
        self._pools: dict[tuple[int, np.dtype[Any]], RowPool] = {}

    def pooled(self, rows: Rows) -> PooledRows:
        """Take the rows of a machine."""
        key = (rows.shape[1], rows.dtype)
        pool = self._pools.setdefault(key, RowPool(*key))
        return PooledRows(pool, pool.add(rows))


class RowTable:
    """Rows that are ready for products: those of one pool that some machines use, in blocks."""

    def __init__(self, tables: Sequence[PooledRows]) -> None:
        pool = tables[0].pool
        used = np.unique(np.concatenate([table.places for table in tables]))
        #: For each of the tables where its rows are among those used.
        self.places: list[NDArray[np.intp]] = [table.places for table in tables]
        self.blocks: Sequence[Rows] = pool.blocks
        if len(used) < len(pool):
            self.places = [np.searchsorted(used, table.places) for table in tables]
            starts = range(0, len(used), pool.block_rows)
            self.blocks = [pool.take(used[start : start + pool.block_rows]) for start in starts]
        self._most = max(map(len, self.blocks))
        self._lengths = [squares(block.astype(np.float64, copy=False)) for block in self.blocks]
        # Few rows are made ready once, and many a block at a time: in float64 all of them take twice the memory.
        is_small = len(used) * (pool.dim + 2) * 8 <= _READY_BYTES
        self._ready = [self._factor(number) for number in range(len(self.blocks))] if is_small else None

    def distances(self, x: Floats, blocks: slice = _ALL) -> Iterator[Floats]:
        """Yield the squared distances (R, N) of the rows of each of the ``blocks`` to images (N, D), in float64.

        They are the caller's until the next ones are asked for.
        """
        images = np.empty((len(x), x.shape[1] + 2))
        np.multiply(x, -2, out=images[:, :-2])
        images[:, -2], images[:, -1] = 1, squares(x)
        table = np.empty((self._most, len(x)))
        buffer = np.empty((0 if self._ready else self._most, x.shape[1] + 2))
        for number in range(len(self.blocks))[blocks]:
            rows = self._ready[number] if self._ready else self._factor(number, buffer)
            distances = np.matmul(rows, images.T, out=table[: len(rows)])
            yield np.maximum(distances, 0, out=distances)

    def _factor(self, number: int, buffer: Optional[Floats] = None) -> Floats:
        """Return (v, |v|^2, 1) of each row v of a block: |v - x|^2 is its product with (-2 x, 1, |x|^2)."""
        block = self.blocks[number]
        factor = np.empty((len(block), block.shape[1] + 2)) if buffer is None else buffer[: len(block)]
        factor[:, :-2] = block
        factor[:, -2], factor[:, -1] = self._lengths[number], 1
        return factor
