"""A reader never meets half a file, and nothing but a file of ours is replaced or written to."""

from __future__ import annotations

import os
import re
import sqlite3
import sys
from contextlib import closing

import pytest

from image_tagging.errors import OutputError
from image_tagging.writing import (
    appended_text,
    copy_image,
    folder_below,
    make_folder,
    new_database,
    new_file,
    new_text,
    remove_leftovers,
    require_plain,
)

OURS = re.compile(b"ours")

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")


def write_over(path, text="ours, new"):
    with new_text(str(path), OURS) as file:
        file.write(text)


def test_a_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "new" / "folder" / "out.json"
    with new_file(str(path), OURS) as file:
        file.write(b"whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert os.listdir(path.parent) == ["out.json"]


def test_text_is_utf8_with_plain_line_ends(tmp_path):
    write_over(tmp_path / "out.txt", "é\n")
    assert (tmp_path / "out.txt").read_bytes() == b"\xc3\xa9\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_the_permissions_are_those_of_any_new_file(tmp_path):
    (tmp_path / "plain").touch()
    write_over(tmp_path / "out.txt")
    assert (tmp_path / "out.txt").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_a_failure_leaves_the_earlier_file_whole_and_nothing_beside_it(tmp_path, error):
    path = tmp_path / "out.json"
    path.write_text("ours, earlier")

    def interrupted():
        with new_text(str(path), OURS) as file:
            file.write("half")
            raise error

    with pytest.raises(type(error)):
        interrupted()
    assert path.read_text() == "ours, earlier"
    assert os.listdir(tmp_path) == ["out.json"]


def test_a_database_is_written_by_its_path(tmp_path):
    for number in (1, 2):
        with (
            new_database(str(tmp_path / "out.db"), re.compile(b"CREATE TABLE t")) as path,
            closing(sqlite3.connect(path)) as db,
        ):
            db.execute("CREATE TABLE t(a)")
            db.execute("INSERT INTO t VALUES (?)", (number,))
            db.commit()
    with closing(sqlite3.connect(tmp_path / "out.db")) as db:
        assert db.execute("SELECT a FROM t").fetchall() == [(2,)]


def test_a_target_that_cannot_be_written_is_named_in_one_line(tmp_path):
    (tmp_path / "out.json").mkdir()
    with pytest.raises(OutputError, match=r"cannot write .*out\.json: it is a folder") as raised:
        write_over(tmp_path / "out.json")
    assert "\n" not in str(raised.value)
    assert os.listdir(tmp_path) == ["out.json"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot make the folder .*file"):
        write_over(tmp_path / "file" / "below" / "out.json")
    with pytest.raises(OutputError, match="cannot make the folder"):
        make_folder(str(tmp_path / "file"))
    with pytest.raises(OutputError, match="cannot make the folder"):
        folder_below(str(tmp_path), "file")


def test_a_folder_that_is_there_is_fine(tmp_path):
    assert make_folder(str(tmp_path)) == str(tmp_path)
    assert folder_below(str(tmp_path), "a", "b") == folder_below(str(tmp_path), "a", "b") == str(tmp_path / "a" / "b")


def test_an_error_of_writing_is_an_output_error(tmp_path):
    def full():
        with new_file(str(tmp_path / "out.json"), OURS):
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="No space left on device"):
        full()


# --- files of others --------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", ["ours", "", "x" * 200_000 + "ours"])
def test_a_file_of_ours_or_an_empty_one_is_replaced(tmp_path, before):
    (tmp_path / "out.json").write_text(before)
    write_over(tmp_path / "out.json")
    assert (tmp_path / "out.json").read_text() == "ours, new"


@pytest.mark.parametrize("before", ["mine", " ", "x" * 100_000 + "ours" + "x" * 100_000])
def test_a_file_of_the_user_is_left_as_it_is(tmp_path, before):
    (tmp_path / "out.json").write_text(before)
    with pytest.raises(OutputError, match=r"out\.json is not a file that this program wrote, so it is left as it is"):
        write_over(tmp_path / "out.json")
    assert (tmp_path / "out.json").read_text() == before
    assert os.listdir(tmp_path) == ["out.json"]


@needs_links
def test_a_link_is_neither_followed_nor_replaced(tmp_path):
    (tmp_path / "thesis").write_text("ours, says the thesis")
    (tmp_path / "out.json").symlink_to("thesis")
    with pytest.raises(OutputError, match="it is a link"):
        write_over(tmp_path / "out.json")
    assert (tmp_path / "thesis").read_text() == "ours, says the thesis"
    assert (tmp_path / "out.json").is_symlink()


def test_what_has_the_name_of_an_earlier_versions_temporary_file_is_left(tmp_path):
    (tmp_path / "out.json.part").write_text("mine")
    write_over(tmp_path / "out.json")
    assert (tmp_path / "out.json.part").read_text() == "mine"


def test_what_killed_runs_left_is_removed_and_nothing_else(tmp_path):
    left = tmp_path / ".image-tagging-0123456789abcdef.part"
    others = [".image-tagging-me.part", "out.json.part", ".part", "image-tagging-0123456789abcdef.part"]
    for name in (left.name, *others):
        (tmp_path / name).write_text("half")
    remove_leftovers(str(tmp_path), str(tmp_path / "missing"))
    assert sorted(os.listdir(tmp_path)) == sorted(others)


def test_the_temporary_name_is_another_each_time(tmp_path, monkeypatch):
    moved = []
    monkeypatch.setattr("image_tagging.writing.new_files.os.replace", lambda source, _: moved.append(source))
    for _ in range(2):
        write_over(tmp_path / "out.json")
    assert len(set(moved)) == 2


@needs_links
def test_a_folder_that_leads_out_is_refused_and_one_that_stays_inside_is_used(tmp_path):
    root = tmp_path / "root"
    (root / "inside").mkdir(parents=True)
    (tmp_path / "root-2").mkdir()
    for name, target in (("out", tmp_path), ("sibling", tmp_path / "root-2"), ("in", "inside"), ("gone", "missing")):
        (root / name).symlink_to(target)
    for name in ("out", "sibling"):
        with pytest.raises(OutputError, match=rf"{name} is a link that leads out of .*root"):
            folder_below(str(root), name, "below")
    with pytest.raises(OutputError, match="cannot make the folder"):
        folder_below(str(root), "gone")
    folder_below(str(root), "in", "below")
    assert (root / "inside" / "below").is_dir()
    assert not (tmp_path / "below").exists()


@needs_links
def test_the_folder_that_was_named_may_itself_be_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "output").symlink_to("disk")
    folder_below(str(tmp_path / "output"), "models")
    assert (tmp_path / "disk" / "models").is_dir()


