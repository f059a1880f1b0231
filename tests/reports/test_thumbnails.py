"""Small pictures of images that results name, drawn into a page."""

from __future__ import annotations

import base64
import io
import logging

import numpy as np
import pytest
from PIL import Image

from image_tagging.records import ImageRef
from image_tagging.reports import thumbnails
from image_tagging.reports.thumbnails import addresses, draw_thumbnails
from samples import drawn, encoded, plain, png, written, zipped


def shown(uri):
    """The picture in a data URI."""
    assert uri.startswith(("data:image/png;base64,", "data:image/webp;base64,"))
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))


def test_pixel_art_is_enlarged_by_a_whole_number_and_no_colour_is_new(tmp_path):
    art = drawn(1, (16, 10))
    uri = draw_thumbnails([path := written(tmp_path / "a.png", encoded(art))])[path]
    assert uri.startswith("data:image/png;")
    enlarged = np.repeat(np.repeat(np.asarray(art), 6, axis=0), 6, axis=1)
    np.testing.assert_array_equal(np.asarray(shown(uri).convert("RGB")), enlarged)


def test_large_pictures_are_reduced_and_keep_their_shape(tmp_path):
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 600, 3), dtype=np.uint8))
    uri = draw_thumbnails([path := written(tmp_path / "a.jpg", encoded(photo, "JPEG"))])[path]
    assert shown(uri).size == (96, 48)
    assert len(uri) < 12_000


@pytest.mark.parametrize("size", [(1, 1), (47, 1), (48, 48), (96, 60), (97, 2), (1, 4000)])
def test_no_side_is_longer_than_that_of_a_thumbnail_and_none_is_empty(tmp_path, size):
    uri = draw_thumbnails([path := written(tmp_path / "a.png", encoded(plain("red", size)))])[path]
    assert min(shown(uri).size) >= 1
    assert 48 <= max(shown(uri).size) <= 96


def test_transparency_is_shown_over_white(tmp_path):
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    uri = draw_thumbnails([path := written(tmp_path / "a.png", encoded(clear))])[path]
    assert shown(uri).convert("RGB").getpixel((5, 5)) == (255, 255, 255)


def test_images_in_archives_in_archives_are_found_by_the_path_that_results_tell(tmp_path):
    deep = {"inner.zip": {"cat/7.png": png(7)}, "odd.zip/dog.png": png(8), "a.png": png(9)}
    archive = written(tmp_path / "holder.zip" / "photos.zip", zipped(deep))
    paths = [f"{archive}/inner.zip/cat/7.png", f"{archive}/odd.zip/dog.png", f"{archive}/a.png"]
    assert list(draw_thumbnails(paths)) == paths


def test_addresses_through_archives(tmp_path):
    archive = written(tmp_path / "photos.zip", zipped({"a": b""}))
    assert list(addresses(archive)) == [ImageRef(archive)]
    assert list(addresses(f"{archive}/cat/7.png")) == [ImageRef(archive, ("cat/7.png",))]
    assert list(addresses(f"{archive}/x/i.zip/cat/7.png")) == [
        ImageRef(archive, ("x/i.zip", "cat/7.png")),
        ImageRef(archive, ("x/i.zip/cat/7.png",)),
    ]
    assert list(addresses(f"{archive}//7.png")) == [ImageRef(archive, ("/7.png",))]
    assert not list(addresses(str(tmp_path / "gone.png")))
    assert not list(addresses(""))


def test_a_path_of_nothing_but_archives_is_not_tried_for_ever(tmp_path):
    archive = written(tmp_path / "a.zip", zipped({"a": b""}))
    tried = list(addresses(archive + "/a.zip" * 9000 + "/b.png"))
    assert len(set(tried)) == len(tried) < 100
    assert tried[0].members[0] == "a.zip"
    assert {ref.path for ref in tried} == {archive + "/a.zip" * 9000 + "/b.png"}


def test_what_is_missing_or_broken_has_no_thumbnail(tmp_path, caplog):
    good = written(tmp_path / "good.png", png(1))
    archive = written(tmp_path / "photos.zip", zipped({"a.png": png(2), "bad.png": b"no picture"}))
    bad = [
        written(tmp_path / "cut.png", png(1)[:60]),
        str(tmp_path / "gone.png"),
        f"{archive}/gone.png",
        f"{archive}/gone.zip/a.png",
        f"{archive}/bad.png",
        f"{good}/in-a-picture.png",
        str(tmp_path),
    ]
    with caplog.at_level(logging.INFO):
        assert list(draw_thumbnails([*bad, good])) == [good]
    assert f"no thumbnail of {tmp_path}/gone.png: the file is no longer there" in caplog.text


def test_each_is_drawn_once_and_of_too_many_the_first(tmp_path, monkeypatch):
    paths = [written(tmp_path / f"{number}.png", png(number)) for number in (3, 1, 2, 0)]
    monkeypatch.setattr(thumbnails, "MOST_THUMBNAILS", 3)
    assert list(draw_thumbnails([paths[0], paths[0], *paths])) == paths[:3]


def test_nothing_is_drawn_of_nothing():
    assert draw_thumbnails([]) == {}
