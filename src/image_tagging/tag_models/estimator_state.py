"""The attributes of an estimator, of scikit-learn's own or as read from a file, checked before they are used."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from .pickled_values import Inert


def class_name(value: object) -> str:
    """Return the name of the class of an estimator, without its module."""
    return value.kind if isinstance(value, Inert) else type(value).__name__


def attributes(value: object) -> dict[str, Any]:
    """Return the attributes of an estimator by their names; ModelError where it has none."""
    state = value.state if isinstance(value, Inert) else vars(value)
    if not isinstance(state, dict):
        raise ModelError(f"its {class_name(value)} has no state")
    return state


def is_text(value: object, text: str) -> bool:
    """Return whether it is this text; an array, compared with a text, would give an array."""
    return type(value) is str and value == text


def numbers(value: object) -> NDArray[Any]:
    """Return numbers of any type as they stand; TypeError of anything else."""
    array = value.state if isinstance(value, Inert) else value
    if not isinstance(array, (np.ndarray, np.number, int, float)):
        raise TypeError("numbers were expected")
    return np.asarray(array)


def float_array(value: object) -> NDArray[np.float64]:
    """Return floats as float64; TypeError of anything else.

    Of single bytes or truth values, float64 would make eight times what the file holds.
    """
    array = numbers(value)
    if array.dtype.kind != "f":
        raise TypeError("floats were expected")
    return np.asarray(array, dtype=np.float64, order="C")


def float_row(value: object) -> NDArray[np.float64]:
    """Return the one row (K,) of a (1, K) array of floats."""
    (row,) = float_array(value)
    return np.asarray(row)


def number(value: object) -> float:
    """Return the one number of an array of any shape; ValueError where there are more, or none."""
    array = numbers(value)
    if array.size != 1:
        raise ValueError("one number was expected")
    return float(array.ravel()[0])
