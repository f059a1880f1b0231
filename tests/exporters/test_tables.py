"""The result tables: every row kept, whatever the names, and never half a file."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

import pytest

from image_tagging.addresses import ImageRef
from image_tagging.errors import OutputError
from image_tagging.exporters.tables import STAGE1, STAGE3, STAGE4, archive_row, image_row, result_table, score_rows
from image_tagging.records import FoundArchive, ListedFile, TagScore

SCORE = TagScore("cat", "ovr-svm", 0.25, 3, tagged=False)


def write(path, table, rows):
    with result_table(str(path), table) as writer:
        writer.add(rows)


def rows_of(path, table):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT * FROM {table}").fetchall()


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        (STAGE1, ["file_name TEXT 1", "file_path TEXT 1", "type TEXT 1", "hash_id TEXT 1"]),
        (
            STAGE3,
            [
                *("file_name TEXT 1", "file_path TEXT 1", "type TEXT 1", "hash_id TEXT 1"),
                *("model_type TEXT 1", "tag_name TEXT 1", "tag_prob REAL 1", "tagged INTEGER 1"),
            ],
        ),
        (
            STAGE4,
            [
                *("file_name TEXT 1", "file_path TEXT 1", "archive_path TEXT 0", "type TEXT 1"),
                *(
                    "n_img_content INTEGER 0",
                    "hash_id TEXT 0",
                    "model_type TEXT 0",
                    "tag_name TEXT 0",
                    "tag_prob REAL 0",
                    "tagged INTEGER 0",
                ),
            ],
        ),
    ],
)
def test_the_tables_have_the_documented_columns(tmp_path, table, columns):
    path = tmp_path / table.file_name
    write(path, table, [])
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(f"PRAGMA table_info({table.name})").fetchall()
    assert [f"{name} {kind} {not_null}" for _, name, kind, not_null, *_ in found] == columns


@pytest.mark.parametrize("name", ["it's.PNG", 'a"b.png', "'); DROP TABLE stage1; --.png", "猫🐱.png", "caf\udce9.png"])
def test_an_odd_name_is_kept(tmp_path, name):
    ref = ImageRef(f"/data/{name}")
    write(tmp_path / "stage1.db", STAGE1, [image_row(STAGE1, ListedFile(ref, 1), "h1")] * 2)
    expected = (ref.name, ref.path, ".png", "h1")
    assert rows_of(tmp_path / "stage1.db", "stage1") == [expected, expected]


def test_every_score_is_a_row_with_its_model(tmp_path):
    ref = ImageRef("/data/1.png")
    write(
        tmp_path / "stage3.db",
        STAGE3,
        score_rows(STAGE3, ListedFile(ref, 1), "h1", [SCORE, TagScore("dog", "lr", 1.0, 10, tagged=True)]),
    )
    assert rows_of(tmp_path / "stage3.db", "stage3") == [
        ("1.png", "/data/1.png", ".png", "h1", "ovr-svm", "cat", 0.25, 0),
        ("1.png", "/data/1.png", ".png", "h1", "lr", "dog", 1.0, 1),
    ]


def test_no_score_is_no_row():
    assert score_rows(STAGE3, ListedFile(ImageRef("/data/1.png"), 1), "h1", []) == []


def test_stage_4_has_a_row_for_every_score_with_its_archive_and_one_for_every_archive(tmp_path):
    ref = ImageRef("/data/a.zip", ("b.zip", "cat/1.PNG"))
    rows = [
        *score_rows(STAGE4, ListedFile(ref, 1), "h1", [SCORE]),
        archive_row(STAGE4, FoundArchive(ImageRef("/data/a.zip", ("b.zip",)), 1)),
        archive_row(STAGE4, FoundArchive(ImageRef("/data/a.zip"), 0)),
    ]
    write(tmp_path / "stage4.db", STAGE4, rows)
    nothing = (None,) * 5
    assert rows_of(tmp_path / "stage4.db", "stage4") == [
        ("1.PNG", "/data/a.zip/b.zip/cat/1.PNG", "/data/a.zip/b.zip", ".png", None, "h1", "ovr-svm", "cat", 0.25, 0),
        ("b.zip", "/data/a.zip/b.zip", "/data/a.zip", ".zip", 1, *nothing),
        ("a.zip", "/data/a.zip", None, ".zip", 0, *nothing),
    ]


def test_rows_of_several_inputs_end_with_theirs(tmp_path):
    table, ref = STAGE4.with_input(True), ImageRef("/data/a.zip", ("1.png",))
    rows = [
        *score_rows(table, ListedFile(ref, 1, "/data"), "h1", [SCORE]),
        archive_row(table, FoundArchive(ImageRef("/data/a.zip"), 1, "/data")),
    ]
    write(tmp_path / "stage4.db", table, rows)
    assert [row[-1] for row in rows_of(tmp_path / "stage4.db", "stage4")] == ["/data", "/data"]
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
