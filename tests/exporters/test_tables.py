"""The result tables: every row kept, whatever the names, and never half a file."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

import pytest

from image_tagging.addresses import ImageRef
from image_tagging.errors import OutputError
from image_tagging.exporters.tables import STAGE1, STAGE4, image_row, result_table
from image_tagging.records import ListedFile


def write(path, table, rows):
    with result_table(str(path), table) as writer:
        writer.add(rows)


def rows_of(path, table):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT * FROM {table}").fetchall()


def test_the_table_has_the_documented_columns(tmp_path):
    path = tmp_path / STAGE1.file_name
    write(path, STAGE1, [])
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(f"PRAGMA table_info({STAGE1.name})").fetchall()
    columns = ["file_name TEXT 1", "file_path TEXT 1", "type TEXT 1", "hash_id TEXT 1"]
    assert [f"{name} {kind} {not_null}" for _, name, kind, not_null, *_ in found] == columns


@pytest.mark.parametrize("name", ["it's.PNG", 'a"b.png', "'); DROP TABLE stage1; --.png", "猫🐱.png", "caf\udce9.png"])
def test_an_odd_name_is_kept(tmp_path, name):
    ref = ImageRef(f"/data/{name}")
    write(tmp_path / "stage1.db", STAGE1, [image_row(STAGE1, ListedFile(ref, 1), "h1")] * 2)
    expected = (ref.name, ref.path, ".png", "h1")
    assert rows_of(tmp_path / "stage1.db", "stage1") == [expected, expected]


def test_rows_of_several_inputs_end_with_theirs():
    ref = ImageRef("/data/a.zip", ("1.png",))
    assert STAGE4.with_input(False) is STAGE4
    assert image_row(STAGE1.with_input(True), ListedFile(ref, 1, "/data"), "h1")[-1] == "/data"


def test_the_file_appears_when_it_is_complete_and_replaces_the_earlier_one(tmp_path):
    path = tmp_path / "stage1.db"
    write(path, STAGE1, [("old.png", "/old.png", ".png", "h0")])
    with result_table(str(path), STAGE1) as writer:
        writer.add([("new.png", "/new.png", ".png", "h1")])
        assert rows_of(path, "stage1")[0][0] == "old.png"
    assert rows_of(path, "stage1") == [("new.png", "/new.png", ".png", "h1")]
    assert os.listdir(tmp_path) == ["stage1.db"]


def test_an_interrupted_writing_leaves_the_earlier_file(tmp_path):
    path = tmp_path / "stage1.db"
    write(path, STAGE1, [("old.png", "/old.png", ".png", "h0")])

    def interrupted():
        with result_table(str(path), STAGE1) as writer:
            writer.add([("new.png", "/new.png", ".png", "h1")])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert rows_of(path, "stage1")[0][0] == "old.png"
    assert os.listdir(tmp_path) == ["stage1.db"]


def test_a_row_that_does_not_fit_is_an_output_error_that_names_the_file(tmp_path):
    with pytest.raises(OutputError, match=r"cannot write .*stage1\.db"):
        write(tmp_path / "stage1.db", STAGE1, [(None, "/a.png", ".png", "h")])
    assert os.listdir(tmp_path) == []


def test_a_folder_in_the_tables_place_is_an_output_error(tmp_path):
    (tmp_path / "stage1.db").mkdir()
    with pytest.raises(OutputError, match=r"stage1\.db"):
        write(tmp_path / "stage1.db", STAGE1, [])


@pytest.mark.parametrize("named", [None, "/elsewhere"])
def test_indexes_are_sorted_on_the_disk_of_the_output_unless_the_user_says_where(tmp_path, monkeypatch, named):
    monkeypatch.delenv("SQLITE_TMPDIR", raising=False)
    if named:
        monkeypatch.setenv("SQLITE_TMPDIR", named)
    with result_table(str(tmp_path / "stage1.db"), STAGE1):
        assert os.environ["SQLITE_TMPDIR"] == (named or str(tmp_path))
    assert os.environ.get("SQLITE_TMPDIR") == named
