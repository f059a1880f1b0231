"""A file that changes is read again, however little shows it, and one that only got a further name is not."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from contextlib import closing

import pytest

from image_tagging import ClassifyConfig, FileCache, ProcessConfig, classify_images, process_dataset
from image_tagging.files import is_relinked, stamp_of
from image_tagging.pipeline import prepare
from raw_tars import tarred
from samples import drawn, written

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="change times and inodes are those of POSIX")

_TIME = (1_700_000_000, 1_700_000_000)


def bmp(path, seed):
    """Write a BMP, whose size is that of its picture alone, with a time that all files have."""
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn(seed, (40, 40)).save(path)
    os.utime(path, _TIME)
    return path


def tags(folder, output):
    """The pictures of each tag after stage 1."""
    process_dataset(ProcessConfig(input_folder=str(folder), output_folder=str(output), clip_model="builtin"))
    return json.loads((output / "input-tag-to-image-hash-list.json").read_text(encoding="utf-8"))


@pytest.fixture
def reads(monkeypatch):
    """The names of the images that are read and decoded."""
    names = []
    call = prepare.ImagePreparer.__call__
    monkeypatch.setattr(
        prepare.ImagePreparer, "__call__", lambda self, found: names.append(found.ref.name) or call(self, found)
    )
    return names


def test_images_of_one_size_and_time_that_change_places_change_their_tags(tmp_path):
    first, second = bmp(tmp_path / "in" / "cat" / "0.bmp", 1), bmp(tmp_path / "in" / "dog" / "0.bmp", 2)
    before = tags(tmp_path / "in", tmp_path / "out")
    first.rename(tmp_path / "x")
    second.rename(first)
    (tmp_path / "x").rename(second)
    after = tags(tmp_path / "in", tmp_path / "out")
    assert after == {"cat": before["dog"], "dog": before["cat"]} == tags(tmp_path / "in", tmp_path / "new")


def test_an_image_written_over_with_its_time_restored_is_read_again(tmp_path):
    path = bmp(tmp_path / "in" / "cat" / "0.bmp", 1)
    before = tags(tmp_path / "in", tmp_path / "out")
    with open(path, "r+b") as file:
        file.write(bmp(tmp_path / "other.bmp", 2).read_bytes())
    os.utime(path, _TIME)
    assert tags(tmp_path / "in", tmp_path / "out") != before


def test_an_archive_replaced_by_one_of_equal_size_and_time_is_read_again(tmp_path):
    images = [bmp(tmp_path / f"{seed}.bmp", seed).read_bytes() for seed in (1, 2)]
    for data in images:
        written(tmp_path / "new.tar", tarred({"cat/0.bmp": data}))
        os.utime(tmp_path / "new.tar", _TIME)
        (tmp_path / "in").mkdir(exist_ok=True)
        os.replace(tmp_path / "new.tar", tmp_path / "in" / "a.tar")
        found = tags(tmp_path / "in", tmp_path / "out")
    assert found == tags(tmp_path / "in", tmp_path / "new")


def test_the_file_cache_reads_images_that_changed_places(tmp_path):
    first, second = bmp(tmp_path / "in" / "0.bmp", 1), bmp(tmp_path / "in" / "1.bmp", 2)
    cache, path = FileCache(), tmp_path / "out" / "file_cache.sqlite"
    cache.add_folder_to_file_cache(tmp_path / "in", tmp_path / "out")
    with closing(sqlite3.connect(path)) as db:
        before = dict(db.execute("SELECT file_name, hash_id FROM file_cache"))
    first.rename(tmp_path / "x")
    second.rename(first)
    (tmp_path / "x").rename(second)
    cache.add_folder_to_file_cache(tmp_path / "in", tmp_path / "out")
    with closing(sqlite3.connect(path)) as db:
        after = dict(db.execute("SELECT file_name, hash_id FROM file_cache"))
    assert after == {"0.bmp": before["1.bmp"], "1.bmp": before["0.bmp"]}


def test_images_placed_by_hard_links_are_not_read_again(tmp_path, trained, reads):
    shutil.copytree(trained.images, tmp_path / "in")
    config = ClassifyConfig(
        directory=str(tmp_path / "in"), model=str(trained.models), output=str(tmp_path / "out"), place="hardlink"
    )
    classify_images(config)
    assert len(reads) == 24
    assert os.stat(tmp_path / "in" / "tiles" / "tiles-0.png").st_nlink > 1
    classify_images(config)
    assert len(reads) == 24
    bmp(tmp_path / "in" / "tiles" / "tiles-0.png", 5)
    classify_images(config)
    assert reads[24:] == ["tiles-0.png"]


def test_a_store_of_former_stamps_only_decodes_again(tmp_path, reads):
    bmp(tmp_path / "in" / "cat" / "0.bmp", 1)
    before = tags(tmp_path / "in", tmp_path / "out")
    with closing(sqlite3.connect(tmp_path / "out" / "image-tagging.store")) as db, db:
        for table in ("listed", "image"):
            db.execute(f"UPDATE {table} SET stamp = ?", ("5000:1700000000000000000",))
        db.execute("DELETE FROM finished")
    config = ProcessConfig(input_folder=str(tmp_path / "in"), output_folder=str(tmp_path / "out"), clip_model="builtin")
    assert process_dataset(config).embedding.computed == 0
    assert reads == ["0.bmp", "0.bmp"]
    assert tags(tmp_path / "in", tmp_path / "out") == before
    assert len(reads) == 2


def test_file_systems_without_stable_inodes_are_stamped_without_them(tmp_path, monkeypatch):
    path = written(tmp_path / "a", b"1")
    with_inode = stamp_of(path)
    monkeypatch.setattr("image_tagging.files._has_inodes", lambda device: False)
    status = os.stat(path)
    assert stamp_of(path) == f"1:{status.st_mtime_ns}::{status.st_ctime_ns}"
    assert with_inode == f"1:{status.st_mtime_ns}:{status.st_ino}:{status.st_ctime_ns}"


@pytest.mark.parametrize(("kind", "expected"), [("ext4", True), ("vfat", False), ("fuse.sshfs", False), ("", True)])
def test_the_kind_of_file_system_decides_on_inodes(kind, expected, monkeypatch):
    from image_tagging import files

    monkeypatch.setattr(files, "file_system_of", lambda device: kind)
    files._has_inodes.cache_clear()
    try:
        assert files._has_inodes(1) is expected
    finally:
        files._has_inodes.cache_clear()


def test_a_further_name_is_no_change_of_a_file(tmp_path):
    path = written(tmp_path / "a", b"1")
    before = stamp_of(path)
    assert not is_relinked(before, before)
    os.link(path, tmp_path / "b")
    assert is_relinked(before, stamp_of(path))
    written(path, b"12")
    assert not is_relinked(before, stamp_of(path))
