"""The margins of many support vector machines with an RBF kernel, over tables of distances that they share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Optional, Union

import numpy as np
from numpy.typing import NDArray

from .arrays import Floats
from .rows import PooledRows, RowPool, RowTable

# Kernels of one chunk of images and all support vectors take at most this many bytes. Chunks of few images are slow:
# a matrix product goes through all support vectors once for each.
_CHUNK_BYTES = 64 << 20
# Where machines use a larger share than this of the rows that they have together, one product with a table of all
# their weights takes less time than one of each machine with the few rows that it uses.
_DENSE = 0.05

_Places = Union[slice, NDArray[np.intp]]
_ALL = slice(None)


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
        """Return the margins (N, M) of images (N, D), computed in chunks of them."""
        margins = np.empty((len(x), self._count))
        for part in self._parts:
            chunks = max(1, math.ceil(len(x) / part.chunk))
            for rows in np.array_split(np.arange(len(x)), chunks):  # of one size: no short one at the end
                chunk = slice(rows[0], rows[-1] + 1) if len(rows) else slice(0, 0)
                part.fill(margins[chunk], x[chunk])
        return margins


class _OfPool:
    """Machines whose support vectors are rows of one pool; those of one gamma share a kernel."""

    def __init__(self, columns: Sequence[int], machines: Sequence[Machine]) -> None:
        self._table = RowTable([machine.rows for machine in machines])
        gammas = sorted({machine.gamma for machine in machines})
        self._groups = [
            _OfGamma(
                gamma,
                self._table,
                [
                    (column, places, machine.dual_coef)
                    for column, places, machine in zip(columns, self._table.places, machines)
                    if machine.gamma == gamma
                ],
            )
            for gamma in gammas
        ]

    @property
    def chunk(self) -> int:
        """How many images are scored at once."""
        return max(1, _CHUNK_BYTES // (8 * sum(group.count for group in self._groups)))

    def fill(self, margins: Floats, x: Floats) -> None:
        kernels = [np.empty((group.count, len(x))) for group in self._groups]
        for number, distances in enumerate(self._table.distances(x)):
            for group, kernel in zip(self._groups, kernels):
                group.fill(kernel, number, distances)
        for group, kernel in zip(self._groups, kernels):
            group.add_up(margins, kernel)


class _OfGamma:
    """Machines of one gamma over the rows of a table that one of them uses: their kernel is (``count``, N)."""

    def __init__(self, gamma: float, table: RowTable, machines: Sequence[tuple[int, NDArray[np.intp], Floats]]) -> None:
        self._gamma = gamma
        used = np.unique(np.concatenate([places for _, places, _ in machines]))
        self.count = len(used)
        #: For each block of the table which of its rows are used, and where their kernel is.
        self._blocks = list(_blocks(used, [len(block) for block in table.blocks]))
        inside = [(column, np.searchsorted(used, places), dual) for column, places, dual in machines]
        self._columns = [column for column, _, _ in machines]
        self._sparse: list[tuple[int, _Places, Floats]] = []
        self._weights: Optional[Floats] = None
        if sum(len(dual) for _, _, dual in inside) > _DENSE * self.count * len(inside):
            self._weights = np.zeros((len(inside), self.count))
            for row, (_, places, dual) in zip(self._weights, inside):
                np.add.at(row, places, dual)  # one image given twice is twice a support vector of the same machine
        else:
            self._sparse = [(column, *_in_order(places, dual)) for column, places, dual in inside]

    def fill(self, kernel: Floats, number: int, distances: Floats) -> None:
        """Fill in the part of the kernel that the distances of a block of the table give."""
        used, where = self._blocks[number]
        part = np.multiply(distances[used], -self._gamma, out=kernel[where])
        np.exp(part, out=part)

    def add_up(self, margins: Floats, kernel: Floats) -> None:
        """Fill in the columns of these machines."""
        if self._weights is not None:
            margins[:, self._columns] = (self._weights @ kernel).T
        for column, places, dual in self._sparse:
            margins[:, column] = dual @ kernel[places]


def _blocks(used: NDArray[np.intp], sizes: Sequence[int]) -> list[tuple[_Places, slice]]:
    """For each block of so many rows: which of its rows are used, and where they are among those used."""
    ends = np.cumsum(sizes)
    cuts = np.searchsorted(used, [0, *ends]).tolist()
    return [
        (_ALL if last - first == size else used[first:last] - (end - size), slice(first, last))
        for first, last, size, end in zip(cuts, cuts[1:], sizes, ends.tolist())
    ]


def _in_order(places: NDArray[np.intp], dual_coef: Floats) -> tuple[_Places, Floats]:
    """The same sorted by place; where they follow each other, they are a slice, of which nothing is copied."""
    order = np.argsort(places, kind="stable")
    places = places[order]
    follows = np.array_equal(places, np.arange(places[0], places[0] + len(places)))
    return slice(int(places[0]), int(places[-1]) + 1) if follows else places, dual_coef[order]
