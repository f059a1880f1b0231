"""Logistic regression in which each image brings a margin of its own, which scikit-learn does not have.

    minimise  sum_i s_i log(1 + exp(-y_i (u . x_i + b + o_i))) + |u|^2 / (2 C)   over u (D,) and b

by Newton's method with a line search; each step is solved for by conjugate gradients, as exactly as the way still to
go asks for (Nocedal and Wright 2006, "Numerical optimization", section 7.1; for logistic regression Lin, Weng and
Keerthi 2008, "Trust region Newton method for large-scale logistic regression"). The function is convex and has one
lowest point, which is met to about nine digits. Problems that differ in their margins alone are solved side by side:
what takes time is to go through the images, and they go through them together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

import numpy as np
from numpy.typing import NDArray

from ...errors import TrainingError
from ...tag_models import sigmoid

Floats = NDArray[np.float64]

#: Twice what a step of Newton's would still gain, over the value: after the step that gains so little, what is left is
#: about as much as rounding.
_DONE = 1e-14
_MOST_STEPS = 100
_MOST_HALVINGS = 50

#: How exactly a step is solved for, at the worst: the error over the slope.
_ROUGH = 0.1


def fit_shifted(
    x: Floats, is_tag: NDArray[np.bool_], offsets: Sequence[Floats], c: float, weights: Optional[Floats] = None
) -> list[tuple[Floats, float]]:
    """Find u (D,) and b for each of the offsets (n,).

    ``x`` is (n, D) float64, ``is_tag`` (n,), ``weights`` (n,) the s_i, all 1 where nothing is said.

    Raises
    ------
    TrainingError
        A class has no image, a value is no number, or the search does not end.
    """
    s = np.ones(len(x)) if weights is None else np.asarray(weights, dtype=np.float64)
    if not (np.isfinite(x).all() and np.isfinite(s).all() and all(np.isfinite(offset).all() for offset in offsets)):
        raise TrainingError("what a tag is to be learned from holds what is no number. Run stage 1 again.")
    if not (s[is_tag].sum() > 0 and s[~is_tag].sum() > 0):
        raise TrainingError("a tag is learned from at least one image that has it and one that has not.")
    if not len(offsets):
        return []
    lowest = _lowest(_Problems(x, is_tag, s, c), np.stack(offsets, axis=1))
    return [(np.ascontiguousarray(column[:-1]), float(column[-1])) for column in lowest.T]


class _Problems:
    """K problems over one set of images: a column (D + 1,) of each array is one's u and, in the last place, its b."""

    def __init__(self, x: Floats, is_tag: NDArray[np.bool_], s: Floats, c: float) -> None:
        self._x, self._is_tag, self._s, self._c = x, is_tag[:, np.newaxis], s, c
        self._sign = np.where(is_tag, -1.0, 1.0)[:, np.newaxis]

    def start(self, offsets: Floats) -> Floats:
        """(D + 1, K): only b, so that the margins are about what the share of the tag asks for."""
        share = float(self._s @ self._is_tag[:, 0] / self._s.sum())
        at = np.zeros((self._x.shape[1] + 1, offsets.shape[1]))
        at[-1] = np.log(share / (1 - share)) - (self._s @ offsets) / self._s.sum()
        return at

    def along(self, step: Floats) -> Floats:
        """(n, K): by how much the margins grow with a step."""
        return np.asarray((step[:-1].T @ self._x.T).T + step[-1])

    def values(self, at: Floats, margins: Floats) -> Floats:
        """(K,)."""
        return np.asarray(self._s @ np.logaddexp(0, self._sign * margins) + (at[:-1] ** 2).sum(axis=0) / (2 * self._c))

    def slopes(self, at: Floats, margins: Floats) -> tuple[Floats, Floats]:
        """The first derivatives (D + 1, K), and how much each image bends the second ones (n, K)."""
        p = sigmoid(margins)
        off = self._s[:, np.newaxis] * (p - self._is_tag)
        first = self._through(off)
        first[:-1] += at[:-1] / self._c
        return first, self._s[:, np.newaxis] * p * (1 - p)

    def newton_steps(self, first: Floats, bend: Floats) -> Floats:
        """(D + 1, K): the second derivatives' inverse times the first ones, by conjugate gradients."""
        total = bend.sum(axis=0)
        # Nothing holds b but the images, and images that are all told for certain hold it by next to nothing: then
        # steps are shorter, to the same end.
        least = np.zeros_like(first)
        least[:-1], least[-1] = 1 / self._c, 1e-12 * self._s.sum()
        scale = least.copy()
        scale[:-1] += total / len(first)
        scale[-1] += total
        step, rest = np.zeros_like(first), first.copy()
        scaled = rest / scale
        way, size = scaled.copy(), (rest * scaled).sum(axis=0)
        enough = size * np.minimum(_ROUGH**2, np.sqrt(size / (1 + self._s.sum())))
        for _ in range(2 * len(first)):
            if (size <= enough).all():
                break
            bent = self._through(bend * self.along(way)) + least * way
            far = _over(size, (way * bent).sum(axis=0))
            step += far * way
            rest -= far * bent
            scaled = rest / scale
            before, size = size, (rest * scaled).sum(axis=0)
            way = scaled + _over(size, before) * way
        return step

    def _through(self, images: Floats) -> Floats:
        """(n, K) -> (D + 1, K): the sums over the images of what each has, times its embedding and times 1."""
        # Few columns: this way round the product is twice as fast.
        return np.vstack([(images.T @ self._x).T, images.sum(axis=0)])


def _over(a: Floats, b: Floats) -> Floats:
    """The quotient, 0 where there is nothing left to divide by."""
    return np.divide(a, b, out=np.zeros_like(a), where=b > 0)


def _lowest(problems: _Problems, offsets: Floats) -> Floats:
    """(D + 1, K)."""
    at = problems.start(offsets)
    margins = offsets + at[-1]
    values = problems.values(at, margins)
    for _ in range(_MOST_STEPS):
        first, bend = problems.slopes(at, margins)
        steps = problems.newton_steps(first, bend)
        gains = (first * steps).sum(axis=0)
        if (gains <= _DONE * (1 + values)).all():
            return at - steps
        moved = problems.along(steps)
        sizes = np.ones(len(gains))
        for _ in range(_MOST_HALVINGS):  # until each keeps a part of its promise, or rounding hides what it gains
            below = problems.values(at - sizes * steps, margins - sizes * moved)
            short = below > values - 1e-4 * sizes * gains + 1e-14 * (1 + values)
            if not short.any():
                break
            sizes[short] /= 2
        at, margins, values = at - sizes * steps, margins - sizes * moved, below
    raise TrainingError("a tag model could not be fitted: the search for its weights does not end.")
