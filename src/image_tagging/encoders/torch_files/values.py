"""What a file of torch may hold, as it is read here: tensors of known types, modules, and values nobody needs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Axes of a tensor; numpy knows no more than 32 in its first versions.
_MOST_AXES = 16


class TorchFileError(ValueError):
    """The file is none of torch's, is damaged, or holds more than tensors."""


class Dtype(NamedTuple):
    """The type of a storage's values: how numpy reads it, and whether that is the upper half of a float32."""

    numpy: str
    is_bfloat16: bool = False

    @property
    def size(self) -> int:
        """Bytes of a value."""
        return np.dtype(self.numpy).itemsize


#: The types by the names of torch's storages. numpy has no bfloat16: its 16 bits are read as they are.
DTYPES = {
    "FloatStorage": Dtype("<f4"),
    "HalfStorage": Dtype("<f2"),
    "BFloat16Storage": Dtype("<u2", is_bfloat16=True),
    "DoubleStorage": Dtype("<f8"),
    "LongStorage": Dtype("<i8"),
    "IntStorage": Dtype("<i4"),
    "ShortStorage": Dtype("<i2"),
    "CharStorage": Dtype("|i1"),
    "ByteStorage": Dtype("|u1"),
    "BoolStorage": Dtype("|b1"),
}


class Storage(NamedTuple):
    """The values that tensors are views of: a key of this file, their type and how many."""

    key: str
    dtype: Dtype
    length: int


class Tensor(NamedTuple):
    """A view of a storage, in values and not in bytes; nothing of it is checked yet."""

    storage: Storage
    offset: Any
    shape: Any
    strides: Any


@dataclass(eq=False)
class Module:
    """An object of a TorchScript archive: its attributes, and nothing of its program."""

    state: dict[str, Any] = field(default_factory=dict)


class Unused:
    """A value that no tensor needs, of which nothing is kept."""


def expect(value: Any, kind: type) -> Any:
    """Return a value of exactly this type; TypeError of any other."""
    if type(value) is not kind:
        raise TypeError(f"a {kind.__name__} was expected")
    return value


def array_of(tensor: Tensor, values: NDArray[Any]) -> NDArray[Any]:
    """Return a tensor as a view of its storage's ``values`` (n,), or a copy where its type or place needs one.

    Raises TorchFileError where the tensor reaches beyond them, or has more values than they are.
    """
    shape, strides = _edges(tensor.shape), _edges(tensor.strides)
    (offset,) = _edges((tensor.offset,))
    size = math.prod(shape)
    last = offset + sum((edge - 1) * step for edge, step in zip(shape, strides))
    if len(shape) != len(strides) or size > len(values) or (size and last >= len(values)):
        raise TorchFileError("a tensor reaches beyond its storage")
    if not size:
        return np.zeros(shape, _as_numpy(values[:0], tensor.storage.dtype).dtype)
    steps = [step * values.itemsize for step in strides]
    view = np.lib.stride_tricks.as_strided(values[offset:], shape, steps, writeable=False)
    return _as_numpy(view, tensor.storage.dtype)


def _edges(value: object) -> tuple[int, ...]:
    if type(value) is not tuple or len(value) > _MOST_AXES or any(type(edge) is not int for edge in value):
        raise TorchFileError("a tensor has a shape that none has")
    if any(not 0 <= edge < 1 << 48 for edge in value):
        raise TorchFileError("a tensor reaches beyond its storage")
    return value


def _as_numpy(view: NDArray[Any], dtype: Dtype) -> NDArray[Any]:
    return widen_bfloat16(view) if dtype.is_bfloat16 else in_step(view)


def in_step(view: NDArray[Any]) -> NDArray[Any]:
    """Return the array, or a copy where its values do not begin at a multiple of their size, as runtimes need it."""
    if not view.flags.aligned:
        view = view.copy()
        view.flags.writeable = False
    return view


def widen_bfloat16(bits: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Return float32 values of the same shape: the bits of a bfloat16 are the upper half of a float32."""
    return (np.asarray(bits).astype(np.uint32) << 16).view(np.float32)
