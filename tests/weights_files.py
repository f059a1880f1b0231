"""Weights files written by hand, byte by byte: whole ones as torch and safetensors write them, and damaged ones."""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

#: The names of torch's storages for the types of numpy.
STORAGES = {"f4": "FloatStorage", "f2": "HalfStorage", "f8": "DoubleStorage", "i8": "LongStorage"}


def opcode_global(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def integer(value: int) -> bytes:
    return b"J" + struct.pack("<i", value) if abs(value) < 1 << 31 else b"\x8a\x08" + struct.pack("<q", value)


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def tuple_of(values: Any) -> bytes:
    return b"(" + b"".join(integer(value) for value in values) + b"t"


def storage(key: str, dtype: str, length: int) -> bytes:
    parts = text("storage") + opcode_global("torch", dtype) + text(key) + text("cpu") + integer(length)
    return b"(" + parts + b"tQ"


def tensor(key: str, shape: Any, strides: Any, *, dtype: str = "FloatStorage", offset: int = 0, length: int) -> bytes:
    """Return the opcodes of a tensor, as torch writes them."""
    arguments = storage(key, dtype, length) + integer(offset) + tuple_of(shape) + tuple_of(strides) + b"\x89N"
    return opcode_global("torch._utils", "_rebuild_tensor_v2") + b"(" + arguments + b"tR"


def dictionary(values: Mapping[str, bytes]) -> bytes:
    """Return the opcodes of an ordered dictionary of opcodes by name."""
    items = b"".join(text(name) + value for name, value in values.items())
    return opcode_global("collections", "OrderedDict") + b")R(" + items + b"u"


def module(name: str, attributes: Mapping[str, bytes]) -> bytes:
    """Return the opcodes of an object of a TorchScript archive."""
    items = b"".join(text(key) + value for key, value in attributes.items())
    return opcode_global("__torch__." + name, "Module") + b")\x81}(" + items + b"ub"


def state(arrays: Mapping[str, np.ndarray]) -> dict[str, bytes]:
    """Return the opcodes of each array as a tensor of a storage, whose key is its number."""
    return {
        name: tensor(
            str(key),
            array.shape,
            [step // array.itemsize for step in array.strides],
            dtype=STORAGES[array.dtype.str[1:]],
            length=array.size,
        )
        for key, (name, array) in enumerate(arrays.items())
    }


def torch_zip(pickled: bytes, storages: Mapping[str, bytes], *, method: int = 0, **others: bytes) -> bytes:
    """Return the bytes of a zip as ``torch.save`` writes it: ``pickled`` without its first and last byte."""
    file = io.BytesIO()
    members = {"data.pkl": b"\x80\x02" + pickled + b".", "byteorder": b"little", **others}
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in {**members, **{f"data/{key}": values for key, values in storages.items()}}.items():
            info = zipfile.ZipInfo(f"archive/{name}")
            padding = -(file.tell() + 30 + len(info.filename) + 4) % 64  # as torch does, so that values lie in step
            info.extra = b"FB" + struct.pack("<H", padding) + b"Z" * padding
            archive.writestr(info, bytes(content), method)
    return file.getvalue()


def saved(arrays: Mapping[str, np.ndarray], method: int = 0) -> bytes:
    """Return the bytes of a file as ``torch.save`` writes a state dict."""
    values = {str(key): array.tobytes() for key, array in enumerate(arrays.values())}
    return torch_zip(dictionary(state(arrays)), values, method=method)


def safetensors(header: Any, values: bytes) -> bytes:
    """Return the bytes of a ``.safetensors`` file; ``header`` is JSON, or its text."""
    encoded = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(encoded)) + encoded + values


def safetensors_of(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return the bytes of a whole ``.safetensors`` file."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    values = b""
    for name, array in arrays.items():
        kind = f"{array.dtype.str[1].upper()}{8 * array.itemsize}"
        places = [len(values), len(values) + array.nbytes]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": places}
        values += array.tobytes()
    encoded = json.dumps(header).encode()
    return safetensors(encoded + b" " * (-len(encoded) % 8), values)


def legacy(pickled: bytes, storages: Mapping[str, bytes], size: int = 4) -> bytes:
    """Return the bytes of a file as torch wrote it before 1.6; ``size`` are the bytes of a value."""
    head = (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True})
    data = b"".join(pickle.dumps(part, 2) for part in head)
    data += b"\x80\x02" + pickled + b"." + pickle.dumps(list(storages), 2)
    return data + b"".join(struct.pack("<q", len(values) // size) + values for values in storages.values())
