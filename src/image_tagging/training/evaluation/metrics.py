"""How good probabilities are: log-loss, calibration error, and the reliability diagram."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...tag_models import Floats


def log_losses(probabilities: Floats, is_tag: NDArray[np.bool_]) -> Floats:
    """The log-loss (n,) of each image by its probability (n,) of the tag."""
    p = np.clip(np.where(is_tag, probabilities, 1 - probabilities), np.finfo(np.float64).tiny, None)
    losses: Floats = -np.log(p)
    return losses


def calibration_error(probabilities: Floats, is_tag: NDArray[np.bool_], weights: Floats, *, bins: int = 10) -> float:
    """Expected calibration error, bins of equal mass (Nixon et al. 2019, "Measuring calibration in deep learning")."""
    parts = reliability(probabilities, is_tag, weights, bins=bins)
    return sum(mass * abs(predicted - observed) for predicted, observed, mass, _ in parts)


def reliability(
    probabilities: Floats, is_tag: NDArray[np.bool_], weights: Floats, *, bins: int = 10
) -> list[tuple[float, float, float, int]]:
    """Per bin of about the same mass: mean probability, share of the tag, share of the mass, number of images."""
    order = np.argsort(probabilities, kind="stable")
    p, truth, w = probabilities[order], is_tag[order], weights[order]
    if not len(p):
        return []
    number = np.minimum((np.cumsum(w) - w / 2) / w.sum() * bins, bins - 1).astype(np.int64)
    parts = []
    for each in np.unique(number):
        here = number == each
        mass = float(w[here].sum())
        parts.append(
            (
                float(w[here] @ p[here]) / mass,
                float(w[here] @ truth[here]) / mass,
                mass / float(w.sum()),
                int(here.sum()),
            )
        )
    return parts
