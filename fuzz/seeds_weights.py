"""The first inputs of weights files: whole ones of every format, and attacks on their readers."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
from tests.weights_files import (
    dictionary,
    legacy,
    module,
    opcode_global,
    safetensors,
    safetensors_of,
    saved,
    state,
    tensor,
    text,
    torch_zip,
)

_ARRAYS = {
    "visual.proj": np.arange(6, dtype=np.float32).reshape(2, 3),
    "logit_scale": np.array(4.6, np.float16),
    "text.token_embedding.weight": np.ones((2, 2), np.float64),
}
_VALUES = {str(key): array.tobytes() for key, array in enumerate(_ARRAYS.values())}
_PLAIN = {"w": tensor("0", (2, 3), (3, 1), length=6)}

#: Shapes, steps and offsets over a storage of six values.
_REACHES = [
    ((2, 4), (4, 1), 0),
    ((2, 3), (3, 1), 1),
    ((2, 3), (-3, 1), 3),
    ((1 << 30, 1 << 30), (0, 0), 0),
    ((0, 3), (3, 1), 9),
]


def weights() -> Iterator[tuple[str, bytes]]:
    """Yield names and contents."""
    tensors = dictionary(state(_ARRAYS))
    yield "safetensors", safetensors_of(_ARRAYS)
    yield "bfloat16", safetensors({"w": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}, bytes(4))
    yield "torch", saved(_ARRAYS)
    yield "torch, packed", saved(_ARRAYS, method=8)
    yield (
        "torch, bfloat16",
        torch_zip(dictionary({"w": tensor("0", (2,), (1,), dtype="BFloat16Storage", length=2)}), {"0": bytes(4)}),
    )
    yield "legacy", legacy(dictionary(_PLAIN), {"0": bytes(24)})
    yield "a training", torch_zip(dictionary({"epoch": b"K\x03", "state_dict": tensors}), _VALUES)
    yield "TorchScript", torch_zip(module("CLIP", {"visual": module("V", _PLAIN), "training": b"\x89"}), _VALUES)
    yield (
        "TorchScript in itself",
        torch_zip(opcode_global("__torch__", "M") + b")\x81q\x00}" + text("m") + b"h\x00sb", {}),
    )
    yield "a call", torch_zip(opcode_global("os", "system") + b"(" + text("true") + b"tR", {})
    yield "a stacked call", torch_zip(text("builtins") + text("eval") + b"\x93" + text("1") + b"\x85R", {})
    yield "a call in a legacy file", legacy(opcode_global("os", "system") + b"(" + text("true") + b"tR", {})
    yield "a web page", b"<!DOCTYPE html><html>"
    yield "a pointer", b"version https://git-lfs.github.com/spec/v1\n"
    yield "an array", b"\x93NUMPY\x01\x00"
    for shape, strides, offset in _REACHES:
        reach = dictionary({"w": tensor("0", shape, strides, offset=offset, length=6)})
        yield f"{shape} {strides} {offset}", torch_zip(reach, {"0": bytes(24)})
    yield "lists", torch_zip(b"]" * 9000, {})
    yield "laughs", torch_zip(b"}(tq\x00" + b"h\x00h\x00\x86q\x00" * 60 + b"Ns", {})
    yield "a large memo", torch_zip(b"Nr\xff\xff\xff\x7f", {})
    yield "a long text", torch_zip(b"X\xff\xff\xff\x7fabc", {})
    yield "a large header", struct.pack("<Q", 1 << 62) + b"{}"
    yield "brackets", safetensors(b'{"w":' + b"[" * 9000, b"")
    yield "a gap", safetensors({"w": {"dtype": "U8", "shape": [2], "data_offsets": [2, 4]}}, bytes(4))
    yield "a bomb", saved({"w": np.zeros(1 << 16, np.float32)}, method=8)
    yield "bzip2", saved(_ARRAYS, method=12)
