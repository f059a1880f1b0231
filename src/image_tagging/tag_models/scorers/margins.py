"""The margins of many support vector machines with an RBF kernel, over tables of distances that they share.

Rows are gone through in blocks: the distances of a block to some hundred images, the kernel of each gamma and what the
machines take of it stay in the cache of a processor, and no table of all rows and images is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple, Optional, Union

import numpy as np
from numpy.typing import NDArray

from .arrays import Floats
from .rows import PooledRows, RowPool, RowTable
from .threads import sum_of_parts

# Images that are scored at once: enough to fill a matrix product, few enough for the cache.
_CHUNK = 512
# Where machines use a larger share than this of the rows of a block, one product with a table of all their weights
# takes less time than one of each machine with the few rows that it uses.
_DENSE = 0.1

_Places = Union[slice, NDArray[np.intp]]


class Machine(NamedTuple):
    """The sum over s of ``dual_coef[s]`` exp(-``gamma`` |x - ``rows[s]``|^2)."""

    rows: PooledRows
    dual_coef: Floats
    gamma: float


class Margins:
    """The margins of machines, without their intercepts."""

    def __init__(self, machines: Sequence[Machine]) -> None:
        self._count = len(machines)
        by_pool: dict[RowPool, list[int]] = {}
        for column, machine in enumerate(machines):
            by_pool.setdefault(machine.rows.pool, []).append(column)
        self._parts = [_OfPool(columns, [machines[column] for column in columns]) for columns in by_pool.values()]

    def of(self, x: Floats) -> Floats:
        """Return the margins (N, M) of images (N, D)."""
        margins: Floats = np.empty((len(x), self._count))
        rows, blocks = sum(part.rows for part in self._parts), max(part.blocks for part in self._parts)
        for start in range(0, len(x), _CHUNK):
            images = x[start : start + _CHUNK]
            margins[start : start + _CHUNK] = sum_of_parts(partial(self._part, images), blocks, images.size * rows).T
        return margins

    def _part(self, x: Floats, number: int, count: int) -> Floats:
        """Return what one of ``count`` parts of the rows gives of the margins (M, N)."""
        margins = np.zeros((self._count, len(x)))
        for part in self._parts:
            part.add_to(margins, x, slice(number, None, count))
        return margins


class _Used(NamedTuple):
    """What a machine uses of a block: its column, the places of rows, and their weights."""

    column: int
    places: NDArray[np.intp]
    weights: Floats


class _OfPool:
    """Machines whose support vectors are rows of one pool."""

    def __init__(self, columns: Sequence[int], machines: Sequence[Machine]) -> None:
        self._table = RowTable([machine.rows for machine in machines])
        used: list[dict[float, list[_Used]]] = [{} for _ in self._table.blocks]
        for column, places, machine in zip(columns, self._table.places, machines):
            for block, part in self._by_block(column, places, machine.dual_coef):
                used[block].setdefault(machine.gamma, []).append(part)
        self._blocks = [[_Kernel(gamma, parts) for gamma, parts in sorted(block.items())] for block in used]

    @property
    def blocks(self) -> int:
        """How many blocks hold their support vectors."""
        return len(self._blocks)

    @property
    def rows(self) -> int:
        """How many support vectors they have together."""
        return sum(map(len, self._table.blocks))

    def add_to(self, margins: Floats, x: Floats, blocks: slice) -> None:
        """Add to the margins (M, N) of all machines what some blocks of rows give of these, of images (N, D)."""
        for kernels, distances in zip(self._blocks[blocks], self._table.distances(x, blocks)):
            for number, kernel in enumerate(kernels, start=1):
                kernel.add_to(margins, distances, is_last=number == len(kernels))

    def _by_block(self, column: int, places: NDArray[np.intp], weights: Floats) -> Iterator[tuple[int, _Used]]:
        order = np.argsort(places, kind="stable")
        places, weights = places[order], weights[order]
        starts = np.cumsum([0, *map(len, self._table.blocks)])
        cuts = np.searchsorted(places, starts)
        for block in np.flatnonzero(np.diff(cuts)).tolist():
            part = slice(cuts[block], cuts[block + 1])
            yield block, _Used(column, places[part] - starts[block], weights[part])


class _Kernel:
    """Machines of one gamma over the rows of one block that any of them uses."""

    def __init__(self, gamma: float, parts: Sequence[_Used]) -> None:
        self._gamma = gamma
        rows = np.unique(np.concatenate([part.places for part in parts]))
        self._rows = _as_slice(rows)
        self._columns = [part.column for part in parts]
        inside = [np.searchsorted(rows, part.places) for part in parts]
        self._sparse: list[tuple[int, _Places, Floats]] = []
        self._weights: Optional[Floats] = None
        if sum(map(len, inside)) > _DENSE * len(rows) * len(parts):
            self._weights = np.zeros((len(parts), len(rows)))
            for row, places, part in zip(self._weights, inside, parts):
                np.add.at(row, places, part.weights)  # an image given twice is twice a support vector
        else:
            self._sparse = [(part.column, _as_slice(places), part.weights) for places, part in zip(inside, parts)]

    def add_to(self, margins: Floats, distances: Floats, *, is_last: bool) -> None:
        """Add what the rows of this block give, from their distances (R, N), to the margins (M, N).

        ``is_last`` says that nobody needs the distances afterwards.
        """
        kernel = distances[self._rows]
        is_own = is_last or not isinstance(self._rows, slice)
        kernel = np.multiply(kernel, -self._gamma, out=kernel if is_own else None)
        np.exp(kernel, out=kernel)
        if self._weights is not None:
            margins[self._columns] += self._weights @ kernel
        for column, places, weights in self._sparse:
            margins[column] += weights @ kernel[places]


def _as_slice(places: NDArray[np.intp]) -> _Places:
    """Sorted places; where they follow each other, as a slice, of which nothing is copied."""
    first, last = int(places[0]), int(places[-1])
    follow = last - first + 1 == len(places) and bool((np.diff(places) == 1).all())
    return slice(first, last + 1) if follow else places
