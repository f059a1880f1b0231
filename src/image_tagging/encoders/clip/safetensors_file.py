"""A ``.safetensors`` file -> its tensors, as views of the file.

The format (safetensors 0.7, "Format"): the size of the header in eight bytes; the header, JSON that names each tensor's
type, shape and place; and all values, one tensor behind the other. The package ``safetensors`` would copy them, and
has no bfloat16 for numpy.
"""

from __future__ import annotations

import json
import math
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from ..torch_files import TorchFileError, in_step, widen_bfloat16

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Bytes of a header; a large model has 80 KB.
_LARGEST_HEADER = 1 << 20

_MOST_AXES = 16

#: Types by their names in the format; bfloat16 is read as the bits it is.
_DTYPES = {
    **{"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2"},
    **{"I8": "|i1", "U8": "|u1", "BOOL": "|b1"},
}


def is_safetensors(beginning: bytes) -> bool:
    """Return whether a file that begins so is meant as one: a size, and the first bracket of the header."""
    return len(beginning) > 8 and beginning[8:9] == b"{"


def read_safetensors(data: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    """Return the tensors of a file by name, as views of its bytes ``data`` (n,); bfloat16 becomes float32, a copy.

    Raises TorchFileError where the file is damaged or of another type.
    """
    (size,) = struct.unpack("<Q", data[:8].tobytes())
    if size > min(_LARGEST_HEADER, len(data) - 8):
        raise TorchFileError("its header is longer than the file, or than that of any model")
    try:
        header = json.loads(data[8 : 8 + size].tobytes().decode("utf-8"))
        places = {name: _place(entry) for name, entry in header.items() if name != "__metadata__"}
    except TorchFileError:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise TorchFileError("its header is no header of a safetensors file") from error
    values, behind = data[8 + size :], 0
    for begin, end, dtype, shape in sorted(places.values(), key=lambda place: place[:2]):
        if begin != behind or end > len(values) or end - begin != math.prod(shape) * np.dtype(_DTYPES[dtype]).itemsize:
            raise TorchFileError("it is cut short or damaged: its header does not fit its length")
        behind = end
    if not places or behind != len(values):
        raise TorchFileError("it is cut short or damaged: its header does not fit its length")
    return {name: _array(values, *place) for name, place in places.items()}


def _place(entry: dict[str, Any]) -> tuple[int, int, str, tuple[int, ...]]:
    """Return where the values begin and end, their type, and the tensor's shape."""
    begin, end = entry["data_offsets"]
    shape = tuple(entry["shape"])
    if entry["dtype"] not in _DTYPES:
        raise TorchFileError(f"it holds values of the type {str(entry['dtype'])[:20]!r}, which is not read here")
    if any(type(number) is not int or not 0 <= number < 1 << 48 for number in (begin, end, *shape)):
        raise ValueError("a place that is no number")
    if len(shape) > _MOST_AXES:
        raise ValueError("more axes than any tensor has")
    return begin, end, entry["dtype"], shape


def _array(values: NDArray[np.uint8], begin: int, end: int, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    array = values[begin:end].view(_DTYPES[dtype]).reshape(shape)
    return widen_bfloat16(array) if dtype == "BF16" else in_step(array)
