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

    def margins(self, kernel: Floats) -> Floats:
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
    from sklearn.svm import SVC

    balanced = None if weights is not None else "balanced"
    model = SVC(C=c, kernel="precomputed", class_weight=balanced).fit(kernel, is_tag, weights)
    return KernelSvm(np.asarray(model.support_, dtype=np.intp), model.dual_coef_[0], float(model.intercept_[0]))


def squared_distances(x: Floats) -> Floats:
    """Return |x_i - x_j|^2 of all pairs of rows (n, D), as (n, n): one product for all machines of a tag."""
    squares = np.einsum("nd,nd->n", x, x)  # 1, but for an embedding of zeros
    distances: Floats = x @ x.T
    distances *= -2
    distances += squares[:, np.newaxis]
    distances += squares
    return np.maximum(distances, 0, out=distances)
