"""One table of products of the images of a tag, for all recipes of one decorrelation and all folds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...tag_models import Floats
from .decorrelation import Decorrelation, Moments
from .linear import Linear

#: Of a data set in which the images that a fold holds out are a smaller share, their part in its covariance is left in:
#: it says next to nothing of them.
_NEGLIGIBLE = 1 / 50


@dataclass(frozen=True, eq=False)
class Products:
    """The ``table`` (n, n) of products of all pairs of images after a ``change`` of space.

    The images are taken from the ``mean`` (D,) of the data set, which leaves every model with an intercept what it is,
    and are ``x`` (n, D) after the change. The data set has ``count`` images.
    """

    table: Floats
    x: Floats
    change: Decorrelation
    mean: Floats
    count: int

    @classmethod
    def of(cls, x: Floats, moments: Moments, amount: float) -> Products:
        """Return that of unit vectors (n, D), which are among those that the moments are of."""
        change, mean = moments.decorrelation(amount), moments.total / max(moments.count, 1)
        changed = change.of(x - mean)
        return cls(changed @ changed.T, changed, change, mean, moments.count)

    def times(self, columns: Floats) -> Floats:
        """Return the table times columns (n, m)."""
        product: Floats = self.table @ columns
        return product

    def linear(self, dual: Floats, intercept: float) -> Linear:
        """Return the model of dual coefficients (n,) for vectors as they were before the change."""
        coef = self.change.weights(dual @ self.x)
        return Linear(coef, intercept - float(coef @ self.mean))

    def folds(self, fold: NDArray[np.int64]) -> FoldProducts:
        """Return the products as each fold has them; ``fold`` (n,) is the number of each image's, from 0."""
        return FoldProducts(self, fold)


class FoldProducts:
    """The products of images in a space that those held out in a fold had no part in, as new images have none.

    Their part in the covariance is taken back within the table, by the formula of Woodbury (1950, "Inverting modified
    matrices"). How strongly directions are shortened stays what it is for the whole. ``held`` (n, m) says which images
    each fold holds out.
    """

    def __init__(self, whole: Products, fold: NDArray[np.int64]) -> None:
        self.whole = whole
        self.fold = fold
        self.held = fold[:, np.newaxis] == np.arange(int(fold.max()) + 1)
        most = int(self.held.sum(axis=0).max())
        matters = whole.change.strength and most > _NEGLIGIBLE * whole.count
        self._back = self._taken_back() if matters else None

    def _taken_back(self) -> Floats:
        """(n, n): what times the rows of held-out images is added to the table; each fold has its own columns."""
        from scipy.linalg import cho_factor, cho_solve

        table, back = self.whole.table, np.empty_like(self.whole.table)
        for held in self.held.T:
            left = np.eye(int(held.sum())) - 1 / self.whole.count
            left /= self.whole.change.strength
            left -= table[np.ix_(held, held)]
            back[:, held] = cho_solve(cho_factor(left, check_finite=False), table[held], check_finite=False).T
        return back

    def times(self, columns: Floats) -> Floats:
        """Return the table of each fold times its column (n, m), which is 0 for images held out."""
        product: Floats = self.whole.table @ columns
        if self._back is not None:
            product += self._back @ (product * self.held)
        return product

    def of_held(self, columns: Floats) -> Floats:
        """Return of each image what the column (n, m) of the fold that holds it out says."""
        of_images: Floats = columns[np.arange(len(self.fold)), self.fold]
        return of_images

    def table(self, number: int) -> tuple[Floats, Floats]:
        """Return the products of the training images of a fold (k, k), and of those held out with them (n - k, k)."""
        held = self.held[:, number]
        rows, kept = np.flatnonzero(held), np.flatnonzero(~held)
        mixed = self.whole.table[np.ix_(rows, kept)]
        training = self.whole.table[np.ix_(kept, kept)]
        if self._back is None:
            return training, mixed
        training += self._back[np.ix_(kept, rows)] @ mixed
        return training, mixed + self._back[np.ix_(rows, rows)] @ mixed