@needs_links
def test_text_is_appended_to_a_plain_file_with_one_name_alone(tmp_path):
    path = tmp_path / "a.log"
    for number in (1, 2):
        with appended_text(str(path)) as file:
            file.write(f"line {number}\n")
    assert path.read_text() == "line 1\nline 2\n"
    (tmp_path / "linked.log").symlink_to("a.log")
    (tmp_path / "dangling.log").symlink_to("elsewhere")
    os.link(path, tmp_path / "b.log")
    os.mkfifo(tmp_path / "pipe.log")
    for name, what in (("linked", "a link"), ("dangling", "a link"), ("a", "a hard link"), ("pipe", "a pipe")):
        with pytest.raises(OutputError, match=what):
            appended_text(str(tmp_path / f"{name}.log"))
    assert path.read_text() == "line 1\nline 2\n"
    assert not (tmp_path / "elsewhere").exists()
    require_plain(str(tmp_path / "missing"))


def test_an_image_is_copied_from_a_file_and_from_bytes(tmp_path):
    (tmp_path / "source").write_bytes(b"from a file")
    copy_image(str(tmp_path / "source"), str(tmp_path / "a"), str(tmp_path))
    copy_image(b"from memory", str(tmp_path / "b"), str(tmp_path))
    assert ((tmp_path / "a").read_bytes(), (tmp_path / "b").read_bytes()) == (b"from a file", b"from memory")
    assert sorted(os.listdir(tmp_path)) == ["a", "b", "source"]
