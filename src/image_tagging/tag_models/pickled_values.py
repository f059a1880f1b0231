"""What a pickle holds, as :mod:`.safe_pickle` reads it: names and constructed values that stay inert, and arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Union

import numpy as np

from ..errors import UnsafeModelError

#: Edges of an array; tables have two. The product of a thousand edges is a number that takes minutes to compute.
_MOST_EDGES = 4
_NUMBERS = frozenset({"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"})


@dataclass(frozen=True)
class Name:
    """A class or function that the file names. It is never looked up."""

    path: str


@dataclass(eq=False)
class Inert:
    """A value that the file would construct: by whom, of which arguments, with which state.

    For an array that was pickled without joblib, ``state`` becomes the array itself.
    """

    maker: str
    args: tuple[Any, ...]
    state: Any = None

    @property
    def kind(self) -> str:
        """The class's own name, without its module (modules moved between scikit-learn versions)."""
        return self.maker.rpartition(".")[2]


def expect(value: Any, kind: type) -> Any:
    """Return a value of exactly this type; TypeError of any other."""
    if type(value) is not kind:
        raise TypeError(f"a {kind.__name__} was expected")
    return value


def dtype_of(value: object) -> np.dtype[Any]:
    """The plain numeric type that an inert ``numpy.dtype`` describes."""
    inert = expect(value, Inert)
    code = expect(inert.args[0], str)
    if inert.maker != "numpy.dtype" or code not in _NUMBERS:
        raise UnsafeModelError(f"it holds an array of type {code[:20]!r}; the arrays of a tag model hold numbers")
    order = expect(inert.state[1], str) if inert.state is not None else "|"
    dtype: np.dtype[Any] = np.dtype({"<": "<", ">": ">", "|": "="}[order] + code)
    return dtype


def byte_length(shape: object, dtype: np.dtype[Any]) -> int:
    """Return how many bytes an array takes; Python's integers do not overflow."""
    edges = expect(shape, tuple)
    if len(edges) > _MOST_EDGES or any(expect(edge, int) < 0 for edge in edges):
        raise ValueError("an array with too many edges, or a negative one")
    length: int = math.prod(edges) * dtype.itemsize
    return length


def array_of(data: Union[bytes, memoryview], dtype: np.dtype[Any], shape: Any, order: str) -> np.ndarray[Any, Any]:
    """Return the array over these bytes, which are not copied; ``order`` is F for columns, else rows."""
    if len(data) != byte_length(shape, dtype):
        raise ValueError("an array whose bytes do not fill its shape")
    flat = np.frombuffer(data, dtype=dtype)
    array: np.ndarray[Any, Any] = flat.reshape(shape[::-1]).T if order == "F" else flat.reshape(shape)
    return array


def scalar_of(dtype: object, data: object) -> Any:
    """Return the one number that NumPy pickled by its type and bytes."""
    return array_of(expect(data, bytes), dtype_of(dtype), (), "C")[()]
