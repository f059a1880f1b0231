"""Scores of pictures become ``output.json``, a table, and images in bins."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import zipfile
from contextlib import closing

import pytest

from image_tagging import failures
from image_tagging.addresses import ImageRef
from image_tagging.errors import OutputError
from image_tagging.exporters import placing as placing_module
from image_tagging.records import FoundArchive, ListedFile
from scored import record, results_of, scores_of


def rows(path, name):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT * FROM {name}").fetchall()


def write(folder, files, scores, archives=None, place="copy"):
    """One picture with these scores, in these files; gives the failures."""
    with results_of(folder, scores, archives, place) as writer:
        writer.add(record(files[0]), [ListedFile(ref, n) for n, ref in enumerate(files, 1)], scores_of(scores))
        return writer.failures.held


SCORES = [("ovr-svm", "cat", 0.25, False), ("lr", "a/b", 1.0, True)]


@pytest.fixture
def picture(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "it's.png").write_bytes(b"pixels")
    return ImageRef(str(tmp_path / "in" / "it's.png"))


def test_one_picture_goes_into_all_results(tmp_path, picture):
    assert write(tmp_path / "out", [picture], SCORES) == []
    assert json.loads((tmp_path / "out" / "output.json").read_text(encoding="utf-8")) == {
        "h": {
            "hash_id": "h",
            "file_path": picture.path,
            "file_paths": [picture.path],
            "addresses": [[picture.file]],
            "classifiers_output": [
                {"model_type": "ovr-svm", "tag_name": "cat", "tag_prob": 0.25, "tagged": False},
                {"model_type": "lr", "tag_name": "a/b", "tag_prob": 1.0, "tagged": True},
            ],
        }
    }
    assert rows(tmp_path / "out" / "stage3.db", "stage3") == [
        ("it's.png", picture.path, ".png", "h", "ovr-svm", "cat", 0.25, 0),
        ("it's.png", picture.path, ".png", "h", "lr", "a/b", 1.0, 1),
    ]
    assert (tmp_path / "out" / "ovr-svm" / "cat" / "0.3" / "it's.png").read_bytes() == b"pixels"
    assert (tmp_path / "out" / "lr" / "a%2Fb" / "1.0" / "it's.png").read_bytes() == b"pixels"


def test_every_file_of_a_picture_has_its_rows_and_its_copies(tmp_path, picture):
    archive = ImageRef(str(tmp_path / "a.zip"))
    with zipfile.ZipFile(archive.file, "w") as opened:
        opened.writestr("x/it's.png", b"packed")
    inside = ImageRef(archive.file, ("x/it's.png",))
    assert write(tmp_path / "out", [picture, inside], SCORES[:1], archives=[FoundArchive(archive, 1)]) == []
    assert rows(tmp_path / "out" / "stage4.db", "stage4") == [
        ("a.zip", archive.path, None, ".zip", 1, None, None, None, None, None),
        ("it's.png", picture.path, None, ".png", None, "h", "ovr-svm", "cat", 0.25, 0),
        ("it's.png", inside.path, archive.path, ".png", None, "h", "ovr-svm", "cat", 0.25, 0),
    ]
    copies = {path.name: path.read_bytes() for path in (tmp_path / "out" / "ovr-svm" / "cat" / "0.3").iterdir()}
    assert copies == {"it's.png": b"pixels", "it's (2).png": b"packed"}
    assert not (tmp_path / "out" / "stage3.db").exists()


@pytest.fixture
def packed(tmp_path):
    """An image in an archive."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as opened:
        opened.writestr("cat.png", b"packed")
    return ImageRef(str(tmp_path / "a.zip"), ("cat.png",))


def placed(folder):
    return sorted(path for path in folder.glob("*/*/*/*"))


def test_links_take_no_room(tmp_path, picture, packed):
    assert write(tmp_path / "hard", [picture], SCORES, place="hardlink") == []
    assert [path.samefile(picture.file) for path in placed(tmp_path / "hard")] == [True, True]
    assert write(tmp_path / "soft", [picture], SCORES, place="symlink") == []
    assert [os.readlink(path) for path in placed(tmp_path / "soft")] == [picture.file] * 2
    assert write(tmp_path / "packed", [packed], SCORES, archives=[], place="hardlink") == []
    first, second = placed(tmp_path / "packed")
    assert first.samefile(second)
    assert first.read_bytes() == b"packed"


def test_place_none_gives_the_files_alone_and_reads_no_image(tmp_path, picture, packed):
    os.remove(picture.file)
    os.remove(packed.file)
    assert write(tmp_path / "out", [picture, packed], SCORES, archives=[], place="none") == []
    assert sorted(os.listdir(tmp_path / "out")) == ["output.json", "stage4.db"]
    assert len(rows(tmp_path / "out" / "stage4.db", "stage4")) == 4


def test_links_that_are_not_possible_end_the_run(tmp_path, picture, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(placing_module.os, "link", refuse)
    with pytest.raises(OutputError, match="Place copy"):
        write(tmp_path / "out", [picture], SCORES, place="hardlink")
    assert not (tmp_path / "out" / "output.json").exists()


def test_an_image_that_is_gone_is_reported_and_its_scores_are_kept(tmp_path, caplog):
    gone = ImageRef(str(tmp_path / "gone.png"))
    (failure,) = write(tmp_path / "out", [gone], SCORES)
    assert (failure.ref, failure.step, failure.code) == (gone, "place", "unreadable")
    assert "gone.png" in caplog.text
    assert len(rows(tmp_path / "out" / "stage3.db", "stage3")) == 2
    assert not list((tmp_path / "out").glob("*/*/*/*"))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_full_disk_ends_the_run_and_earlier_results_stay(tmp_path, picture, monkeypatch, number):
    write(tmp_path / "out", [picture], SCORES[:1])
    names = ("output.json", "stage3.db")
    before = [(tmp_path / "out" / name).read_bytes() for name in names]

    def full(*_):
        raise OSError(number, "no room")

    monkeypatch.setattr(placing_module.os, "write", full)
    with pytest.raises(OutputError, match="Choose another output folder"):
        write(tmp_path / "out", [picture], SCORES)
    assert [(tmp_path / "out" / name).read_bytes() for name in names] == before
    assert not list((tmp_path / "out").rglob("*.part"))


def test_an_error_in_mid_run_leaves_earlier_results_whole(tmp_path, picture):
    write(tmp_path / "out", [picture], SCORES)
    before = (tmp_path / "out" / "output.json").read_bytes()
    with (
        pytest.raises(KeyboardInterrupt),
        results_of(tmp_path / "out", SCORES),
    ):
        raise KeyboardInterrupt
    assert (tmp_path / "out" / "output.json").read_bytes() == before
    assert not list((tmp_path / "out").glob("*.part"))


def test_of_many_images_that_cannot_be_placed_the_first_are_held_and_all_counted(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(failures, "MOST_FAILURES", 2)
    with results_of(tmp_path / "out", SCORES) as writer:
        for number in range(5):
            ref = ImageRef(str(tmp_path / f"gone{number}.png"))
            writer.add(record(ref), [ListedFile(ref, 1)], scores_of(SCORES))
    assert (len(writer.failures.held), writer.failures.count, writer.failures.more) == (2, 5, 3)
    assert caplog.text.count("could not place") == 2
