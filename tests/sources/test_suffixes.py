"""What a file is taken for by its name alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from image_tagging.sources.suffixes import (
    ARCHIVE_SUFFIXES,
    IMAGE_SUFFIXES,
    OTHER_SUFFIXES,
    RAW_SUFFIXES,
    UNREAD_SUFFIXES,
    is_archive_name,
    is_image_name,
    is_other_name,
    is_unread_name,
)


@pytest.mark.parametrize("name", ["a.heic", "a.AVIF", "a.jfif", "a.tif", "a.qoi", "x/y.PNG", "a.zip.png"])
def test_what_cameras_and_browsers_write_is_an_image(name):
    assert is_image_name(name)
    assert not is_archive_name(name)


@pytest.mark.parametrize("name", ["a.ase", "a.ASEPRITE", "a.kra", "a.ora", "a.psd"])
def test_drawings_that_hold_their_picture_are_images(name):
    assert is_image_name(name)
    assert not is_other_name(name)
    assert not is_unread_name(name)


@pytest.mark.parametrize("name", ["a.pyxel", "a.XCF", "a.clip", "a.psb"])
def test_drawings_that_do_not_are_reported(name):
    assert is_unread_name(name)
    assert not is_image_name(name)


@pytest.mark.parametrize(
    "name", ["a.zip", "A.ZIP", "a.Zip", "comic.cbz", "a.png.zip", "a.tar", "a.TAR.gz", "a.tgz", "a.tar.xz", "a.b.tbz2"]
)
def test_archives_are_known_by_their_suffix_in_any_case(name):
    assert is_archive_name(name)
    assert not is_image_name(name)


@pytest.mark.parametrize("name", ["a.txt", "a.JSON", "a.docx", "a.jar", "a.apk", "a.epub", ".DS_Store", "x/.hidden"])
def test_side_cars_documents_and_hidden_files_need_no_look(name):
    assert is_other_name(name)


@pytest.mark.parametrize("name", ["a", "a.zip.part", "a.crdownload", "a.zip.1", "a.backup"])
def test_a_suffix_that_nobody_knows_deserves_one(name):
    assert not is_other_name(name)
    assert not is_image_name(name)


@pytest.mark.parametrize(
    "name", ["a.gz", "tar.gz", ".tar.gz", "a.json.gz", "a.bz2", "a.xz", "a.tar.zst", "a.7z", "a.rar"]
)
def test_a_compressed_file_that_is_no_tar_is_another_file(name):
    assert is_other_name(name)
    assert not is_archive_name(name)


def test_no_suffix_means_two_things():
    assert not IMAGE_SUFFIXES & OTHER_SUFFIXES
    assert not UNREAD_SUFFIXES & (IMAGE_SUFFIXES | OTHER_SUFFIXES)
    assert not ARCHIVE_SUFFIXES & (IMAGE_SUFFIXES | OTHER_SUFFIXES)
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in OTHER_SUFFIXES)


def test_the_page_on_data_sets_names_every_suffix():
    page = Path(__file__).parents[2].joinpath("docs", "data-sets.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\.[a-z0-9]+\b", page.partition("## Formats")[2].partition("\n## ")[0]))
    assert named >= (IMAGE_SUFFIXES | UNREAD_SUFFIXES) - RAW_SUFFIXES
