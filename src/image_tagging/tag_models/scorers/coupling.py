"""The pairwise coupling of libsvm, through which the machines that it calibrated itself also went."""

from __future__ import annotations

import numpy as np

from .arrays import Floats


def libsvm_coupling(pairwise: Floats) -> Floats:
    """What libsvm (``multiclass_probability``) makes of the sigmoid's value for two classes, elementwise.

    It solves for the probabilities iteratively and stops early (Wu, Lin and Weng 2004), so that its result differs from
    the sigmoid in the third digit. The same steps are taken here. Where one more or one less of them follows from the
    last digit of ``pairwise``, the result jumps by as much: no machine with it is computed in float32.
    """
    r = np.clip(pairwise, 1e-7, 1 - 1e-7)
    s = 1 - r
    p, q = np.full_like(r, 0.5), np.full_like(r, 0.5)
    for _ in range(100):
        # With two classes the matrix of the method has rank one: Q p = e (s, -r) with e = s p - r q, p'Qp = e^2.
        error = s * p - r * q
        value = error * error
        moving = np.maximum(np.abs(s * error - value), np.abs(-r * error - value)) >= 0.0025
        if not moving.any():
            break
        step = (value - s * error) / (s * s)
        p1, q1 = (p + step) / (1 + step), q / (1 + step)
        error = s * p1 - r * q1
        step = (error * error + r * error) / (r * r)
        p, q = np.where(moving, p1 / (1 + step), p), np.where(moving, (q1 + step) / (1 + step), q)
    return p
