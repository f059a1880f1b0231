"""Support vector machines on unit vectors, by their settings.

``c`` is the inverse strength of the regularisation, as scikit-learn's ``C``. ``decorrelation`` is the amount of it
(``decorrelation.Moments.decorrelation``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Union

import numpy as np
from numpy.typing import NDArray

from ...tag_models import Floats
from .calibration import Sigmoid
from .cross_validation import fold_by_fold
from .decorrelation import decorrelated
from .estimators import linear_svm, rbf_svm
from .linear import Linear
from .svm import KernelSvm, fit_kernel_svm
from .training_images import FoldedImages, TrainingImages, Unseen


@dataclass(frozen=True)
class SvmRecipe:
    """A support vector machine; ``gamma`` is that of its RBF kernel, 0 for a linear one.

    Classes are balanced, except where it is ``weighted`` (a linear one alone): then by the weights of the images.
    """

    c: float
    decorrelation: float = 0.0
    gamma: float = 0.0
    weighted: bool = False

    def __str__(self) -> str:
        kernel = f"RBF kernel of gamma {self.gamma:g}" if self.gamma else "linear"
        return f"{kernel}, C {self.c:g}{decorrelated(self.decorrelation)}"

    def fit(self, images: TrainingImages) -> Union[FittedLinearSvm, FittedRbfSvm]:
        """Fit a model to all the images."""
        examples = images.examples
        if self.gamma:
            svm = fit_kernel_svm(images.kernel(self.gamma), examples.is_tag, self.c)
            return FittedRbfSvm(svm, examples.x[svm.supports], self)
        if not self.weighted:
            products = images.table(self.decorrelation)
            svm = fit_kernel_svm(products.table, examples.is_tag, self.c)
            return FittedLinearSvm(products.linear(svm.all_duals(len(examples)), svm.intercept), self.c)
        change, x = images.space(self.decorrelation)
        svm = fit_kernel_svm(images.products(self.decorrelation), examples.is_tag, self.c, examples.weights)
        linear = Linear(svm.dual @ x[svm.supports], svm.intercept)
        return FittedLinearSvm(linear.in_original_space(change), self.c)

    def out_of_fold(self, folded: FoldedImages) -> Floats:
        """Return the margins (n,) of the images, each by a model of the other folds."""
        if self.weighted:
            return fold_by_fold(self, folded)
        is_tag = folded.images.examples.is_tag
        margins = np.empty(len(is_tag))
        for number, held in enumerate(folded.held):
            training, mixed = self._tables(folded, number, held)
            margins[held] = fit_kernel_svm(training, is_tag[~held], self.c).margins(mixed)
        return margins

    def _tables(self, folded: FoldedImages, number: int, held: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """Return the kernels of the training images of a fold, and of those held out with them."""
        if not self.gamma:
            return folded.products(self.decorrelation).table(number)
        of_training = folded.images.kernel(self.gamma).take(np.flatnonzero(~held), axis=1)
        training, mixed = of_training[~held], of_training[held]
        return training.astype(np.float64, copy=False), mixed.astype(np.float64, copy=False)


@dataclass(frozen=True, eq=False)
class FittedLinearSvm:
    """A linear support vector machine as it was fitted, as its normal vector."""

    model: Linear
    c: float

    def margins(self, unseen: Unseen) -> Floats:
        """Return the margins (k,) of images that the model was not fitted to."""
        return self.model.margins(unseen.x)

    def estimator(self, sigmoid: Sigmoid) -> Any:
        """Return a calibrated linear ``SVC``."""
        return linear_svm(self.model, self.c, sigmoid)


@dataclass(frozen=True, eq=False)
class FittedRbfSvm:
    """A support vector machine with an RBF kernel as it was fitted; ``support_vectors`` are (S, D)."""

    model: KernelSvm
    support_vectors: Floats
    recipe: SvmRecipe

    def margins(self, unseen: Unseen) -> Floats:
        """Return the margins (k,) of images that the model was not fitted to."""
        return self.model.margins(unseen.kernel(self.recipe.gamma))

    def estimator(self, sigmoid: Sigmoid) -> Any:
        """Return a calibrated ``SVC``."""
        return rbf_svm(self.support_vectors, self.model, self.recipe.c, self.recipe.gamma, sigmoid)
