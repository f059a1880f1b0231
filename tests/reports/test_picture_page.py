"""A page of pictures holds all that it shows, links to files, and is not led astray by names."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from image_tagging.addresses import ImageRef
from image_tagging.errors import OutputError
from image_tagging.images.decode import content_hash
from image_tagging.reports import PagePicture, PageSection, write_picture_page
from samples import drawn, encoded, png, written, zipped


def picture(ref, content, *notes, is_marked=False):
    return PagePicture(content_hash(content), ref, notes, is_marked)


def test_a_page_shows_pictures_of_folders_and_archives_under_their_headings(tmp_path):
    plain, inside = encoded(drawn(1, (300, 200))), png(2)
    file = Path(written(tmp_path / "a b#1.png", plain))
    archive = written(tmp_path / "more.zip", zipped({"in/2.png": inside}))
    first = PageSection("A group", [picture(ImageRef(str(file)), plain, "0.91", is_marked=True)])
    second = PageSection("", [picture(ImageRef(str(archive), ("in/2.png",)), inside)])
    write_picture_page(str(tmp_path / "page.html"), "Found: <cats>", "2 of 3", [first, second])
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page.count('<img src="data:image/') == 2
    assert f'href="{file.as_uri()}"' in page
    assert page.count("<h2>") == 1
    assert '<li class="marked">' in page
    assert "<small>0.91</small>" in page
    assert "<title>Found: &lt;cats&gt;</title>" in page
    assert "more.zip/in/2.png" in page
    assert 'href="file:' in page
    assert "more.zip/in" not in page.partition('class="place"')[0]


@pytest.mark.skipif(sys.platform != "linux", reason="the names of other systems are text")
def test_a_file_whose_name_is_no_text_is_linked_by_its_bytes(tmp_path):
    content = png(1)
    file = written(tmp_path / "caf\udce9.png", content)
    write_picture_page(
        str(tmp_path / "page.html"), "t", "s", [PageSection("", [picture(ImageRef(str(file)), content)])]
    )
    assert '/caf%E9.png"' in (tmp_path / "page.html").read_text("utf-8")


def test_a_picture_that_is_gone_or_another_is_named_without_being_shown(tmp_path):
    file = written(tmp_path / "a.png", png(1))
    gone = PagePicture("0" * 64, ImageRef(str(tmp_path / "gone.png")))
    write_picture_page(
        str(tmp_path / "page.html"), "t", "s", [PageSection("", [picture(ImageRef(str(file)), png(2)), gone])]
    )
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "data:image/" not in page
    assert page.count("not shown") == 2


def test_a_name_cannot_leave_its_place_in_the_page(tmp_path):
    content = png(1)
    file = written(tmp_path / "x\" onload='1'&\u202e<b>.png", content)
    write_picture_page(
        str(tmp_path / "page.html"), "t", "s", [PageSection("<i>", [picture(ImageRef(str(file)), content)])]
    )
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "<b>" not in page
    assert "<i>" not in page
    assert "\u202e" not in page
    assert 'x" onload' not in page


def test_a_page_replaces_a_page_of_its_kind_alone(tmp_path):
    path = tmp_path / "page.html"
    write_picture_page(str(path), "one", "", [])
    write_picture_page(str(path), "two", "", [])
    assert "two" in path.read_text("utf-8")
    path.write_text('<meta name="generator" content="image-tagging-tools">')
    with pytest.raises(OutputError, match=r"page\.html"):
        write_picture_page(str(path), "three", "", [])
