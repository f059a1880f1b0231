"""Sidecars are read by exiftool: tags and odd names come back, and what it wrote itself stays."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from exported import odd_pictures
from image_tagging.addresses import ImageRef
from image_tagging.interchange import ExportedPicture, ExportOptions
from image_tagging.interchange.xmp import XmpFormat

pytestmark = pytest.mark.skipif(
    not shutil.which("exiftool"), reason="exiftool is not installed (Debian: libimage-exiftool-perl)"
)

_REF = ImageRef("a.png")


def _exiftool(*arguments: object) -> str:
    done = subprocess.run(["exiftool", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    return done.stdout


def _read(path: Path) -> dict[str, list[str]]:
    """Return the properties of a sidecar, each as a list of texts."""
    (found,) = json.loads(_exiftool("-json", "-G1", "-struct", "-charset", "UTF8", path))
    return {
        name: [str(each) for each in (value if isinstance(value, list) else [value])] for name, value in found.items()
    }


@pytest.fixture
def pictures(tmp_path: Path) -> list[ExportedPicture]:
    return [picture for picture in odd_pictures(tmp_path / "photos") if picture.tags]


def test_exiftool_reads_every_tag_in_the_three_places(pictures: list[ExportedPicture], tmp_path: Path) -> None:
    for picture in pictures:
        path = tmp_path / f"{picture.hash_id[:8]}.png.xmp"
        path.write_bytes(XmpFormat(ExportOptions()).content(picture, _REF, None))
        read, tags = _read(path), [tag.tag for tag in picture.tags]
        assert read["XMP-dc:Subject"] == tags
        assert read["XMP-digiKam:TagsList"] == tags
        assert read["XMP-lr:HierarchicalSubject"] == [tag.replace("/", "|") for tag in tags]
        assert "ExifTool:Warning" not in read


def test_exiftool_finds_nothing_wrong_with_a_sidecar(pictures: list[ExportedPicture], tmp_path: Path) -> None:
    path = tmp_path / "a.png.xmp"
    path.write_bytes(XmpFormat(ExportOptions()).content(pictures[0], _REF, None))
    assert "0 errors" in _exiftool("-validate", path) or "OK" in _exiftool("-validate", path)


def test_what_exiftool_wrote_stays_and_lacking_tags_are_added(pictures: list[ExportedPicture], tmp_path: Path) -> None:
    (picture,) = (each for each in pictures if len(each.tags) == 11)
    path = tmp_path / "a.png.xmp"
    known: list[Any] = ["-XMP-dc:Subject=mine", "-XMP-dc:Subject=café", "-XMP-xmp:Rating=4", "-XMP-dc:Title=Ünï <&>"]
    _exiftool(*known, "-XMP-photoshop:City=Köln", "-o", path)
    before = path.read_bytes()
    path.write_bytes(XmpFormat(ExportOptions()).content(picture, _REF, before))
    read, tags = _read(path), [tag.tag for tag in picture.tags]
    assert read["XMP-dc:Subject"] == ["mine", "café", *(tag for tag in tags if tag != "café")]
    assert read["XMP-digiKam:TagsList"] == tags
    assert (read["XMP-xmp:Rating"], read["XMP-dc:Title"], read["XMP-photoshop:City"]) == (["4"], ["Ünï <&>"], ["Köln"])
    again = XmpFormat(ExportOptions()).content(picture, _REF, path.read_bytes())
    assert again == path.read_bytes()


def test_exiftool_goes_on_with_a_sidecar_of_ours(pictures: list[ExportedPicture], tmp_path: Path) -> None:
    path = tmp_path / "a.png.xmp"
    path.write_bytes(XmpFormat(ExportOptions()).content(pictures[0], _REF, None))
    _exiftool("-overwrite_original", "-XMP-dc:Subject+=added", "-XMP-xmp:Rating=5", path)
    merged = XmpFormat(ExportOptions()).content(pictures[1], _REF, path.read_bytes())
    path.write_bytes(merged)
    wanted = dict.fromkeys([*(tag.tag for tag in pictures[0].tags), "added", *(tag.tag for tag in pictures[1].tags)])
    assert _read(path)["XMP-dc:Subject"] == list(wanted)
    assert _read(path)["XMP-xmp:Rating"] == ["5"]
