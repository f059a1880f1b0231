"""What the test suites of image and zip libraries hold against readers: nothing of it ends a run."""

from __future__ import annotations

import os
import re
import sqlite3
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Optional

import pytest

from image_tagging.addresses import ImageRef
from image_tagging.errors import ReadError
from image_tagging.images.decode import decode
from image_tagging.images.decoders import Decoders
from image_tagging.records import Failure, FoundImage
from image_tagging.settings import ImageLimits
from image_tagging.sources.archives import ArchiveLimits
from image_tagging.sources.find import find_images
from image_tagging.sources.read import SourceReader

pytestmark = [pytest.mark.data, pytest.mark.slow]

DECODE_CODES = {"empty", "not-an-image", "too-large", "truncated", "damaged", "unsupported"}
ARCHIVE_CODES = {"damaged-archive", "encrypted"}  # of the archives themselves; the others are of members
MEMBER_CODES = {"damaged-member", "encrypted", "overlapping", "too-large", "unsupported-archive"}


def files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    "suite", ["exif-orientation", "image-rs", "libjpeg-turbo", "pillow", "pillow_heif", "pngsuite"]
)
def test_every_image_is_decoded_or_says_why_not(shared_data: Path, suite: str):
    """Two fuzzed files keep Pillow 11 busy for minutes: there they are given up, by Pillow 13 they are refused."""
    with Decoders(ImageLimits(image_seconds=10)) as decoders:
        outcomes = [outcome(decoders, path) for path in below(shared_data, suite)]
    codes = Counter(told.code if isinstance(told, Failure) else None for told in outcomes)
    print(suite, dict(codes))
    assert set(codes) <= {None, "timeout", *DECODE_CODES}
    assert codes[None]
    assert all(told.reason for told in outcomes if isinstance(told, Failure))


def outcome(decoders: Decoders, path: Path) -> object:
    with decoders.decoded(ImageRef(str(path)), path.read_bytes()) as image:
        return image


def below(shared_data: Path, suite: str) -> list[Path]:
    return files_below(shared_data / "nasty-images" / suite)


def test_stage_1_over_all_of_them_says_nothing_on_the_screen_and_leaves_no_file_out(
    shared_data: Path, tmp_path: Path, measured
):
    """A real process. Every file is in the table, or in the log with its code; no process takes more than 1 GiB."""
    folder = shared_data / "nasty-images"
    before = snapshot(folder)
    command = [sys.executable, "-m", "image_tagging", "process", f"--input_folder={folder}"]
    code, said, mebibytes = measured(
        *command, f"--output_folder={tmp_path}", "--clip_model=builtin", "--image_seconds=10"
    )
    assert (code, said) == (0, "")
    assert mebibytes < 1024
    with closing(sqlite3.connect(tmp_path / "stage1.db")) as table:
        embedded = {path for (path,) in table.execute("SELECT file_path FROM stage1")}
    log = (tmp_path / "image-tagging.log").read_text(encoding="utf-8")
    skipped = re.findall(r"skipped (.*?): .* \((read|decode|embed), ([a-z-]+)\)$", log, re.M)
    print(len(embedded), "embedded,", mebibytes, "MiB;", Counter(code for _, _, code in skipped))
    assert {code for _, _, code in skipped} <= {"timeout", *DECODE_CODES}
    told = embedded | {path for path, _, _ in skipped}
    assert {str(path) for path in files_below(folder)} == told
    assert len(embedded) > 1100
    assert snapshot(folder) == before


def test_every_orientation_is_shown_upright(shared_data: Path):
    """The same scene nine times; landscapes lie and portraits stand, however the camera was held."""
    folder = shared_data / "nasty-images" / "exif-orientation"
    for path in folder.glob("*.jpg"):
        picture = decode(ImageRef(str(path)), path.read_bytes()).picture
        assert (picture.width > picture.height) == path.name.startswith("Landscape"), path


def test_every_archive_is_walked_and_nothing_is_written(shared_data: Path):
    folder = shared_data / "nasty-zips"
    before = snapshot(folder)
    paths = [path for path in files_below(folder) if path.suffix == ".zip"]
    assert len(paths) > 100
    for path in paths:
        codes = {item.code for item in find_images(str(path)) if isinstance(item, Failure)}
        assert codes <= ARCHIVE_CODES, path
    assert snapshot(folder) == before


def test_every_member_of_every_archive_is_read_or_says_why_not(shared_data: Path, monkeypatch):
    """None of these archives holds images: here every member is taken for one."""
    for module in ("find", "found_in_archives"):
        monkeypatch.setattr(f"image_tagging.sources.{module}.is_image_name", lambda name: not name.endswith(".zip"))
    folder = shared_data / "nasty-zips"
    before = snapshot(folder)
    outcomes: Counter[Optional[str]] = Counter()
    for path in files_below(folder):
        if path.suffix == ".zip":
            reader = SourceReader(limits=ArchiveLimits(image_bytes=2**24))  # some unpack to gigabytes
            codes = [read(reader, item) for item in find_images(str(path)) if isinstance(item, FoundImage)]
            assert set(codes) <= {None, *MEMBER_CODES}, path
            outcomes.update(codes)
            reader.close()
    print("members read (None) or refused:", dict(outcomes))
    assert outcomes[None] > 1200
    assert sum(outcomes.values()) - outcomes[None] < 80
    assert snapshot(folder) == before


@pytest.mark.parametrize(
    ("archive", "whole"),
    [
        ("libzip/testfile-truncated.zip", 1),
        ("libzip/incons-eocd-magic-bad.zip", 1),
        ("libzip/incons-central-magic-bad.zip", 1),
        ("yauzl/failure/invalid central directory file header signature 0x1014b50.zip", 2),
    ],
)
def test_what_a_damaged_archive_still_holds_is_read(shared_data: Path, monkeypatch, archive: str, whole: int):
    for module in ("find", "found_in_archives"):
        monkeypatch.setattr(f"image_tagging.sources.{module}.is_image_name", lambda name: True)
    found = list(find_images(str(shared_data / "nasty-zips" / archive)))
    reader = SourceReader()
    images = [item for item in found if isinstance(item, FoundImage)]
    assert [read(reader, item) for item in images] == [None] * whole
    assert [item.code for item in found if isinstance(item, Failure)] == ["damaged-archive"]
    reader.close()


def read(reader: SourceReader, item: FoundImage) -> Optional[str]:
    """The reason why the bytes cannot be had, ``None`` where they can."""
    try:
        reader.read(item.ref)
    except ReadError as error:
        return error.code
    return None


def snapshot(folder: Path):
    """Every file below a folder with its size and time."""
    return {
        os.path.join(where, name): (status.st_size, status.st_mtime_ns)
        for where, _, names in os.walk(folder)
        for name in names
        for status in [os.stat(os.path.join(where, name))]
    }
