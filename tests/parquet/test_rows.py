"""Rows of any Parquet file come as a stream, and no page of it is unpacked that takes too much."""

from __future__ import annotations

import io

import pytest

from image_tagging.datasets import FileErrors
from image_tagging.errors import MetadataError
from image_tagging.parquet import Table, read_footer, table_writer

pa = pytest.importorskip("pyarrow", reason="needs the parquet extra")
pq = pytest.importorskip("pyarrow.parquet")

ERRORS = FileErrors("x.parquet")


def parquet(columns, **options):
    """An open Parquet file with these columns."""
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file, **options)
    file.seek(0)
    return file


def test_columns_are_known_without_a_library():
    image = pa.array([{"bytes": b"x", "path": "a"}])
    footer = read_footer(ERRORS, parquet({"image": image, "n": [1], "l": [["a"]], "b": [b"x"]}))
    assert [(leaf.name, leaf.kind, leaf.is_single) for leaf in footer.leaves if leaf.path[0] != "l"] == [
        ("image.bytes", "bytes", True),
        ("image.path", "text", True),
        ("n", "", True),
        ("b", "bytes", True),
    ]
    assert [leaf.is_single for leaf in footer.leaves if leaf.path[0] == "l"] == [False]


def test_all_rows_come_in_their_order():
    file = parquet({"a": [str(n) for n in range(10000)], "b": list(range(10000))}, row_group_size=3000)
    table = Table(file, ERRORS)
    found = [text for batch in table.batches(["a"]) for text in batch["a"].to_pylist()]
    assert found == [str(n) for n in range(10000)]
    assert table.starts == [0, 3000, 6000, 9000, 10000]
    assert [row for batch in table.batches(["b"], group=3) for row in batch["b"].to_pylist()] == list(
        range(9000, 10000)
    )


def test_a_field_of_a_struct_is_null_where_the_struct_is():
    table = Table(parquet({"image": [{"bytes": b"x", "path": "a"}, None, {"bytes": None, "path": "b"}]}), ERRORS)
    assert [each for batch in table.batches(["image.bytes"]) for each in batch["image.bytes"].to_pylist()] == [
        b"x",
        None,
        None,
    ]


def test_a_page_that_takes_too_much_is_refused_before_it_is_unpacked():
    file = parquet({"a": [b"\0" * (3 << 20)]}, compression="zstd", use_dictionary=False)
    assert file.seek(0, 2) < 1 << 16
    with pytest.raises(MetadataError, match="unpacks to more than 2 MiB at a time"):
        list(Table(file, ERRORS).batches(["a"], page_bytes=2 << 20))


def test_rows_that_repeat_a_long_text_come_few_at_a_time():
    file = parquet({"a": pa.DictionaryArray.from_arrays(pa.array([0] * 3000, pa.int32()), ["x" * (900 << 10)])})
    longest = max(batch["a"].nbytes for batch in Table(file, ERRORS).batches(["a"]))
    assert longest < 40 << 20


@pytest.mark.parametrize("cut", [0, 4, 8, 100])
def test_a_file_that_is_cut_short_is_no_parquet(cut):
    data = parquet({"a": ["x"] * 100}).getvalue()[: -cut - 1]
    with pytest.raises(MetadataError, match="is no Parquet file that can be read"):
        Table(io.BytesIO(data), ERRORS)


def test_a_damaged_page_is_an_error_in_words():
    data = bytearray(parquet({"a": [str(n) for n in range(1000)]}, compression="zstd").getvalue())
    for place in range(40, 1500):
        data[place] ^= 0x55
    with pytest.raises(MetadataError, match="is no Parquet file that can be read"):
        list(Table(io.BytesIO(bytes(data)), ERRORS).batches(["a"]))


def test_the_same_rows_give_the_same_bytes(tmp_path):
    import re

    for name in ("a", "b"):
        columns = {"word": "text", "number": "whole"}
        with table_writer(
            str(tmp_path / name), re.compile(b"mark"), columns, {"k": "mark"}, frozenset({"word"})
        ) as add:
            for number in range(70000):
                add(("x", number if number % 2 else None))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with open(tmp_path / "a", "rb") as file:
        table = Table(file, ERRORS)
        assert (table.rows, len(table.starts)) == (70000, 3)
        assert table.footer.notes[b"k"] == b"mark"
