"""One table of products of the images of a tag, for all recipes of one decorrelation and all folds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...tag_models import Floats
from .decorrelation import Decorrelation, Moments
from .linear import Linear

#: Of a data set in which the images that a fold holds out are a smaller share, their part in its covariance is left in:
#: it says next to nothing of them.
_NEGLIGIBLE = 1 / 50

#: A table of more images is float32, which is enough to fit to many, and takes half the time.
_MOST_IN_FLOAT64 = 1_000


@dataclass(frozen=True, eq=False)
class Products:
    """The ``table`` (n, n) of products of all pairs of images ``x`` (n, D), after a ``change`` of space.

    There the images are seen from the ``mean`` (D,) of the data set, which leaves every model with an intercept what it
    is. The data set has ``count`` images.
    """

    table: NDArray[np.floating[Any]]
    x: Floats
    change: Decorrelation
    mean: Floats
    count: int

    @classmethod
    def of(cls, x: Floats, moments: Moments, amount: float) -> Products:
        """Return that of unit vectors (n, D), which are among those that the moments are of."""
        change, mean = moments.decorrelation(amount), moments.total / max(moments.count, 1)
        changed = change.of((x - mean).astype(np.float64 if len(x) <= _MOST_IN_FLOAT64 else np.float32))
        return cls(changed @ changed.T, x, change, mean, moments.count)

    def times(self, rows: Floats) -> Floats:
        """Return rows (m, n) times the table."""
        return _product(rows, self.table)

    def linear(self, dual: Floats, intercept: float) -> Linear:
        """Return the model of dual coefficients (n,) for vectors as they were before the change."""
        sum_of_images = dual @ self.x - dual.sum() * self.mean
        coef = self.change.weights(self.change.of(sum_of_images[np.newaxis])[0])
        return Linear(coef, intercept - float(coef @ self.mean))

    def folds(self, fold: NDArray[np.int64]) -> FoldProducts:
        """Return the products as each fold has them; ``fold`` (n,) is the number of each image's, from 0."""
        return FoldProducts(self, fold)


class FoldProducts:
    """The products of images in a space that those held out in a fold had no part in, as new images have none.

    Their part in the covariance is taken back within the table, by the formula of Woodbury (1950, "Inverting modified
    matrices"). How strongly directions are shortened stays what it is for the whole. ``held`` (m, n) says which images
    each fold holds out.
    """

    def __init__(self, whole: Products, fold: NDArray[np.int64]) -> None:
        self.whole = whole
        self.fold = fold
        self.held = fold == np.arange(int(fold.max()) + 1)[:, np.newaxis]
        matters = int(self.held.sum(axis=1).max()) > _NEGLIGIBLE * whole.count
        self._back = self._taken_back() if whole.change.strength and matters else None

    def _taken_back(self) -> NDArray[np.floating[Any]]:
        """(n, n): what is added to the table, times its rows of held-out images; each fold has its own columns."""
        from scipy.linalg import cho_factor, cho_solve

        table, back = self.whole.table, np.empty_like(self.whole.table)
        for rows in map(np.flatnonzero, self.held):
            left = np.eye(len(rows), dtype=table.dtype) - table.dtype.type(1 / self.whole.count)
            left /= self.whole.change.strength
            left -= _cut(table, rows, rows)
            solved = cho_solve(cho_factor(left, check_finite=False), table[rows], check_finite=False)
            back[:, rows] = solved.T
        return back

    def times(self, rows: Floats) -> Floats:
        """Return the row (m, n) of each fold, which is 0 for images held out, times its table."""
        product = self.whole.times(rows)
        if self._back is not None:
            product += _product(product * self.held, self._back.T)
        return product

    def of_held(self, rows: Floats) -> Floats:
        """Return of each image what the row (m, n) of the fold that holds it out says."""
        of_images: Floats = rows[self.fold, np.arange(len(self.fold))]
        return of_images

    def table(self, number: int) -> tuple[Floats, Floats]:
        """Return the products of the training images of a fold (k, k), and of those held out with them (n - k, k)."""
        rows, kept = np.flatnonzero(self.held[number]), np.flatnonzero(~self.held[number])
        training, mixed = _cut(self.whole.table, kept, kept), _cut(self.whole.table, rows, kept)
        if self._back is not None:
            training += _cut(self._back, kept, rows) @ mixed
            mixed = mixed + _cut(self._back, rows, rows) @ mixed
        return training.astype(np.float64, copy=False), mixed.astype(np.float64, copy=False)


def _product(rows: Floats, table: NDArray[np.floating[Any]]) -> Floats:
    """Return rows (m, n) times a table (n, n), in the precision of the table."""
    product: Floats = (rows.astype(table.dtype, copy=False) @ table).astype(np.float64, copy=False)
    return product


def _cut(
    table: NDArray[np.floating[Any]], rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> NDArray[np.floating[Any]]:
    """Return some rows and columns of a table: a third of the time of ``np.ix_``."""
    return table.take(rows, axis=0).take(columns, axis=1)
