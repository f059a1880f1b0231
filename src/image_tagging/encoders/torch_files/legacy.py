"""A file in torch's format from before 1.6 (no zip) -> the saved object, and the values of its storages.

The file is four pickles, a fifth with the keys of the storages, and then the storages: for each, its number of values
in eight bytes, and the values.
"""

from __future__ import annotations

import struct
from pickle import PROTO
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from .pickles import unpickled
from .values import Storage, TorchFileError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The first pickle of every such file, and the version of the format in the second.
_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001


def read_legacy(file: BinaryIO, data: NDArray[np.uint8]) -> tuple[Any, dict[str, NDArray[Any]]]:
    """Return the saved object, and for the key of each storage its values (n,), as views of ``data``.

    The parameters and errors are those of :func:`~.state.read_state_dict`.
    """
    if data[:1].tobytes() != PROTO:
        raise TorchFileError("it is no file of torch")
    is_of_torch = unpickled(file) == _MAGIC and unpickled(file) == _PROTOCOL
    about = unpickled(file) if is_of_torch else None
    if type(about) is not dict or about.get("little_endian") is not True:
        raise TorchFileError("it does not begin as a little-endian file of torch does")
    known: dict[str, Storage] = {}
    content, keys = unpickled(file, known), unpickled(file)
    if type(keys) is not list or any(type(key) is not str for key in keys):
        raise TorchFileError("it has no list of its storages")
    return content, _storages(data, file.tell(), keys, known)


def _storages(
    data: NDArray[np.uint8], place: int, keys: list[str], known: dict[str, Storage]
) -> dict[str, NDArray[Any]]:
    storages: dict[str, NDArray[Any]] = {}
    for key in keys:
        if key not in known:
            raise TorchFileError("it holds a storage of no tensor, whose type nothing says")
        dtype = known[key].dtype
        if place + 8 > len(data):
            raise TorchFileError("it is cut short: a storage ends beyond the file")
        (count,) = struct.unpack("<q", data[place : place + 8].tobytes())
        place += 8
        if not 0 <= count * dtype.size <= len(data) - place:
            raise TorchFileError("it is cut short: a storage ends beyond the file")
        storages[key] = data[place : place + count * dtype.size].view(dtype.numpy)
        place += count * dtype.size
    return storages
