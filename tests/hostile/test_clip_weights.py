"""A weights file of a stranger gives tensors or one line, soon and in little memory, and is never run."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import time
import tracemalloc
import zipfile

import numpy as np
import pytest

from image_tagging.encoders.clip.tensors import read_tensors
from image_tagging.errors import EncoderUnavailableError
from weights_files import (
    dictionary,
    integer,
    opcode_global,
    safetensors,
    safetensors_of,
    saved,
    state,
    tensor,
    text,
    torch_zip,
)

ARRAYS = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones(3, np.float16)}
WHOLE = {"safetensors": safetensors_of(ARRAYS), "torch": saved(ARRAYS), "packed": saved(ARRAYS, method=8)}
VALUES = {"0": bytes(24)}

#: Seconds of the processor, which other work takes none of, and bytes of memory that a refusal may take.
SOON, LITTLE = 3.0, 48 << 20


def refusal(tmp_path, data: bytes) -> str:
    """The one line in which a file is refused."""
    path = tmp_path / "strange.pt"
    path.write_bytes(data)
    tracemalloc.start()
    begin = time.process_time()
    try:
        with pytest.raises(EncoderUnavailableError) as refused:
            read_tensors(str(path))
        assert time.process_time() - begin < SOON
        assert tracemalloc.get_traced_memory()[1] < LITTLE
    finally:
        tracemalloc.stop()
    message = str(refused.value)
    assert str(path) in message
    assert "\n" not in message
    assert len(message) < 500 + len(str(path))
    return message


def one(**reach) -> bytes:
    """A file of one tensor over a storage of six values, with something wrong."""
    options = {"key": "0", "shape": (2, 3), "strides": (3, 1), "length": 6, **reach}
    return torch_zip(dictionary({"w": tensor(**options)}), VALUES)


def of_header(**entry) -> bytes:
    return safetensors({"w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24], **entry}}, bytes(24))


def member_twice() -> bytes:
    """A directory in which two storages lie at one place, so that a small file would hold much."""
    data = bytearray(
        torch_zip(dictionary(state({"a": ARRAYS["w"], "b": ARRAYS["w"]})), {"0": bytes(24), "1": bytes(24)})
    )
    first, second = (data.rindex(b"archive/data/%d" % key) - 46 for key in (0, 1))
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    return bytes(data)


def without_end(data: bytes) -> bytes:
    return data[: data.rindex(b"PK\x05\x06")]


def deep_modules(depth: int) -> bytes:
    return (text("m") + opcode_global("__torch__", "M") + b")\x81}") * depth + text("w") + b"N" + b"s" + b"bs" * depth


DEEP = opcode_global("__torch__", "M") + b")\x81}" + deep_modules(2000) + b"b"
ITSELF = opcode_global("__torch__", "M") + b")\x81q\x00}" + text("m") + b"h\x00sb"
LAUGHS = b"(q\x00t" + b"".join(b"q\x00h\x00h\x00\x86" for _ in range(60)) + b"q\x00"

OTHERS = {
    "empty": (b"", "is empty"),
    "a web page": (b"<!DOCTYPE html>\n<html>Just a moment...", "is a web page and no weights"),
    "a pointer of Git LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "git lfs pull"),
    "an array": (b"\x93NUMPY\x01\x00", "an array of NumPy"),
    "HDF5": (b"\x89HDF\r\n\x1a\n", "HDF5"),
    "GGUF": (b"GGUF\x03", "GGUF"),
    "a sentence": (b"Not Found", "no file of torch"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(50), "no file of torch"),
    "random bytes": (np.random.default_rng(0).bytes(4096), ""),
    "zeros": (bytes(1 << 20), "no file of torch"),
    "another zip": (torch_zip(b"N", {}).replace(b"data.pkl", b"data.txt"), "no members data.pkl"),
    "a zip without its end": (without_end(saved(ARRAYS)), "cut short"),
    "two saved objects": (torch_zip(b"N", {}, **{"more/data.pkl": b"N."}), "2 members data.pkl"),
    "nothing saved": (torch_zip(b"N", {}), "no tensors"),
    "an empty dictionary": (torch_zip(b"}", {}), "no tensors"),
    "a list": (torch_zip(b"]", {}), "no tensors"),
    "big-endian": (saved(ARRAYS).replace(b"little", b"bigbig"), "big-endian"),
    "a pickle": (pickle.dumps({"w": [1.0]}, 4), "does not begin as"),
    "joblib of NumPy": (pickle.dumps(ARRAYS, 4), ""),
}


@pytest.mark.parametrize("what", OTHERS)
def test_other_content_is_named_in_a_line(tmp_path, what):
    data, words = OTHERS[what]
    assert words in refusal(tmp_path, data)


@pytest.mark.parametrize(
    ("maker", "name"),
    [
        *[("os", "system"), ("posix", "system"), ("builtins", "eval"), ("builtins", "getattr"), ("torch", "load")],
        *[("torch.hub", "load"), ("torch._utils", "_rebuild_tensor_v2.__globals__"), ("collections", "Counter")],
        *[("numpy", "load"), ("subprocess", "Popen"), ("open_clip", "create_model")],
    ],
)
@pytest.mark.parametrize("form", ["reduced", "made", "stacked"])
def test_nothing_that_a_file_names_is_called(tmp_path, maker, name, form):
    proof = tmp_path / "called"
    command = b"(" + text(f"touch {proof}") + b"t"
    named = text(maker) + text(name) + b"\x93" if form == "stacked" else opcode_global(maker, name)
    body = named + command + (b"\x81" if form == "made" else b"R")
    message = refusal(tmp_path, torch_zip(dictionary({"w": body}), {}))
    assert f"names '{maker}.{name}', which no tensor needs" in message
    assert not proof.exists()


def test_a_class_of_a_program_is_only_a_name(tmp_path):
    """A TorchScript archive is a program: its classes are not looked up, even where they are called ``os``."""
    proof = tmp_path / "called"
    body = opcode_global("__torch__.os", "system") + b"(" + text(f"touch {proof}") + b"tR"
    assert "no tensors" in refusal(tmp_path, torch_zip(body, {}))
    assert not proof.exists()


def test_a_pickle_that_calls_is_refused_in_every_format(tmp_path):
    class Calling:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path / 'called'}",)

    for protocol in range(2, 6):
        body = pickle.dumps(Calling(), protocol)
        begin = 2 if protocol < 4 else 11
        for data in (body, torch_zip(body[begin:-1], {})):
            refusal(tmp_path, data)
    assert not (tmp_path / "called").exists()


DAMAGED = {
    "more rows than values": one(shape=(2, 4), strides=(4, 1)),
    "an offset beyond the end": one(offset=1),
    "an offset before the beginning": one(offset=-1),
    "steps beyond the end": one(strides=(3, 2)),
    "steps backwards": one(strides=(-3, 1), offset=3),
    "more values than any memory": one(shape=(1 << 30, 1 << 30), strides=(0, 0)),
    "one value a million times": one(shape=(1_000_000,), strides=(0,)),
    "a negative size": one(shape=(-2, 3)),
    "axes and steps of another number": one(shape=(6,)),
    "thirty axes": one(shape=(1,) * 30, strides=(1,) * 30),
    "a number of 2,000 bytes": torch_zip(dictionary({"w": b"\x8b" + struct.pack("<i", 2000) + bytes(2000)}), {}),
    "a storage that is larger than its member": one(length=7, shape=(7,), strides=(1,)),
    "a storage that is smaller than its member": one(length=5, shape=(5,), strides=(1,)),
    "a storage without a member": one(key="1"),
    "a storage of another folder": one(key="../data.pkl"),
    "a storage of an unknown type": one(dtype="QUInt8Storage"),
    "a storage of two types": torch_zip(
        dictionary({kind: tensor("0", (1,), (1,), dtype=kind, length=3) for kind in ("FloatStorage", "LongStorage")}),
        VALUES,
    ),
    "storages over each other": member_twice(),
    "a bomb": saved({"w": np.zeros(10**7, np.float32)}, method=8),
    "a bomb of a pickle": torch_zip(b"N" * (20 << 20), {}, method=8),
    "a bomb by bzip2": saved({"w": np.zeros(1 << 20, np.float32)}, method=12),
    "a wrong size": saved(ARRAYS, method=8).replace(struct.pack("<I", 24), struct.pack("<I", 22)),
    "lists in lists": torch_zip(b"]" * 400_000, {}),
    "modules in modules": torch_zip(DEEP, {}),
    "a module in itself": torch_zip(ITSELF, {}),
    "a tuple of tuples as a key": torch_zip(b"}" + LAUGHS + b"Ns", {}),
    "a tuple of tuples as a shape": torch_zip(
        dictionary({"w": tensor("0", (6,), (1,), length=6).replace(b"(" + integer(6) + b"t", LAUGHS, 1)}), VALUES
    ),
    "a memo beyond any memory": torch_zip(b"Nr\xff\xff\xff\x7f", {}),
    "a text longer than any name": torch_zip(b"X\xff\xff\xff\x7f" + bytes(9000), {}),
    "bytes beyond any memory": torch_zip(b"\x96" + b"\xff" * 8, {}),
    "the extension registry": torch_zip(b"\x82\x01)R", {}),
    "a header longer than the file": struct.pack("<Q", 1 << 40) + b"{}",
    "a header of many megabytes": safetensors(b"{" + b" " * (2 << 20) + b"}", b""),
    "brackets in brackets": safetensors(b'{"w":' + b"[" * 500_000, b""),
    "a header that is no dictionary": safetensors(b"{]", b""),
    "no tensor": safetensors({"__metadata__": {}}, b""),
    "a number of 100,000 digits": safetensors(b'{"w":{"shape":[' + b"9" * 100_000 + b"]}}", b""),
    "a place that overlaps": safetensors(
        {name: {"dtype": "U8", "shape": [24], "data_offsets": [0, 24]} for name in "ab"}, bytes(24)
    ),
    "a place with a gap": of_header(data_offsets=[4, 28]),
    "a place beyond the file": of_header(shape=[2, 30], data_offsets=[0, 240]),
    "a place backwards": of_header(data_offsets=[24, 0]),
    "a size that does not fit": of_header(shape=[2, 4]),
    "a shape beyond any memory": of_header(shape=[1 << 40, 1 << 40]),
    "a shape that is true": of_header(shape=[True, 6]),
    "a shape that is text": of_header(shape="23"),
    "a type that is a list": of_header(dtype=["F32"]),
    "eight-bit floats": of_header(dtype="F8_E4M3", shape=[24]),
}  # fmt: skip


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_or_made_up_file_is_refused(tmp_path, what):
    refusal(tmp_path, DAMAGED[what])


@pytest.mark.parametrize("kind", WHOLE)
def test_every_truncation_is_refused(tmp_path, kind):
    path = tmp_path / "short"
    for length in range(len(WHOLE[kind])):
        path.write_bytes(WHOLE[kind][:length])
        with pytest.raises(EncoderUnavailableError):
            read_tensors(str(path))


@pytest.mark.parametrize("kind", WHOLE)
def test_a_changed_byte_gives_tensors_or_a_line(tmp_path, kind):
    random = np.random.default_rng(0)
    path = tmp_path / "changed"
    for place in range(len(WHOLE[kind])):
        data = bytearray(WHOLE[kind])
        data[place] ^= int(random.integers(1, 256))
        path.write_bytes(data)
        try:
            tensors = read_tensors(str(path))
        except EncoderUnavailableError:
            continue
        assert sum(array.nbytes for array in tensors.values()) <= 2 * len(data)


def test_a_directory_of_a_million_members_is_not_listed(tmp_path):
    data = bytearray(saved(ARRAYS))
    end = data.rindex(b"PK\x05\x06")
    (begin,) = struct.unpack_from("<I", data, end + 16)
    entries = bytes(data[begin:end]) * 8000
    data[begin:end] = entries
    struct.pack_into("<I", data, begin + len(entries) + 12, len(entries))
    assert "more members than any file of torch" in refusal(tmp_path, bytes(data))


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    for path in (tmp_path / "missing.pt", tmp_path):
        with pytest.raises(EncoderUnavailableError, match=r"cannot be read .*check its path and permissions"):
            read_tensors(str(path))


def test_a_name_with_control_characters_is_harmless(tmp_path):
    data = torch_zip(dictionary({"w\n\x1b[31m": tensor("1", (6,), (1,), length=6)}), VALUES)
    refusal(tmp_path, data)


def test_text_of_a_file_in_a_message_stays_on_its_line(tmp_path):
    for name in ("\x1b[31mred", "a\u202eb", "x" * 3000):
        message = refusal(tmp_path, torch_zip(text("os") + text(name) + b"\x93", {}))
        assert message.isprintable()
        message = refusal(tmp_path, of_header(dtype=name))
        assert message.isprintable()


def test_the_attacks_are_what_they_say():
    with zipfile.ZipFile(io.BytesIO(DAMAGED["a bomb"])) as archive:
        assert archive.getinfo("archive/data/0").file_size > 100 * len(DAMAGED["a bomb"])
    assert json.loads(of_header()[8:-24])["w"]["shape"] == [2, 3]
