"""The images that models of a tag are fitted to, with what several fits need of them, which is computed once."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple, Optional, Protocol

import numpy as np
from numpy.typing import NDArray

from ...tag_models import Floats
from .decorrelation import Decorrelation, Moments
from .examples import Examples
from .products import FoldProducts, Products
from .regressions import Regressions
from .svm import squared_distances


class Space(NamedTuple):
    """A change of space, and the vectors ``x`` (n, D) of the images after it."""

    change: Decorrelation
    x: NDArray[Any]


class TrainingImages:
    """The ``examples`` of a tag with the ``moments`` of their data set.

    Recipes of one decorrelation share its vectors, and those of one gamma its table of kernels, also over the folds.
    ``regressions`` are those of all folds by their recipe: the one of all images is near.

    One thread at a time may use it. With ``fixed_moments`` the folds have the moments of the whole, and share its
    vectors: where the images are few among those that the moments are of. Vectors of a space are float32 there, which
    is enough to fit to many images, and takes a fifth of the time.
    """

    def __init__(self, examples: Examples, moments: Moments, *, fixed_moments: bool = False) -> None:
        self.examples = examples
        self.moments = moments
        self.fixed_moments = fixed_moments
        self.regressions: dict[Hashable, Regressions] = {}
        self._spaces: dict[float, Space] = {}
        self._distances: Optional[NDArray[np.floating[Any]]] = None
        self._kernels: dict[float, NDArray[np.floating[Any]]] = {}
        self._products: dict[float, Floats] = {}
        self._tables: dict[float, Products] = {}

    def space(self, amount: float) -> Space:
        """Return the space of a decorrelation by ``amount``, as :meth:`.Moments.decorrelation` has it."""
        if amount not in self._spaces:
            change = self.moments.decorrelation(amount)
            self._spaces[amount] = Space(change, self._changed(change, amount))
        return self._spaces[amount]

    def _changed(self, change: Decorrelation, amount: float) -> NDArray[np.floating[Any]]:
        """Return the vectors (n, D) after a change of space by ``amount``."""
        x = change.of(self.examples.x)
        return x.astype(np.float32) if self.fixed_moments else x

    def table(self, amount: float) -> Products:
        """Return the products of all pairs of images after a decorrelation by ``amount``."""
        if amount not in self._tables:
            self._tables[amount] = Products.of(self.examples.x, self.moments, amount)
        return self._tables[amount]

    def products(self, amount: float) -> Floats:
        """Return the products (n, n) of all pairs of images in a space, where moments are fixed."""
        if amount not in self._products:
            x = self.space(amount).x
            self._products[amount] = (x @ x.T).astype(np.float64)  # as a fit takes them: converted once for all folds
        return self._products[amount]

    def kernel(self, gamma: float) -> NDArray[np.floating[Any]]:
        """Return the RBF kernel (n, n) of all pairs of images."""
        if gamma not in self._kernels:
            if self._distances is None:
                self._distances = squared_distances(self.table(0.0).table)
            kernel = -gamma * self._distances
            self._kernels[gamma] = np.exp(kernel, out=kernel)
        return self._kernels[gamma]

    def weighted(self, weights: Floats) -> TrainingImages:
        """Return the same images with other weights (n,), which share what is computed of them."""
        made = copy(self)
        made.examples = replace(self.examples, weights=weights)
        return made

    def folds(self, fold: NDArray[np.int64]) -> Iterator[Fold]:
        """Yield each fold; ``fold`` (n,) is the number of each image's, from 0."""
        for number in range(int(fold.max()) + 1):
            yield Fold(self, fold == number)


class FoldedImages:
    """The ``images`` with the number (n,) of each one's ``fold``, and what the recipes share of all folds.

    ``regressions`` are the last models of a decorrelation.
    """

    def __init__(self, images: TrainingImages, fold: NDArray[np.int64]) -> None:
        self.images = images
        self.regressions: dict[float, Regressions] = {}
        self._fold = fold
        self._products: dict[float, FoldProducts] = {}

    @property
    def held(self) -> NDArray[np.bool_]:
        """Which images each fold holds out, (folds, n)."""
        held: NDArray[np.bool_] = self._fold == np.arange(int(self._fold.max()) + 1)[:, np.newaxis]
        return held

    @cached_property
    def folds(self) -> list[Fold]:
        """The folds, for recipes that fit one after the other."""
        return list(self.images.folds(self._fold))

    def products(self, amount: float) -> FoldProducts:
        """Return the products of the images after a decorrelation by ``amount``, as each fold has them."""
        if amount not in self._products:
            self._products[amount] = self.images.table(amount).folds(self._fold)
        return self._products[amount]


class Fold:
    """Some of the images held out, and the ``training`` images, which are all others.

    ``held_out`` (n,) says which they are, and ``x`` (k, D) are their unit vectors. They have no part in the moments
    of the training images, as an image that is yet to come has none.
    """

    def __init__(self, whole: TrainingImages, held_out: NDArray[np.bool_]) -> None:
        self.held_out = held_out
        self.x = whole.examples.x[held_out]
        moments = whole.moments if whole.fixed_moments else whole.moments.without(self.x)
        self.training: TrainingImages = _FoldTraining(whole, held_out, moments)
        self._whole = whole

    def kernel(self, gamma: float) -> NDArray[np.floating[Any]]:
        """Return the RBF kernel (k, m) of the images held out with the training images."""
        return self._whole.kernel(gamma)[np.ix_(self.held_out, ~self.held_out)]


class _FoldTraining(TrainingImages):
    """The training images of a fold, whose kernels are cut from the table of all images."""

    def __init__(self, whole: TrainingImages, held_out: NDArray[np.bool_], moments: Moments) -> None:
        super().__init__(whole.examples.where(~held_out), moments, fixed_moments=whole.fixed_moments)
        self._whole = whole
        self._rows = np.flatnonzero(~held_out)

    def space(self, amount: float) -> Space:
        """Return the space of a decorrelation by ``amount``."""
        if not self._whole.fixed_moments:
            return super().space(amount)
        change, x = self._whole.space(amount)
        return Space(change, x[self._rows])

    def products(self, amount: float) -> Floats:
        """Return the products (m, m) of all pairs of training images in a space."""
        return self._whole.products(amount)[np.ix_(self._rows, self._rows)]

    def kernel(self, gamma: float) -> NDArray[np.floating[Any]]:
        """Return the RBF kernel (m, m) of all pairs of training images."""
        return self._whole.kernel(gamma)[np.ix_(self._rows, self._rows)]


class Unseen(Protocol):
    """Images that a model was not fitted to: their unit vectors ``x`` (k, D), and their kernels."""

    x: Floats

    def kernel(self, gamma: float) -> NDArray[np.floating[Any]]:
        """Return the RBF kernel (k, m) of the images with the training images of the model."""


class OtherImages:
    """Unit vectors ``x`` (k, D) of images that a model of the ``training`` images was not fitted to."""

    def __init__(self, x: Floats, training: TrainingImages) -> None:
        self.x = x
        self._training = training

    def kernel(self, gamma: float) -> Floats:
        """Return the RBF kernel (k, m) of the images with the training images."""
        distances = self.x @ self._training.examples.x.T
        squares = np.einsum("nd,nd->n", self.x, self.x)
        others = np.einsum("nd,nd->n", self._training.examples.x, self._training.examples.x)
        distances = np.maximum(squares[:, np.newaxis] + others - 2 * distances, 0)
        kernel: Floats = np.exp(-gamma * distances)
        return kernel
