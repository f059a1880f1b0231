"""A zip that torch wrote (since 1.6), or a TorchScript archive -> the saved object, and the values of its storages.

``<name>/data.pkl`` is the object; ``<name>/data/<key>`` is a storage, its values as they are. Of a TorchScript archive
the program is not read at all. Storages that are not compressed, as torch writes them, are views of the mapped file.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from .pickles import unpickled
from .values import Storage, TorchFileError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: How a zip begins.
BEGINNING = b"PK\x03\x04"

#: Bytes of the list of members, and of the pickle. A large model has 60 KB of the one and 100 KB of the other.
_LARGEST_DIRECTORY, _LARGEST_PICKLE = 1 << 20, 16 << 20

#: How many times larger than the whole file may become what is compressed in it. Weights shrink by a tenth, or by half
#: where they are of half precision; zeros shrink to a thousandth.
_MOST_UNPACKED = 8

_END, _END_SIZE, _LOCATOR_SIZE, _LOCAL_SIZE = b"PK\x05\x06", 22, 20, 30

#: What zipfile and zlib raise for a damaged, encrypted or unknown archive.
_DAMAGE = (zipfile.BadZipFile, zlib.error, ValueError, LookupError, struct.error, EOFError, RuntimeError)


def read_archive(file: BinaryIO, data: NDArray[np.uint8]) -> tuple[Any, dict[str, NDArray[Any]]]:
    """Return the saved object, and for the key of each storage its values (n,), as views of ``data`` where possible.

    The parameters and errors are those of :func:`~.state.read_state_dict`.
    """
    try:
        _check_directory(data)
        with zipfile.ZipFile(file) as archive:
            return _Archive(archive, data).read()
    except TorchFileError:
        raise
    except _DAMAGE as error:  # NotImplementedError, of a method of compression, is a RuntimeError
        raise TorchFileError("its zip archive is damaged or cut short") from error


def _check_directory(data: NDArray[np.uint8]) -> None:
    """Raise TorchFileError where the list of members is not at the end, or is too long to be read."""
    end = data[-_END_SIZE:].tobytes()
    if len(end) < _END_SIZE or not end.startswith(_END):
        raise TorchFileError("its zip archive is cut short")
    sizes = [struct.unpack_from("<I", end, 12)[0]]
    locator = data[-_END_SIZE - _LOCATOR_SIZE : -_END_SIZE].tobytes()
    if locator.startswith(b"PK\x06\x07"):
        (place,) = struct.unpack_from("<Q", locator, 8)
        record = data[place : place + 56].tobytes() if place < len(data) else b""
        if not record.startswith(b"PK\x06\x06"):
            raise TorchFileError("its zip archive is damaged")
        sizes = [struct.unpack_from("<Q", record, 40)[0], *(size for size in sizes if size != 0xFFFFFFFF)]
    if max(sizes) > _LARGEST_DIRECTORY:
        raise TorchFileError("its zip archive has more members than any file of torch")


class _Archive:
    def __init__(self, archive: zipfile.ZipFile, data: NDArray[np.uint8]) -> None:
        self._archive = archive
        self._data = data
        self._members = {member.filename: member for member in archive.infolist()}
        self._unpacked = _MOST_UNPACKED * len(data)

    def read(self) -> tuple[Any, dict[str, NDArray[Any]]]:
        pickles = [name for name in self._members if name == "data.pkl" or name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise TorchFileError(f"its zip archive has {len(pickles) or 'no'} members data.pkl: it is no file of torch")
        folder = pickles[0][: -len("data.pkl")]
        if f"{folder}byteorder" in self._members and self._bytes(f"{folder}byteorder", 16).tobytes() != b"little":
            raise TorchFileError("its values are big-endian, which is not read here")
        known: dict[str, Storage] = {}
        content = unpickled(io.BytesIO(self._bytes(pickles[0], _LARGEST_PICKLE).tobytes()), known)
        storages = {
            key: self._bytes(f"{folder}data/{key}", storage.length * storage.dtype.size).view(storage.dtype.numpy)
            for key, storage in known.items()
        }
        self._check_apart(folder, storages)
        return content, storages

    def _bytes(self, name: str, longest: int) -> NDArray[np.uint8]:
        """Return the bytes of a member (n,); a storage must have as many as its tensors say, or more."""
        member = self._members.get(name)
        if member is None:
            raise TorchFileError(f"its zip archive lacks the member {name[-40:]!r}")
        if member.file_size > longest:
            raise TorchFileError("a member of its zip archive is larger than what it is said to hold")
        if member.compress_type == zipfile.ZIP_STORED and not member.flag_bits & 1:
            begin = self._begin(member)
            return self._data[begin : begin + member.file_size]
        self._unpacked -= member.file_size
        if member.compress_type != zipfile.ZIP_DEFLATED or self._unpacked < 0:
            raise TorchFileError("its zip archive is compressed as no file of torch is")
        with self._archive.open(member) as stream:
            return np.frombuffer(stream.read(longest + 1), np.uint8)

    def _begin(self, member: zipfile.ZipInfo) -> int:
        """Return where the bytes of a member begin, which only its own header says."""
        place = member.header_offset
        header = self._data[place : place + _LOCAL_SIZE].tobytes() if 0 <= place < len(self._data) else b""
        if len(header) < _LOCAL_SIZE or not header.startswith(BEGINNING):
            raise TorchFileError("its zip archive is damaged")
        name_size, extra_size = struct.unpack_from("<HH", header, 26)
        begin = int(place + _LOCAL_SIZE + name_size + extra_size)
        if begin + member.file_size > len(self._data):
            raise TorchFileError("its zip archive is cut short: a storage ends beyond the file")
        return begin

    def _check_apart(self, folder: str, keys: dict[str, NDArray[Any]]) -> None:
        """Raise TorchFileError where storages lie over each other, as in no archive that torch writes."""
        members = sorted((self._members[f"{folder}data/{key}"] for key in keys), key=lambda one: one.header_offset)
        for one, following in zip(members, members[1:]):
            if following.header_offset < self._begin(one) + one.compress_size:
                raise TorchFileError("its zip archive is damaged: members lie over each other")
