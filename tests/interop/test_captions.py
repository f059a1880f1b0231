"""Caption files are read by the written rules of the programs that they are for, which are no libraries to install."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from exported import ODD_TAGS, odd_pictures
from image_tagging.addresses import ImageRef
from image_tagging.interchange import ExportedPicture, ExportOptions
from image_tagging.interchange.captions import CaptionFormat


@pytest.fixture
def everything(tmp_path: Path) -> ExportedPicture:
    (picture,) = (each for each in odd_pictures(tmp_path) if len(each.tags) == len(ODD_TAGS))
    return picture


def _written(picture: ExportedPicture, **options: str) -> bytes:
    return CaptionFormat(ExportOptions(**options)).content(picture, ImageRef("a.png"), None)


def _said(tag: str, parting: str) -> str:
    """A tag as a form without escapes can say it: what parts tags becomes a space."""
    return re.sub(rf"[\n{parting}]", " ", tag)


def _kohya(content: bytes) -> list[str]:
    """Read as kohya-ss/sd-scripts does (``library/train_util.py``): the first line, stripped, parted at commas."""
    caption = content.decode("utf-8").splitlines()[0].strip()
    return [token.strip() for token in caption.strip().split(",")]


def _hydrus(content: bytes) -> list[str]:
    """Read as Hydrus does (hydrusnetwork.github.io/hydrus/advanced_sidecars.html): a tag on each line, in UTF-8."""
    return [line for line in content.decode("utf-8").split("\n") if line]


def test_trainers_read_every_tag_from_one_line(everything: ExportedPicture) -> None:
    assert [re.sub(" +", " ", tag) for tag in _kohya(_written(everything))] == [
        re.sub(" +", " ", _said(each.tag, ",")) for each in everything.tags
    ]


def test_hydrus_reads_a_tag_on_each_line(everything: ExportedPicture) -> None:
    assert _hydrus(_written(everything, separator="\n")) == [_said(each.tag, "\n") for each in everything.tags]


def test_the_first_tag_is_the_word_that_starts_a_training(everything: ExportedPicture) -> None:
    assert _kohya(_written(everything, prefix="sks style"))[0] == "sks style"
