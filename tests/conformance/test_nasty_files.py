"""What the test suites of image and zip libraries hold against readers: nothing of it ends a run."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Optional

import PIL
import pytest

from image_tagging.errors import DecodeError, ReadError
from image_tagging.images import decode
from image_tagging.records import Failure, FoundImage, ImageRef
from image_tagging.sources import ArchiveLimits, SourceReader, find_images

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
    paths = [path for path in files_below(shared_data / "nasty-images" / suite) if path.name not in endless()]
    codes = [decoded(path) for path in paths]
    assert set(codes) <= {None, *DECODE_CODES}
    assert None in codes


def decoded(path: Path) -> Optional[str]:
    """The reason why an image is not decoded, ``None`` where it is and makes sense."""
    try:
        image = decode(ImageRef(str(path)), path.read_bytes())
    except DecodeError as error:
        return error.code if str(error) else "no reason"
    size = (image.facts.width, image.facts.height)
    assert image.picture.mode == "RGB", path
    assert image.picture.size in {size, size[::-1]}, path
    assert image.facts.format, path
    return None


def endless() -> set[str]:
    """Two fuzzed files that keep Pillow 11 busy for minutes; Pillow 13 is done with them at once."""
    if int(PIL.__version__.partition(".")[0]) >= 13:
        return set()
    return {
        "timeout-52d106579505547091ef69b58341351a37c23e31.dds",
        "timeout-755a4d204f4208e3597ac3391edebee196462bd0.dds",
    }


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
    monkeypatch.setattr("image_tagging.sources.is_image_name", lambda name: not name.endswith(".zip"))
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
    monkeypatch.setattr("image_tagging.sources.is_image_name", lambda name: True)
    found = list(find_images(str(shared_data / "nasty-zips" / archive)))
    reader = SourceReader()
    images = [item for item in found if isinstance(item, FoundImage)]
    assert [read(reader, item) for item in images] == [None] * whole
    assert [item.code for item in found if isinstance(item, Failure)] == ["damaged-archive"]
    reader.close()


def test_a_folder_of_all_of_them_is_found_through(shared_data: Path):
    found = list(find_images(str(shared_data / "nasty-images")))
    assert len(found) > 1000
    assert not [item for item in found if isinstance(item, Failure)]


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
