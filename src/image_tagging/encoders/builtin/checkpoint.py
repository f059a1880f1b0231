"""A checkpoint in torch's format from before 1.6 (no zip) -> its tensors, read without torch.

The file is four pickles, a fifth with the keys of the storages, and then the storages: for each, its number of values
in eight bytes, and the values. A pickle can name any function of any library and have it called. This reader knows
those of a state dict of tensors alone, by its own stand-ins, and refuses every other, as it refuses a tensor that
reaches beyond its storage.
"""

from __future__ import annotations

import io
import pickle
import struct
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The first pickle of every such file, and the version of the format in the second.
_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001

_DTYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


#: What the unpickler and numpy raise for a damaged file. A string that is not UTF-8, say, is a ValueError.
_DAMAGE = (
    pickle.UnpicklingError,
    EOFError,
    struct.error,
    TypeError,
    AttributeError,
    LookupError,
    ValueError,
    OverflowError,
    MemoryError,
    RecursionError,
)


class CheckpointError(ValueError):
    """The file is no checkpoint of this format, or holds more than tensors."""


class _Storage(NamedTuple):
    key: str
    dtype: np.dtype[Any]


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_tensors(data: bytes) -> dict[str, NDArray[Any]]:
    """Return the tensors of a checkpoint by name: float32 or int64, as views of ``data`` that cannot be written to.

    Check the file's checksum first: a file that is made for it can use up the stack or describe huge views.

    Raises
    ------
    CheckpointError
        The file is no checkpoint of this format, or names anything but what tensors need.
    """
    file = io.BytesIO(data)
    try:
        if (_unpickled(file), _unpickled(file)) != (_MAGIC, _PROTOCOL) or not _unpickled(file)["little_endian"]:
            raise CheckpointError("it does not begin as a little-endian checkpoint of torch before 1.6 does")
        tensors: dict[str, _Tensor] = _unpickled(file)
        storages = _storages(file, data, _unpickled(file), tensors)
        return {name: _strided(tensor, storages[tensor.storage.key]) for name, tensor in tensors.items()}
    except CheckpointError:
        raise
    except _DAMAGE as error:
        raise CheckpointError(f"it is no checkpoint of torch before 1.6, or is damaged ({error})") from error


class _Unpickler(pickle.Unpickler):
    """Reads what a state dict of tensors needs, and calls nothing that the file chooses."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        raise CheckpointError(f"it names {module}.{name}, which no tensor needs")

    def persistent_load(self, pid: Any) -> _Storage:
        _storage, dtype, key, *_location_and_size = pid
        return _Storage(key, dtype)


def _unpickled(file: io.BytesIO) -> Any:
    return _Unpickler(file).load()


def _tensor(storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


def _storages(file: io.BytesIO, data: bytes, keys: list[str], tensors: dict[str, _Tensor]) -> dict[str, NDArray[Any]]:
    """Return the values of each storage (n,), which lie in the file in the order of ``keys``."""
    dtypes = {tensor.storage.key: tensor.storage.dtype for tensor in tensors.values()}
    storages, place = {}, file.tell()
    for key in keys:
        (count,) = struct.unpack_from("<q", data, place)
        place += 8
        if not 0 <= count * dtypes[key].itemsize <= len(data) - place:
            raise CheckpointError(f"its storage {key!r} ends beyond the file")
        storages[key] = np.frombuffer(data, dtypes[key], count, place)
        place += storages[key].nbytes
    return storages


def _strided(tensor: _Tensor, storage: NDArray[Any]) -> NDArray[Any]:
    last = tensor.offset + sum((size - 1) * step for size, step in zip(tensor.shape, tensor.strides))
    inside = tensor.offset >= 0 and min((0, *tensor.strides)) == 0 and min((1, *tensor.shape)) == 1
    if not inside or last >= len(storage) or len(tensor.shape) != len(tensor.strides):
        raise CheckpointError("a tensor reaches beyond its storage")
    strides = [step * storage.itemsize for step in tensor.strides]
    return np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.shape, strides, writeable=False)
