"""Costs follow the size of the input: no small file of metadata, tag lists or results takes much memory."""

from __future__ import annotations

import json
import struct
import subprocess
import sys

import numpy as np
import pytest

from image_tagging import cli
from image_tagging.datasets.audit.alike_names import spelt_alike
from image_tagging.datasets.near_duplicates import near_duplicate_groups

#: Reads a file to its end or its error; prints the words of the error or how much was read, and the peak memory in MiB.
_READING = """
import sys
from image_tagging.datasets import read_embeddings, read_tag_lists
from image_tagging.errors import ImageTaggingError
from image_tagging.exporters import read_results
read = {
    "metadata": lambda path: sum(1 for _ in read_embeddings(path)[1]),
    "lists": lambda path: sum(map(len, read_tag_lists(path).values())),
    "results": lambda path: sum(1 for _ in read_results(path)),
}[sys.argv[1]]
try:
    print(read(sys.argv[2]))
except ImageTaggingError as error:
    print(type(error).__name__, error)
status = open("/proc/self/status").read()  # the peak of this program; ru_maxrss counts that of its parent as well
print(int(status.partition("VmHWM:")[2].split()[0]) >> 10)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the peak memory of one program")


def read_apart(what, path):
    """What a process of its own says of a file, in one line, and its peak memory in MiB."""
    done = subprocess.run(
        [sys.executable, "-c", _READING, what, str(path)], check=False, capture_output=True, encoding="utf-8"
    )
    assert (done.returncode, done.stderr) == (0, "")
    said, memory = done.stdout.splitlines()
    return said, int(memory)


def most_memory(path):
    """MiB that reading a file may take: 500 MB up to 1 MB, 2 GB up to 100 MB."""
    size = path.stat().st_size
    assert size < 100e6
    return (500e6 if size <= 1e6 else 2e9) / (1 << 20)


# --- Parquet ----------------------------------------------------------------------------------------------


def table(count, **changes):
    pa = pytest.importorskip("pyarrow", reason="needs the parquet extra")
    columns = {
        "hash_id": [f"h{number}" for number in range(count)],
        "model": ["m"] * count,
        "pretrained": ["p"] * count,
        "embeddings_vector": vectors(count, 4),
        **changes,
    }
    return pa.table({name: column for name, column in columns.items() if column is not None})


def vectors(count, dim):
    import pyarrow as pa

    return pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(count * dim, np.float32)), dim)


def repeated(count, text):
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), [text])


def lists(lengths, values):
    import pyarrow as pa

    return pa.ListArray.from_arrays(pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32()), values)


def hidden(length):
    """Lengths of rows, one of them long among short ones."""
    lengths = np.ones(1000, np.int64)
    lengths[500] = length
    return lengths


def zeros(count):
    import pyarrow as pa

    return pa.array(np.zeros(count, np.float32))


def nulls(count, kind="string"):
    import pyarrow as pa

    return pa.nulls(count, pa.string() if kind == "string" else pa.list_(pa.float32()))


TOO_MUCH = "it unpacks to more than 128 MiB, which is far more than its size"

#: Columns -> the words of the refusal; a text of 2 MB in a dictionary is R6.
TABLES = {
    "a long text repeated": (
        lambda: table(1000, hash_id=repeated(1000, "x" * (2 << 20)), file_path=repeated(1000, "x" * (2 << 20))),
        TOO_MUCH,
    ),
    "a long path": (lambda: table(9, file_path=["x" * 70_000] * 9), "a file_path is longer than 65,536 characters"),
    "a long hash": (lambda: table(2, hash_id=["h", "x" * 1001]), "a hash_id is longer than 1,000 characters"),
    "a long name of an encoder": (lambda: table(1, model=["m" * 1001]), "a model is longer than 1,000 characters"),
    "a path repeated": (lambda: table(100_000, file_path=repeated(100_000, "x" * 60_000)), TOO_MUCH),
    "vectors too wide": (lambda: table(2, embeddings_vector=vectors(2, 70_000)), "more than 65,536 numbers"),
    "wide vectors repeated": (lambda: table(600, embeddings_vector=vectors(600, 65_536)), TOO_MUCH),
    "one row of 60 million": (
        lambda: table(1000, embeddings_vector=lists(hidden(60_000_000), zeros(60_000_999))), TOO_MUCH),
    "one row of 15 million": (
        lambda: table(1000, embeddings_vector=lists(hidden(15_000_000), zeros(15_000_999))), "EncoderMismatchError"),
    "nothing but nulls": (
        lambda: table(2_000_000, hash_id=nulls(2_000_000), model=nulls(2_000_000), pretrained=nulls(2_000_000),
                      embeddings_vector=nulls(2_000_000, "lists")), TOO_MUCH),
    "two million rows": (
        lambda: table(2_000_000, hash_id=repeated(2_000_000, "h"), model=repeated(2_000_000, "m"),
                      pretrained=repeated(2_000_000, "p"), embeddings_vector=vectors(2_000_000, 1)), TOO_MUCH),
    "addresses of many names": (
        lambda: table(100, address=lists([100_000] * 100, repeated(10_000_000, "a"))), "longer than an address can be"),
    "one address of many names": (
        lambda: table(1000, address=lists(hidden(14_000_000), repeated(14_000_999, "a"))),
        "longer than an address can be"),
    "long names repeated": (
        lambda: table(2000, address=lists([64] * 2000, repeated(128_000, "a" * 16_000))), TOO_MUCH),
    "a page of one letter": (lambda: table(28, file_path=[chr(65 + n % 26) * 5_000_000 for n in range(28)]), TOO_MUCH),
    "11,000 columns": (
        lambda: table(2, **{f"c{number}": [0, 0] for number in range(11_000)}), "more than 10,000 columns"),
}  # fmt: skip

#: Options of writing that hide the size of a table in another way.
PACKINGS = {
    "a long text repeated": {"dictionary_pagesize_limit": 1 << 30},
    "a path repeated": {"dictionary_pagesize_limit": 1 << 30},
    "long names repeated": {"dictionary_pagesize_limit": 1 << 30},
    "a page of one letter": {"compression": "brotli", "use_dictionary": False},
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", TABLES)
def test_a_small_table_never_takes_much_memory(tmp_path, kind):
    pq = pytest.importorskip("pyarrow.parquet")
    make, words = TABLES[kind]
    path = tmp_path / "small.parquet"
    pq.write_table(make(), str(path), **{"compression": "zstd", **PACKINGS.get(kind, {})})
    said, memory = read_apart("metadata", path)
    assert words in said
    assert str(path) in said
    assert memory < most_memory(path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("count", "changes", "options"),
    [
        (1900, lambda: {"file_path": [f"{n}{'x' * 60_000}😀" for n in range(1900)]}, {"use_dictionary": False}),
        (200, lambda: {"embeddings_vector": vectors(200, 65_536)}, {}),
        (300_000, lambda: {"file_path": nulls(300_000), "embeddings_vector": vectors(300_000, 1)}, {}),
        (1000, lambda: {"file_path": ["x" * 60_000] * 1000}, {"column_encoding": {"file_path": "DELTA_BYTE_ARRAY"}}),
        (2000, dict, {"row_group_size": 1}),
    ],
    ids=["long paths", "wide vectors", "no path", "texts by their beginnings", "a row group each"],
)
def test_a_small_table_within_the_limits_is_read(tmp_path, count, changes, options):
    pq = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "small.parquet"
    if "column_encoding" in options:
        options = {**options, "use_dictionary": False}
    pq.write_table(table(count, **changes()), str(path), compression="zstd", **options)
    said, memory = read_apart("metadata", path)
    assert said == str(count)
    assert memory < most_memory(path)


def varint(number):
    low, rest = number & 127, number >> 7
    return bytes([low | 128]) + varint(rest) if rest else bytes([low])


#: The version of a file, and a schema of one column.
_START = b"\x15\x04\x19\x2c\x48\x01s\x15\x02\x00\x15\x02\x25\x00\x18\x01a\x00\x16\x00"

_GROUP = b"\x19\x0c\x16\x00\x16\x00\x00"
_COLUMN = b"\x26\x00\x00"


def long_list(count):
    return b"\x19\xfc" + varint(count)


FOOTERS = {
    "empty row groups": lambda: (_START + long_list(140_000) + _GROUP * 140_000 + b"\x00", "take more than 128 MiB"),
    "empty columns": lambda: (
        _START + b"\x19\x1c" + long_list(330_000) + _COLUMN * 330_000 + _GROUP[3:] + b"\x00",
        "take more than 128 MiB",
    ),
    "a list that says it is long": lambda: (
        _START + b"\x19\x1c" + long_list(990_000) + b"\x00",
        "take more than 128 MiB",
    ),
    "columns in columns": lambda: (
        b"\x15\x04" + long_list(5001) + b"\x48\x01s\x15\x02\x00" * 5000 + b"\x48\x01a\x00\x00",
        "columns more than 32 deep",
    ),
    "structs in structs": lambda: (b"\x9c" * 400_000, "too deep in each other"),
    "a schema of pyarrow": lambda: (
        b"\x15\x04\x49\x1c\x18\x0cARROW:schema\x18" + varint(900_000) + b"A" * 900_000 + b"\x00\x00",
        "ARROW:schema longer",
    ),
}


@pytest.mark.parametrize("kind", FOOTERS)
def test_a_footer_never_takes_much_memory(tmp_path, kind):
    pytest.importorskip("pyarrow")
    footer, words = FOOTERS[kind]()
    path = tmp_path / "small.parquet"
    path.write_bytes(b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1")
    said, memory = read_apart("metadata", path)
    assert words in said
    assert memory < most_memory(path)


@pytest.mark.parametrize("field", ["size", "values"])
def test_a_page_that_lies_about_its_size_is_refused(tmp_path, field):
    pq = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "small.parquet"
    pq.write_table(table(2000, file_path=["/a.png"] * 2000), str(path), compression="zstd", column_encoding=None)
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(0)
    data, at = bytearray(path.read_bytes()), chunk.dictionary_page_offset
    assert data[at : at + 3] == b"\x15\x04\x15"  # a dictionary page; its size unpacked, packed, and its header
    numbers = [at + 3, data.index(b"\x4c\x15", at) + 2]
    place = numbers[field == "values"]
    length = next(n for n in range(5) if data[place + n] < 128) + 1
    data[place : place + length] = (b"\xff" * 4 + b"\x0f")[5 - length :] if length < 5 else b"\xfe\xff\xff\xff\x0f"
    path.write_bytes(data)
    said, memory = read_apart("metadata", path)
    assert "MetadataError" in said
    assert memory < most_memory(path)


# --- JSON -------------------------------------------------------------------------------------------------

MILLION = 1_000_000

#: What reads it, the text in parts, and the words of the refusal; the first two are R11 and its kind.
TEXTS = {
    "lists in a list": lambda: (
        "lists",
        ('{"a": [', "[]," * 20 * MILLION, "[]]}"),
        "a list holds something else than hashes",
    ),
    "escapes": lambda: ("lists", ('{"a": ["', "\\n" * 30 * MILLION, '"]}'), "a text is longer than 65,536 bytes"),
    "brackets": lambda: ("lists", ('{"a":', "[" * 60 * MILLION), "a list holds something else than hashes"),
    "short hashes": lambda: ("lists", ('{"a": [', '"",' * 11 * MILLION, '""]}'), "more than 10,000,000 hashes"),
    "lists in a record": lambda: (
        "metadata",
        ('{"a": {"x": [', "[]," * 20 * MILLION, "[]]}}"),
        "more than 2,000,000 values",
    ),
    "numbers": lambda: ("metadata", ('{"a": [', "0," * 30 * MILLION, "0]}"), "more than 2,000,000 values"),
    "escapes in a record": lambda: ("metadata", ('{"a": {"x": "', "\\n" * 30 * MILLION, '"}}'), "lacks model"),
    "a wide vector": lambda: (
        "metadata",
        ('{"a": {"model": "m", "pretrained": "p", "embeddings_vector": [', "0," * MILLION, "0]}}"),
        "more than 65,536 numbers",
    ),
    "keys of a record": lambda: (
        "metadata",
        ('{"a": {', ",".join(f'"{number:x}":0' for number in range(1_900_000)), "}}"),
        "lacks model",
    ),
    "objects": lambda: ("results", ('{"a": [', '{"a":0},' * 900_000, "0]}"), "no picture with its scores"),
    "plain entries": lambda: (
        "results",
        ("{", ",".join(f'"{number:x}":0' for number in range(3 * MILLION)), "}"),
        "more than 2,000,000 values",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", TEXTS)
def test_json_never_takes_much_memory(tmp_path, kind):
    what, parts, words = TEXTS[kind]()
    path = tmp_path / "large.json"
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(parts)
    said, memory = read_apart(what, path)
    limit = most_memory(path)
    path.unlink()
    assert words in said
    assert memory < min(limit, 700)


@pytest.mark.slow
def test_seven_million_hashes_of_one_tag_are_read(tmp_path):
    path = tmp_path / "lists.json"
    with open(path, "w", encoding="utf-8") as file:
        file.write('{"cat": [')
        file.writelines(f'"{number:0128x}", ' for number in range(7 * MILLION - 1))
        file.write('"last"]}')
    said, memory = read_apart("lists", path)
    assert path.stat().st_size > 900e6
    path.unlink()
    assert said == "7000000"
    assert memory < 400


# --- embeddings and tags ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("scale", [1e-44, 1e-40, 5e37, 0.0])
def test_embeddings_of_any_size_are_learned_from_without_a_warning(tmp_path, capfd, scale):
    x = np.random.default_rng(0).normal(size=(60, 8))
    x[:20, 0] += 3
    x[::3] *= scale
    x[::3] = x[::3].astype(np.float32)
    records = {
        f"h{row}": {"model": "ViT-B-32", "pretrained": "openai", "embeddings_vector": vector.tolist()}
        for row, vector in enumerate(x)
    }
    (tmp_path / "m.json").write_text(json.dumps(records))
    (tmp_path / "t.json").write_text(json.dumps({"a": [f"h{row}" for row in range(20)], "b": ["h30", "h31"]}))
    files = (f"--metadata_json={tmp_path / 'm.json'}", f"--tag_to_hash_json={tmp_path / 't.json'}")
    assert cli.main(["train", *files, f"--output={tmp_path / 'output'}"]) == 0
    assert capfd.readouterr().err == ""
    assert not (tmp_path / "output" / "image-tagging.log").exists()


@pytest.mark.parametrize("scale", [1e-40, 1e-38, 1.0, 1e30, 5e37])
def test_near_duplicates_do_not_depend_on_the_size_of_embeddings(scale):
    x = np.random.default_rng(0).normal(size=(40, 16))
    x[20:30] = x[:10] + 0.01
    expected = near_duplicate_groups(x.astype(np.float32))
    np.testing.assert_array_equal(near_duplicate_groups((x * scale).astype(np.float32)), expected)
    assert len(set(expected.tolist())) == 30
    mixed = (x * np.where(np.arange(40) % 2, scale, 1)[:, np.newaxis]).astype(np.float32)
    np.testing.assert_array_equal(near_duplicate_groups(mixed), expected)


def test_the_names_of_tags_are_compared_in_time_that_follows_their_length():
    assert spelt_alike(["q" * 100_000, "q" * 100_001, "Q" * 100_000, "environment", "environmental"]) == [
        ("Q" * 100_000, "q" * 100_000),
        ("environment", "environmental"),
    ]


#: Looks through a data set of tags that images have in turn; prints the most advice of a code and the memory in MiB.
_AUDITING = """
import sys
from collections import Counter
import numpy as np
from image_tagging.datasets import audit_dataset
from image_tagging.datasets.tagged_embeddings import TaggedEmbeddings
tags, images, tags_of_image = map(int, sys.argv[1:])
numbers = np.arange(images * tags_of_image)
rows = numbers // tags_of_image
order = np.argsort(numbers % tags, kind="stable")
lists = np.split(rows[order], np.cumsum(np.bincount(numbers % tags, minlength=tags))[:-1])
x = np.random.default_rng(0).normal(size=(images, 8)).astype(np.float32)
data = TaggedEmbeddings(x, {f"t{n}": each for n, each in enumerate(lists)}, np.arange(images, dtype=np.uint64), 0)
print(max(Counter(advice.code for advice in audit_dataset(data)).values(), default=0))
status = open("/proc/self/status").read()
print(int(status.partition("VmHWM:")[2].split()[0]) >> 10)
"""


@pytest.mark.parametrize(
    ("tags", "images", "tags_of_image"),
    [(20_000, 14, 20_000), (1000, 14, 1000), (3001, 40, 3001), (10_001, 3000, 100)],
)
def test_tags_of_the_same_images_take_little_memory_to_audit(tags, images, tags_of_image):
    command = [sys.executable, "-c", _AUDITING, str(tags), str(images), str(tags_of_image)]
    done = subprocess.run(command, check=False, capture_output=True, encoding="utf-8", timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    most, memory = map(int, done.stdout.split())
    assert most <= 4
    assert memory < 500
