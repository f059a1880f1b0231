"""Margins of a model -> probabilities that mean what they say.

A sigmoid with two parameters, fitted to the margins of images that the model has not learned from (Platt 1999,
"Probabilistic outputs for support vector machines and comparisons to regularized likelihood methods"), by Newton's
method as Lin, Lin and Weng have it (2007, "A note on Platt's probabilistic outputs for support vector machines"). Its
targets are Platt's: of few images it never claims to be sure. A step function (isotonic) would need a thousand images
of a tag.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
from numpy.typing import NDArray

from ...tag_models import Floats, sigmoid

_MOST_STEPS = 100
#: Keeps the matrix of second derivatives invertible, as in Lin, Lin and Weng.
_RIDGE = 1e-12
_ENOUGH = 1e-10


@dataclass(frozen=True)
class Sigmoid:
    """Probability of the tag = 1 / (1 + exp(-(``slope`` f + ``offset``))) of a margin f, higher for the tag."""

    slope: float
    offset: float

    def of(self, margins: Floats) -> Floats:
        """Margins (n,) -> probabilities (n,)."""
        return sigmoid(self.slope * margins + self.offset)


def fit_sigmoid(margins: Floats, is_tag: NDArray[np.bool_], weights: Floats) -> Optional[Sigmoid]:
    """Return the sigmoid of out-of-fold margins (n,), ``weights`` (n,) being how many images each stands for.

    ``None`` where the margins say nothing: they do not rise from the others to the images of the tag, as those of two
    or three images that are unlike each other.
    """
    centre, spread = float(margins.mean()), float(margins.std())
    if not spread > 0:
        return None
    f = (margins - centre) / spread
    weights = weights / weights.sum()  # or the ridge is lost next to large ones
    tagged, others = int(is_tag.sum()), int((~is_tag).sum())
    target = np.where(is_tag, (tagged + 1) / (tagged + 2), 1 / (others + 2))
    share = float(weights[is_tag].sum())
    slope, offset = most_likely(f, target, weights, 0.0, float(np.log(share / (1 - share))))
    if not slope > 0:
        return None
    return Sigmoid(slope / spread, offset - slope * centre / spread)


def most_likely(f: Floats, target: Floats, weights: Floats, slope: float, offset: float) -> tuple[float, float]:
    """Return the slope and offset of the sigmoid of margins ``f`` (n,) that makes the targets (n,) most likely.

    ``weights`` (n,) sum to about 1; the search starts at the slope and offset given.
    """
    loss = _loss(slope * f + offset, target, weights)
    for _ in range(_MOST_STEPS):
        p = sigmoid(slope * f + offset)
        pull, curve = weights * (p - target), weights * p * (1 - p)
        gradient = np.array([pull @ f, pull.sum()])
        if np.abs(gradient).max() < _ENOUGH:
            break
        mixed = curve @ f
        hessian = np.array([[curve @ (f * f) + _RIDGE, mixed], [mixed, curve.sum() + _RIDGE]])
        step = -np.linalg.solve(hessian, gradient)
        length = 1.0
        while length > _ENOUGH:
            moved = slope + length * step[0], offset + length * step[1]
            new = _loss(moved[0] * f + moved[1], target, weights)
            if new < loss + 1e-4 * length * float(gradient @ step):
                break
            length /= 2
        else:
            break  # as close as rounding allows
        (slope, offset), loss = (float(moved[0]), float(moved[1])), new
    return slope, offset


def _loss(z: Floats, target: Floats, weights: Floats) -> float:
    return float(weights @ (np.logaddexp(0, z) - target * z))
