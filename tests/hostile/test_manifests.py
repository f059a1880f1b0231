"""Manifests of strangers: damaged, of other programs, made to do harm. Each is one line, or a failure of one image."""

from __future__ import annotations

import json
import os
import sys

import pytest

from image_tagging import cli
from image_tagging.errors import InputError
from image_tagging.records import Failure, FoundImage
from image_tagging.sources.manifest import ListedBy, Manifest, write_manifest
from image_tagging.sources.manifest_rows import COLUMNS
from samples import found, written

pa = pytest.importorskip("pyarrow", reason="needs the parquet extra")
pq = pytest.importorskip("pyarrow.parquet")

NOTES = {"format": 1, "source": "/d", "tag_level": "parent", "exclude": [], "follow_links": False}


def image(address='["/d/a.png"]', **changes):
    row = {**dict.fromkeys(COLUMNS), "kind": "image", "address": address, "stamp": "1", "tag": "t", "top": "t"}
    return {**row, "size": 5, "shard": 0, **changes}


def manifest(path, *rows, notes=NOTES, columns=None, **options):
    """Write a manifest of these rows, with the notes of one."""
    kinds = {"text": pa.string(), "whole": pa.int64()}
    fields = [pa.field(name, kinds[kind]) for name, kind in (columns or COLUMNS).items()]
    table = pa.Table.from_pylist(list(rows), schema=pa.schema(fields))
    text = notes if isinstance(notes, str) else json.dumps(notes)
    pq.write_table(table.replace_schema_metadata({"image_tagging.manifest": text}), path, **options)
    return str(path)


def items(path):
    return list(Manifest(path).items())


def test_a_well_formed_one_is_read(tmp_path):
    (item,) = items(manifest(tmp_path / "m.parquet", image()))
    assert isinstance(item, FoundImage)
    assert (item.ref.file, item.size) == ("/d/a.png", 5)


@pytest.mark.parametrize("cut", [1, 7, 100, 2000])
def test_one_that_is_cut_short_is_refused_in_one_line(tmp_path, cut):
    path = str(tmp_path / "m.parquet")
    write_manifest(path, ListedBy("/d"), [(found(f"/d/{number}.png"), 0) for number in range(1000)])
    with open(path, "r+b") as file:
        file.truncate(os.path.getsize(path) - cut)
    with pytest.raises(InputError, match="no Parquet file that can be read") as raised:
        Manifest(path)
    assert "\n" not in str(raised.value)
    assert "Give a file that image-tagging list wrote." in str(raised.value)


@pytest.mark.parametrize("at", range(5, 1200, 97))
def test_damaged_bytes_are_an_error_in_words_or_do_no_harm(tmp_path, at):
    path = str(tmp_path / "m.parquet")
    write_manifest(path, ListedBy("/d"), [(found(f"/d/{number}.png"), 0) for number in range(100)])
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(b"\xff\x00\xff")
    said = ""
    try:
        assert len(items(path)) <= 100
    except InputError as error:
        said = str(error)
    assert "\n" not in said


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" * 10, b"/d/a.png\n", b"{}", b"\0" * 100])
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    with pytest.raises(InputError, match="no Parquet file"):
        Manifest(written(tmp_path / "m.parquet", content))


def test_a_table_of_another_program_is_refused(tmp_path):
    pq.write_table(pa.table({"path": ["/d/a.png"]}), tmp_path / "m.parquet")
    with pytest.raises(InputError, match="is not a manifest: it lacks the columns or the notes"):
        Manifest(str(tmp_path / "m.parquet"))


@pytest.mark.parametrize("name", ["address", "kind", "size"])
def test_one_that_lacks_a_column_is_refused(tmp_path, name):
    columns = {key: kind for key, kind in COLUMNS.items() if key != name}
    with pytest.raises(InputError, match="lacks the columns"):
        Manifest(manifest(tmp_path / "m.parquet", columns=columns))


def test_one_whose_column_is_a_list_is_refused(tmp_path):
    table = pa.table({name: [["a"]] for name in COLUMNS})
    table = table.replace_schema_metadata({"image_tagging.manifest": json.dumps(NOTES)})
    pq.write_table(table, tmp_path / "m.parquet")
    with pytest.raises(InputError, match="is not a manifest"):
        Manifest(str(tmp_path / "m.parquet"))


