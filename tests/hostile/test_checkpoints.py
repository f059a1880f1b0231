"""A file of weights that is no plain checkpoint is refused, and nothing that it names is called."""

from __future__ import annotations

import io
import os
import pickle
import struct

import numpy as np
import pytest

from image_tagging.encoders.torch_files import TorchFileError, read_state_dict

HEAD = (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True})


def read_tensors(data):
    return read_state_dict(io.BytesIO(data), np.frombuffer(data, np.uint8))


class Global:
    """Pickled as a call of a function by its name."""

    def __init__(self, function, *arguments):
        self._reduced = function, arguments

    def __reduce__(self):
        return self._reduced


def opcode_global(module, name):
    return f"c{module}\n{name}\n".encode()


def tensor(offset=0, shape=(2, 3), strides=(3, 1), dtype="FloatStorage", key="0"):
    """Return the opcodes of one tensor, written by hand: torch is not needed to write what torch writes."""

    def integer(value):
        return b"J" + struct.pack("<i", value)

    def tuple_of(values):
        return b"(" + b"".join(integer(value) for value in values) + b"t"

    storage = b"(" + b"U\x07storage" + opcode_global("torch", dtype) + b"U" + bytes([len(key)]) + key.encode()
    storage += b"U\x03cpu" + integer(6) + b"NtQ"
    arguments = b"(" + storage + integer(offset) + tuple_of(shape) + tuple_of(strides) + b"\x89N" + b"t"
    return opcode_global("torch._utils", "_rebuild_tensor_v2") + arguments + b"R"


def checkpoint(body, *, keys=("0",), values=6, head=HEAD, count=None):
    """Return a whole file: ``body`` are the opcodes of the value of its only tensor, "w"."""
    state = b"\x80\x02" + opcode_global("collections", "OrderedDict") + b")R" + b"U\x01w" + body + b"s."
    storages = b"".join(
        struct.pack("<q", values if count is None else count) + np.arange(values, dtype="<f4").tobytes() for _ in keys
    )
    return b"".join(pickle.dumps(part, 2) for part in head) + state + pickle.dumps(list(keys), 2) + storages


def test_a_plain_checkpoint_is_read():
    tensors = read_tensors(checkpoint(tensor()))
    np.testing.assert_array_equal(tensors["w"], np.arange(6, dtype=np.float32).reshape(2, 3))
    assert not tensors["w"].flags.writeable


def test_strides_and_offsets_are_followed():
    tensors = read_tensors(checkpoint(tensor(offset=1, shape=(2, 2), strides=(1, 3))))
    np.testing.assert_array_equal(tensors["w"], [[1, 4], [2, 5]])


def test_an_empty_tensor_is_read():
    assert read_tensors(checkpoint(tensor(shape=(0, 3))))["w"].shape == (0, 3)


@pytest.mark.parametrize(
    ("module", "name"),
    [("os", "system"), ("builtins", "eval"), ("builtins", "getattr"), ("torch", "load"), ("torch._utils", "os.system")],
)
def test_a_function_that_no_tensor_needs_is_refused_uncalled(module, name, tmp_path):
    proof = tmp_path / "called"
    command = f"touch {proof}".encode()
    body = opcode_global(module, name) + b"(U" + bytes([len(command)]) + command + b"tR"
    with pytest.raises(TorchFileError, match="which no tensor needs"):
        read_tensors(checkpoint(body))
    assert not proof.exists()


def test_what_pickles_a_call_itself_is_refused(tmp_path):
    proof = tmp_path / "called"
    data = pickle.dumps(Global(os.system, f"touch {proof}"), 2)
    with pytest.raises(TorchFileError):
        read_tensors(data)
    assert not proof.exists()


@pytest.mark.parametrize(
    "reach",
    [
        {"shape": (2, 4)},
        {"offset": 1},
        {"offset": -1},
        {"strides": (3, 2)},
        {"strides": (-3, 1), "offset": 3},
        {"shape": (2**30, 2**30), "strides": (0, 0), "offset": 6},
        {"shape": (-1, 3)},
        {"shape": (7,), "strides": (0,)},
        {"shape": (2, 3, 1)},
    ],
    ids=str,
)
def test_a_tensor_beyond_its_storage_is_refused(reach):
    with pytest.raises(TorchFileError, match=r"beyond its storage|shape that none has"):
        read_tensors(checkpoint(tensor(**reach)))


@pytest.mark.parametrize("count", [7, -1, 2**62])
def test_a_storage_beyond_the_file_is_refused(count):
    with pytest.raises(TorchFileError, match="ends beyond the file"):
        read_tensors(checkpoint(tensor(), count=count))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"PK\x03\x04" + bytes(100), id="a zip"),
        pytest.param(pickle.dumps({}, 2), id="a dictionary"),
        pytest.param(checkpoint(tensor(), head=(1, 1001, {"little_endian": True})), id="another magic number"),
        pytest.param(checkpoint(tensor(), head=(*HEAD[:2], {"little_endian": False})), id="big-endian"),
        pytest.param(checkpoint(tensor(), head=(*HEAD[:2], [])), id="no description"),
        pytest.param(checkpoint(b"N"), id="no tensor"),
        pytest.param(checkpoint(tensor(key="1")), id="a storage that is not there"),
        pytest.param(checkpoint(tensor(dtype="ComplexFloatStorage")), id="another type"),
        pytest.param(b"Iabc\n.", id="a number of letters"),
        pytest.param(b"L" + b"1" * 10_000 + b"L\n.", id="a number of 10,000 digits"),
        pytest.param(b"\x80\x02X\x02\0\0\0\xff\xfe.", id="a string that is not UTF-8"),
        pytest.param(b"\x80\x05\x96" + b"\xff" * 8 + b".", id="bytes beyond any memory"),
        pytest.param(b"Np" + b"9" * 20 + b"\n.", id="a reference beyond any memory"),
        pytest.param(b"\x80\xff.", id="a pickle of another time"),
        pytest.param(b"\x80\x02r\xff\xff\xff\x7f.", id="a memo beyond any memory"),
        pytest.param(b"\x80\x02" + b"]" * 400_000, id="more lists than any model has"),
        pytest.param(b"\x80\x02X\xff\xff\xff\x7f" + bytes(8192) + b".", id="a text longer than any name"),
        pytest.param(b"\x80\x02)q\x00" + b"h\x00h\x00\x86q\x00" * 99 + b"}h\x00Ns.", id="a key that takes for ever"),
        pytest.param(checkpoint(opcode_global("collections", "OrderedDict") + b"(U\x03abctR"), id="no pairs"),
        pytest.param(checkpoint(tensor(shape=(1,) * 65, strides=(1,) * 65)), id="65 axes"),
        pytest.param(checkpoint(tensor(shape=(2**30,) * 3, strides=(0,) * 3)), id="more values than can be counted"),
    ],
)
def test_another_file_is_refused_in_one_line(data):
    with pytest.raises(TorchFileError) as refused:
        read_tensors(data)
    assert "\n" not in str(refused.value)


def test_every_truncation_is_refused():
    data = checkpoint(tensor())
    for length in range(len(data)):
        with pytest.raises(TorchFileError):
            read_tensors(data[:length])
