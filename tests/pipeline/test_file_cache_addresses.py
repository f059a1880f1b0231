"""The file cache knows files by their exact addresses, in caches of earlier versions too."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing

import pytest

from image_tagging import FileCache
from samples import png, written, zipped

NO_TEXT = os.fsdecode(b"caf\xe9.png")

pytestmark = pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="names of bytes that are no text")


@pytest.fixture
def add(tmp_path, monkeypatch):
    """``add(folder)`` adds it to one cache, and returns the rows: path and hash of each image, in order."""
    monkeypatch.chdir(tmp_path)

    def added(folder):
        FileCache().add_folder_to_file_cache(folder, "out")
        with closing(sqlite3.connect("out/file_cache.sqlite")) as db:
            return db.execute("SELECT path, hash_id FROM file_cache WHERE is_archive IS NULL").fetchall()

    return added


@pytest.mark.parametrize(
    "files",
    [
        {"a.zip": zipped({"b.zip": {"x.png": png(1)}, "b.zip/x.png": png(2)})},
        {NO_TEXT: png(1), "caf\\udce9.png": png(2)},
    ],
    ids=["a path through archives", "a name that is no text"],
)
def test_two_images_of_one_path_have_a_row_each(add, files):
    for name, data in files.items():
        written(f"in/{name}", data)
    for _ in range(2):
        rows = add("in")
        assert len({path for path, _ in rows}) == 1
        assert len({hash_id for _, hash_id in rows}) == len(rows) == 2


def as_before(address):
    """Make the cache one of an earlier version: ``address`` is the text by which it knew each row, made of its path."""
    with closing(sqlite3.connect("out/file_cache.sqlite")) as db:
        columns = "number INTEGER PRIMARY KEY, address TEXT NOT NULL UNIQUE, stamp TEXT NOT NULL"
        db.execute(f"CREATE TABLE file_cache_stamp({columns})")
        for number, path, stamp in db.execute(
            "SELECT number, path, stamp FROM file_cache_address JOIN file_cache ON file_cache.rowid = number"
        ).fetchall():
            db.execute("INSERT INTO file_cache_stamp VALUES (?, ?, ?)", (number, address(path), stamp))
        db.execute("DROP TABLE file_cache_address")
        db.commit()


@pytest.mark.parametrize("folder", ["in", "../{}/in", "./in/a.zip"])
def test_nothing_is_added_again_to_a_cache_of_an_earlier_version(add, tmp_path, caplog, folder):
    caplog.set_level("INFO")
    folder = folder.format(tmp_path.name)
    written("in/a.zip", zipped({"1.png": png(1), "b.zip": {"c.zip": {"d/2.png": png(2)}, "3.png": png(3)}}))
    written("in/cat/4.png", png(4))
    written(f"in/{NO_TEXT}", png(5))
    first = add(folder)
    as_before(os.path.abspath)
    caplog.clear()
    assert add(folder) == first
    assert f"{len(first)} unchanged, 0 failed" in caplog.text
    with closing(sqlite3.connect("out/file_cache.sqlite")) as db:
        assert db.execute("SELECT count(*) FROM file_cache").fetchone() == (len(first) + 3,)
        assert not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'file_cache_stamp'").fetchone()


def test_archives_that_were_added_by_another_spelling_are_known(add):
    members = {"b.zip": {"c.zip": {"1.png": png(1)}}}
    written("in/a.zip", zipped(members))
    add("in")
    members["b.zip"]["c.zip"]["2.png"] = png(2)
    written("in/a.zip", zipped(members))
    first = add("./in")
    as_before(os.path.abspath)
    assert add("in") == first


def test_what_changed_since_an_earlier_version_is_updated(add):
    written("in/a.zip", zipped({"1.png": png(1), "2.png": png(2)}))
    first = add("in")
    as_before(os.path.abspath)
    written("in/a.zip", zipped({"1.png": png(1), "2.png": png(7)}))
    second = add("in")
    assert second[0] == first[0]
    assert second[1][0] == first[1][0]
    assert second[1][1] != first[1][1]


def test_a_cleared_cache_of_an_earlier_version_is_filled_again(add):
    written("in/1.png", png(1))
    first = add("in")
    as_before(os.path.abspath)
    FileCache().clear_cache("out/file_cache.sqlite")
    assert add("in") == first


def test_addresses_of_an_earlier_version_that_a_stranger_made_end_no_program(add):
    written("in/a.zip", zipped({"1.png": png(1)}))
    add("in")
    as_before(os.path.abspath)
    with closing(sqlite3.connect("out/file_cache.sqlite")) as db:
        db.execute("UPDATE file_cache SET path = '/////////', container_archive = 5")
        db.execute("UPDATE file_cache_stamp SET address = '' WHERE number = 2")
        db.commit()
    assert len(add("in")) == 2
