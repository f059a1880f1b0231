"""What the images of a data set have in common, with any tags: the directions in which all of them vary.

A few directions hold much of the variance of embeddings: how bright, how detailed, photograph or drawing. Any two
images differ along them, so that a difference says little of a tag. Where such directions are shortened, a linear model
of a tag needs fewer images (Hariharan, Malik and Ramanan 2012, "Discriminative decorrelation for clustering and
classification"). The covariance is shrunk towards a multiple of the identity (Ledoit and Wolf 2004, "A well-conditioned
estimator for large-dimensional covariance matrices"), since images are often fewer than dimensions.

No tag is looked at: a further tag of the same images changes nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Optional, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...tag_models import Floats, unit_rows

AnyFloats = TypeVar("AnyFloats", bound=NDArray[np.floating[Any]])

#: Embeddings that are added at a time.
_CHUNK = 8192

#: Unit vectors that vary by less are one vector and what rounding left of it, which need not be a covariance at all.
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over the unit vectors of ``count`` images: ``total`` (D,) of them, ``products`` (D, D) of their products."""

    count: int
    total: Floats
    products: Floats
    _made: dict[float, Decorrelation] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, embeddings: NDArray[np.float32]) -> Moments:
        """That of all the embeddings (N, D), which need not be of unit length; a million of them take half a minute."""
        dim = embeddings.shape[1]
        total, products = np.zeros(dim), np.zeros((dim, dim))
        for start in range(0, len(embeddings), _CHUNK):
            x = unit_rows(embeddings[start : start + _CHUNK].astype(np.float64))
            total += x.sum(axis=0)
            products += x.T @ x
        return cls(len(embeddings), total, products)

    def without(self, x: Floats) -> Moments:
        """The same without the images of unit vectors (n, D), which are among those it was made of.

        Images that a model is measured on have no part in it: they would have a part in them as no new image does.
        """
        return Moments(self.count - len(x), self.total - x.sum(axis=0), self.products - x.T @ x)

    def joined(self, x: Floats) -> Moments:
        """The same with the images of further unit vectors (n, D)."""
        return Moments(self.count + len(x), self.total + x.sum(axis=0), self.products + x.T @ x)

    def decorrelation(self, amount: float) -> Decorrelation:
        """The change of space in which the images vary less along the directions that they vary most along.

        ``amount`` 0 leaves the space as it is; up to 1, at which every direction would count the same, it is the share
        of the covariance that is the images' own.
        """
        if amount not in self._made:
            self._made[amount] = self._decorrelation(amount)
        return self._made[amount]

    def _decorrelation(self, amount: float) -> Decorrelation:
        from scipy.linalg import cholesky

        dim = len(self.total)
        if amount <= 0 or self.count < 2:
            return Decorrelation()
        mean = self.total / self.count
        covariance = self.products / self.count - np.outer(mean, mean)
        variance = float(np.trace(covariance))
        floor = (1 - amount) * variance / dim
        if variance < _ROUNDING or floor <= 0:  # all images are one
            return Decorrelation()
        covariance *= amount
        covariance.flat[:: dim + 1] += floor
        # Along a direction without variance lengths stay what they are, so that one strength of regularisation means
        # about the same at any amount.
        strength = amount / (self.count * floor)
        factor = cholesky(covariance, lower=True, overwrite_a=True, check_finite=False)
        return Decorrelation(factor / np.sqrt(floor), strength)


@dataclass(frozen=True, eq=False)
class Decorrelation:
    """A linear change of space, x -> ``factor``^-1 x, with ``factor`` (D, D) lower triangular; without one, none.

    ``factor`` times its transpose is the identity, and ``strength`` times the scatter of the images about their mean.
    """

    factor: Optional[Floats] = None
    strength: float = 0.0

    def of(self, x: AnyFloats) -> AnyFloats:
        """Unit vectors (n, D) -> (n, D), in their precision."""
        return x if self.factor is None else self._solved(x.T, "N").T

    def weights(self, w: Floats) -> Floats:
        """The weights (D,) that do to x what ``w`` (D,) does to the changed x."""
        return w if self.factor is None else self._solved(w, "T")

    def _solved(self, columns: AnyFloats, transposed: str) -> AnyFloats:
        from scipy.linalg import solve_triangular

        factor = np.asarray(self.factor, dtype=columns.dtype)
        solved: AnyFloats = solve_triangular(factor, columns, lower=True, trans=transposed, check_finite=False)
        return solved


def decorrelated(amount: float) -> str:
    """Return the end of a recipe's name, by its decorrelation."""
    return f", decorrelated by {amount:g}" if amount else ""
