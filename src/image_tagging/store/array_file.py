"""Arrays in files that are memory-mapped: what follows from the store, and is too large to be computed at each start.

A file has a header of fixed length, which says what it was made from (``stamp``), and the bytes of one array. It is
written aside and moved into place; one that is cut short, of another stamp or of another program is not read.
"""

from __future__ import annotations

import mmap
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Optional

import numpy as np
import orjson
from numpy.typing import NDArray

from ..writing import new_file, require_plain

#: The embeddings of an output folder, a row each picture, and the number of the near-duplicates that each belongs to.
EMBEDDINGS_NAME, GROUPS_NAME = "image-tagging.embeddings", "image-tagging.groups"
#: The names of these pictures, in order, and 1 / the length of the embedding of each.
NAMES_NAME, LENGTHS_NAME = "image-tagging.names", "image-tagging.lengths"
#: The row of the picture that is kept of the repeats of each.
REPEATS_NAME = "image-tagging.repeats"

_MAGIC = b"image-tagging array 1\n"
_MARK = re.compile(re.escape(_MAGIC))
_HEADER = 4096
_TYPES = re.compile(r"<f2|<f4|<i8|\|S[1-9]\d{0,2}")


def open_array(path: str, stamp: str) -> Optional[NDArray[Any]]:
    """Return the array in a file, memory-mapped and read-only; ``None`` where there is none that was made from this."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        said = _header(path)
        if said["stamp"] != stamp or not _TYPES.fullmatch(said["dtype"]):
            return None
        shape = tuple(int(length) for length in said["shape"])
        dtype = np.dtype(said["dtype"])
        size = dtype.itemsize * int(np.prod(shape, dtype=np.int64))
        if os.path.getsize(path) != _HEADER + size:
            return None
        if not size:
            return np.zeros(shape, dtype=dtype)
        with open(path, "rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)  # it ends with the last array that uses it
        return np.frombuffer(mapped, dtype=dtype, offset=_HEADER).reshape(shape)
    return None


def stamp_of_array(path: str) -> str:
    """Return what the array in a file was made from; an empty text where there is none."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        return str(_header(path)["stamp"])
    return ""


def _header(path: str) -> Any:
    with open(path, "rb") as file:
        header = file.read(_HEADER)
    return orjson.loads(header[len(_MAGIC) :]) if header.startswith(_MAGIC) else {}


def write_array(path: str, stamp: str, shape: tuple[int, ...], parts: Iterable[NDArray[Any]]) -> None:
    """Write an array, given in parts along its first axis, which all have one type (float16, float32, int64 or bytes).

    Raises
    ------
    OutputError
        The file cannot be written, or a file of others is in its place.
    ValueError
        The parts are not of this shape.
    """
    require_plain(path)
    with new_file(path, _MARK) as file:
        file.write(b" " * _HEADER)
        rows, dtype = 0, np.dtype(np.float16)
        for part in parts:
            dtype = part.dtype.newbyteorder("<")
            rows += len(part)
            file.write(np.ascontiguousarray(part, dtype=dtype).tobytes())
        if rows != shape[0]:
            raise ValueError(f"{rows} rows were given for an array of shape {shape}")
        said = orjson.dumps({"stamp": stamp, "dtype": dtype.str, "shape": list(shape)})
        file.seek(0)
        file.write((_MAGIC + said).ljust(_HEADER))
