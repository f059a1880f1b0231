"""The few messages of ONNX that a graph of ours needs, written as protocol buffers.

The messages and the numbers of their fields are those of ``onnx/onnx.proto`` (IR version 8), the encoding is the wire
format of protocol buffers: a field is its number with a wire type, and then a varint, four bytes, or a length and that
many bytes. The package ``onnx``, which writes the same, is 60 MB with its dependencies; only the tests use it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Any, Union

import numpy as np
from numpy.typing import NDArray

_VARINT, _BYTES, _FOUR_BYTES = 0, 2, 5

#: TensorProto.DataType
FLOAT = 1
_TYPES = {"float32": FLOAT, "uint8": 2, "int8": 3, "int32": 6, "int64": 7, "float16": 10}

#: TensorProto.DataLocation
_EXTERNAL = 1

#: AttributeProto.AttributeType
_FLOAT, _INT, _INTS = 1, 2, 7

#: The value of an attribute of a node.
Value = Union[float, int, Sequence[int]]


def node(operator: str, inputs: Sequence[str], output: str, domain: str, attributes: dict[str, Value]) -> bytes:
    """Return a NodeProto of one output, after which the node is named; the domain of standard operators is empty."""
    return b"".join(
        [
            *(_text(1, name) for name in inputs),
            _text(2, output),
            _text(3, output),
            _text(4, operator),
            *(_field(5, _attribute(name, value)) for name, value in attributes.items()),
            _text(7, domain) if domain else b"",
        ]
    )


def tensor(name: str, values: NDArray[Any]) -> bytes:
    """Return a TensorProto with its values in it."""
    return _head(name, values) + _field(9, np.ascontiguousarray(values).tobytes())


def external_tensor(name: str, values: NDArray[Any]) -> bytes:
    """Return a TensorProto without its values, which are handed over when the graph is loaded."""
    place = _text(1, "location") + _text(2, "handed-over")
    return _head(name, values) + _field(13, place) + _number(14, _EXTERNAL)


def value(name: str, dtype: str, shape: Sequence[Union[int, str]]) -> bytes:
    """Return a ValueInfoProto: an input or output; a size that is a name may be any."""
    sizes = (_number(1, size) if isinstance(size, int) else _text(2, size) for size in shape)
    dimensions = b"".join(_field(1, size) for size in sizes)
    of_tensor = _number(1, _TYPES[dtype]) + _field(2, dimensions)
    return _text(1, name) + _field(2, _field(1, of_tensor))


def graph(nodes: Iterable[bytes], tensors: Iterable[bytes], inputs: Iterable[bytes], outputs: Iterable[bytes]) -> bytes:
    """Return a GraphProto."""
    parts = ((1, nodes), (5, tensors), (11, inputs), (12, outputs))
    return _text(2, "clip") + b"".join(_field(number, message) for number, part in parts for message in part)


def model(body: bytes, ir_version: int, opsets: dict[str, int]) -> bytes:
    """Return a ModelProto of a GraphProto; ``opsets`` are the versions of the operators by domain."""
    sets = (_field(8, _text(1, domain) + _number(2, version)) for domain, version in opsets.items())
    return _number(1, ir_version) + _text(2, "image-tagging-tools") + _field(7, body) + b"".join(sets)


def _head(name: str, values: NDArray[Any]) -> bytes:
    dims = b"".join(_number(1, size) for size in values.shape)
    return dims + _number(2, _TYPES[values.dtype.name]) + _text(8, name)


def _attribute(name: str, given: Value) -> bytes:
    if isinstance(given, float):
        kind, encoded = _FLOAT, _key(2, _FOUR_BYTES) + struct.pack("<f", given)
    elif isinstance(given, int):
        kind, encoded = _INT, _number(3, given)
    else:
        kind, encoded = _INTS, b"".join(_number(8, each) for each in given)
    return _text(1, name) + encoded + _number(20, kind)


def _field(number: int, content: bytes) -> bytes:
    return _key(number, _BYTES) + _varint(len(content)) + content


def _text(number: int, content: str) -> bytes:
    return _field(number, content.encode())


def _number(number: int, content: int) -> bytes:
    return _key(number, _VARINT) + _varint(content % (1 << 64))  # negative ones as two's complement of 64 bits


def _key(number: int, wire_type: int) -> bytes:
    return _varint(number << 3 | wire_type)


def _varint(content: int) -> bytes:
    """Return seven bits a byte, the lowest first; the top bit says that more follow."""
    encoded = bytearray()
    while content > 0x7F:
        encoded.append(content & 0x7F | 0x80)
        content >>= 7
    return bytes([*encoded, content])