@pytest.mark.parametrize(
    "notes",
    [
        "no json",
        "[]",
        {**NOTES, "format": 2},
        {**NOTES, "source": None},
        {**NOTES, "tag_level": "x"},
        {**NOTES, "exclude": "x"},
        {**NOTES, "exclude": [1]},
        {**NOTES, "archive_encoding": 7},
    ],
)
def test_odd_notes_are_refused(tmp_path, notes):
    with pytest.raises(InputError, match="is not a manifest"):
        Manifest(manifest(tmp_path / "m.parquet", image(), notes=notes))


@pytest.mark.parametrize(
    "row",
    [
        image("/d/a.png"),
        image("[]"),
        image('[""]'),
        image("{}"),
        image(None),
        image(json.dumps(["a"] * 100)),
        image(stamp=None),
        image(tag=None),
        image(size=-1),
        image(kind="other"),
        image(kind=None),
        image(kind="left-out", code="x", step="file"),
        image(kind="left-out", code="trash", step="x"),
        image(kind="failure"),
        image(tag="x" * 100_000),
    ],
)
def test_an_odd_row_is_named_in_one_line(tmp_path, row):
    path = manifest(tmp_path / "m.parquet", image(), row)
    with pytest.raises(InputError, match=r"m\.parquet cannot be used: row 2 ") as raised:
        items(path)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 500


def test_columns_of_other_types_are_refused(tmp_path):
    columns = dict.fromkeys(COLUMNS, "whole")
    with pytest.raises(InputError, match="row 1 has no text"):
        items(manifest(tmp_path / "m.parquet", dict.fromkeys(COLUMNS, 1), columns=columns))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such folders")
@pytest.mark.parametrize("file", ["/proc/self/environ.png", "/dev/zero", "/sys/a.png"])
def test_what_the_system_shows_of_itself_is_never_read(tmp_path, file):
    (item,) = items(manifest(tmp_path / "m.parquet", image(json.dumps([file]))))
    assert isinstance(item, Failure)
    assert item.code == "system-folder"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such folders")
def test_a_source_of_the_system_is_refused(tmp_path):
    with pytest.raises(InputError, match="names a source that cannot be read"):
        Manifest(manifest(tmp_path / "m.parquet", image(), notes={**NOTES, "source": "/proc"}))


def test_a_zero_byte_in_a_path_is_a_failure(tmp_path):
    (item,) = items(manifest(tmp_path / "m.parquet", image(json.dumps(["/d/a\0.png"]))))
    assert isinstance(item, Failure)


def test_a_million_rows_of_one_page_take_little_memory(tmp_path):
    """A kilobyte stands for a row that is repeated; the rows are read as a stream, and listed once."""
    long = json.dumps(["/d/" + "x" * 60_000 + ".png"])
    table = pa.table(
        {
            name: pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), [long if kind == "text" else 1])
            for name, kind in COLUMNS.items()
        }
    )
    table = table.replace_schema_metadata({"image_tagging.manifest": json.dumps(NOTES)})
    pq.write_table(table, tmp_path / "m.parquet")
    with pytest.raises(InputError, match="row 1 "):
        items(str(tmp_path / "m.parquet"))


def test_addresses_that_take_far_more_than_the_file_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("image_tagging.sources.manifest._LEAST_NAMES", 1 << 20)
    long = json.dumps(["/d/" + "x" * 60_000 + ".png"])
    path = manifest(tmp_path / "m.parquet", *[image(long)] * 500)
    with pytest.raises(InputError, match="its addresses take far more than its size"):
        items(path)


def test_far_more_rows_than_bytes_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("image_tagging.sources.manifest._LEAST_ROWS", 1000)
    path = manifest(tmp_path / "m.parquet", *[image()] * 60_000)
    assert os.path.getsize(path) < 15_000
    with pytest.raises(InputError, match="far more rows than its size"):
        items(path)


def test_a_missing_one_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "none.parquet", tmp_path):
        with pytest.raises(InputError, match="there is no file"):
            Manifest(str(path))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes in folders")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "m.parquet")
    with pytest.raises(InputError, match="there is no file"):
        Manifest(str(tmp_path / "m.parquet"))


def test_the_command_says_it_in_one_line(tmp_path, capsys):
    written(tmp_path / "m.parquet", b"x")
    assert cli.main(["process", f"--manifest={tmp_path / 'm.parquet'}", f"--output={tmp_path / 'o'}"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "m.parquet is no Parquet file" in said
