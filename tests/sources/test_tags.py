"""The tag of an image: the folder that holds it, or the first one below what was named."""

from __future__ import annotations

import sys

import pytest

from image_tagging.addresses import ImageRef
from image_tagging.records import FoundImage
from image_tagging.sources import find_images
from image_tagging.sources.tags import Tags
from samples import written, zipped


def tag(file, *members, level="parent"):
    """The tag of an image where its file was named."""
    return Tags(file, level).of(ImageRef(file, members))[0]


def tags(root, level):
    """The tags of the images found, each once, in alphabetical order."""
    return sorted({item.tag for item in find_images(str(root), tag_level=level) if isinstance(item, FoundImage)})


def test_the_tag_of_an_image_that_was_named_is_its_folder(tmp_path, monkeypatch):
    assert tag("/data/cat/7.png") == "cat"
    assert tag("/data/cat/7.png", level="top") == "cat"
    (tmp_path / "dog").mkdir()
    monkeypatch.chdir(tmp_path / "dog")
    assert tag("7.png") == "dog"


@pytest.mark.parametrize(
    ("members", "parent", "top"),
    [
        (("7.png",), "my.photos", "my.photos"),
        (("inner.zip", "7.png"), "inner", "inner"),
        (("deep/inner.ZIP", "7.png"), "inner", "deep"),
        (("a/b/7.png",), "b", "a"),
        (("a/b\\c/7.png",), "b\\c", "a"),
        (("inner.zip", "a/7.png"), "a", "inner"),
        (("../../7.png",), "my.photos", "my.photos"),
        (("/a/./7.png",), "a", "a"),
        (("a/x.tar.gz", "b/y.zip", "c/7.png"), "c", "a"),
    ],
)
def test_an_archive_that_was_named_is_the_root(members, parent, top):
    assert tag("/data/my.photos.zip", *members) == parent
    assert tag("/data/my.photos.zip", *members, level="top") == top


@pytest.mark.parametrize("name", ["my.photos.tar", "my.photos.tgz", "my.photos.tar.gz", "my.photos.tar.xz"])
def test_the_stem_of_a_compressed_tar_is_without_both_suffixes(name):
    assert tag(f"/data/{name}", "1.png") == "my.photos"
    assert tag("/data/a.zip", f"b/{name}", "1.png") == "my.photos"


def test_the_top_tag_is_the_first_folder_or_archive_below_the_input(tmp_path):
    for name in ("cat/2021/a.png", "cat/b.png", "dog/2021/x/c.png", "d.png"):
        written(tmp_path / "in" / name, b"")
    inner = {"2021/e.png": b"", "f.png": b""}
    written(tmp_path / "in" / "owl.tar.zip", zipped({"2022/g.png": b"", "h.png": b"", "in.zip": inner}))
    written(tmp_path / "in" / "cat" / "more.zip", zipped({"2023/i.png": b""}))
    assert tags(tmp_path / "in", "top") == ["cat", "dog", "in", "owl"]
    assert tags(tmp_path / "in", "parent") == ["2021", "2022", "2023", "cat", "in", "owl", "x"]


@pytest.mark.parametrize("spelling", ["in", "in/", "./in", "in/../in", "."])
def test_the_top_tag_does_not_depend_on_how_the_input_is_spelt(tmp_path, monkeypatch, spelling):
    written(tmp_path / "in" / "cat" / "2021" / "a.png", b"")
    written(tmp_path / "in" / "b.png", b"")
    monkeypatch.chdir(tmp_path / "in" if spelling == "." else tmp_path)
    assert tags(spelling, "top") == ["cat", "in"]


@pytest.mark.skipif(sys.platform != "linux", reason="names that are no UTF-8 exist on Linux only")
def test_a_folder_whose_name_is_no_text_is_a_tag_that_can_be_printed():
    assert tag("/d\udcff/7.png") == "d\\udcff"
