"""Support vector machines as arrays: what scikit-learn fits, without its objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from ...tag_models import Floats


@dataclass(frozen=True, eq=False)
class KernelSvm:
    """Margin of the tag = kernel(x, supports) . ``dual`` + ``intercept``; ``supports`` (S,) are rows learned from."""

    supports: NDArray[np.intp]
    dual: Floats
    intercept: float

    def all_duals(self, count: int) -> Floats:
        """Return the dual coefficient (n,) of each of ``count`` images learned from, 0 for those that do not matter."""
        duals = np.zeros(count)
        duals[self.supports] = self.dual
        return duals

    def margins(self, kernel: NDArray[np.floating[Any]]) -> Floats:
        """Return the margins (n,), positive for the tag, by the kernel (n, m) of n images with all m learned from."""
        margins: Floats = kernel[:, self.supports] @ self.dual + self.intercept
        return margins


def fit_kernel_svm(
    kernel: NDArray[np.floating[Any]], is_tag: NDArray[np.bool_], c: float, weights: Optional[Floats] = None
) -> KernelSvm:
    """Fit a support vector machine to the images whose table of kernels (n, n) is given.

    ``weights`` (n,) are those of the images; without any, classes are balanced. Balanced weights move the boundary to
    where few images of the tag meet many others; the sigmoid of its calibration, which knows only how many images each
    stands for, brings the probabilities back to the share that the tag has.
    """
    from sklearn import config_context
    from sklearn.svm import SVC

    # Of a small table scikit-learn's checks take longer than the fit; all numbers were checked as embeddings.
    with config_context(assume_finite=True, skip_parameter_validation=True):
        model = SVC(C=c, kernel="precomputed").fit(kernel, is_tag, balanced(is_tag) if weights is None else weights)
    return KernelSvm(np.asarray(model.support_, dtype=np.intp), model.dual_coef_[0], float(model.intercept_[0]))


def balanced(is_tag: NDArray[np.bool_]) -> Floats:
    """Return the weights (n,) by which either class counts half, as scikit-learn has them."""
    tagged = int(is_tag.sum())
    of_class: Floats = np.where(is_tag, len(is_tag) / (2 * tagged), len(is_tag) / (2 * (len(is_tag) - tagged)))
    return of_class


def squared_distances(products: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Return |x_i - x_j|^2 of all pairs of images (n, n), by the products of all pairs, seen from anywhere."""
    squares = np.diag(products)
    distances: NDArray[np.floating[Any]] = -2 * products
    distances += squares[:, np.newaxis]
    distances += squares
    np.maximum(distances, 0, out=distances)
    return distances
