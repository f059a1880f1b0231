"""What scorers share: checks of their arrays, unit vectors, and the sigmoid."""

from __future__ import annotations

from typing import Any, Union

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError

#: Computing is done in float64, so that results do not depend on who scales the vectors.
Floats = NDArray[np.float64]

#: Vectors (N, D) as they are held: in float32 where that is enough, else in float64.
Rows = NDArray[np.floating[Any]]

# Beyond this, products of finite numbers overflow; no model that was trained comes near it.
_HUGE = 1e100


def unit_rows(embeddings: Floats) -> Floats:
    """Scale each row of (N, D) to unit length; rows of zeros stay, as scikit-learn's Normalizer has it."""
    norms = np.sqrt(squares(embeddings))
    norms[norms == 0] = 1
    unit: Floats = embeddings / norms[:, np.newaxis]
    return unit


def sigmoid(z: Floats) -> Floats:
    """1 / (1 + exp(-z)) that neither overflows nor loses the small probabilities."""
    small = np.exp(-np.abs(z))
    probability: Floats = np.where(z >= 0, 1, small) / (1 + small)
    return probability


def squares(rows: Floats) -> Floats:
    """Return the squared length of each row of (N, D)."""
    lengths: Floats = np.einsum("nd,nd->n", rows, rows)
    return lengths


def check(holds: bool, otherwise: str) -> None:
    """Raise ModelError with the sentence ``otherwise`` where something does not hold."""
    if not holds:
        raise ModelError(otherwise)


def check_numbers(*values: Union[Rows, float]) -> None:
    """Raise ModelError where a value is not finite, or too large to multiply."""
    # The least and the largest of values with a NaN are NaN, and a comparison with it is false.
    usable = all(
        np.size(value) == 0 or (float(np.min(value)) > -_HUGE and float(np.max(value)) < _HUGE) for value in values
    )
    check(usable, "it holds values that are not usable numbers")
