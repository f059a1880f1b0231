"""Small pictures of images that results name, drawn into a page."""

from __future__ import annotations

import base64
import io
import logging
import os
from contextlib import closing

import numpy as np
import pytest
from PIL import Image

from image_tagging.addresses import ImageRef
from image_tagging.failures import attempt
from image_tagging.images.decode import decode
from image_tagging.records import Failure, ImportedEmbedding
from image_tagging.reports import thumbnails
from image_tagging.reports.thumbnails import ShownImage, draw_thumbnails
from image_tagging.sources import SourceReader
from samples import drawn, encoded, plain, png, written, zipped


def draw(*paths):
    """The thumbnails of plain files, by their paths."""
    return draw_thumbnails({path: shown_image(ImageRef(path)) for path in paths})


def shown_image(ref):
    """An image with the hash of what is there now; of what cannot be decoded with that of another."""
    with closing(SourceReader()) as reader:
        data = attempt(ref, "read", lambda: reader.read(ref))
    decoded = data if isinstance(data, Failure) else attempt(ref, "decode", lambda: decode(ref, data))
    return ShownImage(ref, "h" if isinstance(decoded, Failure) else decoded.facts.hash_id)


def shown(uri):
    """The picture in a data URI."""
    assert uri.startswith(("data:image/png;base64,", "data:image/webp;base64,"))
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))


def test_pixel_art_is_enlarged_by_a_whole_number_and_no_colour_is_new(tmp_path):
    art = drawn(1, (16, 10))
    uri = draw(path := written(tmp_path / "a.png", encoded(art)))[path]
    assert uri.startswith("data:image/png;")
    enlarged = np.repeat(np.repeat(np.asarray(art), 6, axis=0), 6, axis=1)
    np.testing.assert_array_equal(np.asarray(shown(uri).convert("RGB")), enlarged)


def test_large_pictures_are_reduced_and_keep_their_shape(tmp_path):
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 600, 3), dtype=np.uint8))
    uri = draw(path := written(tmp_path / "a.jpg", encoded(photo, "JPEG")))[path]
    assert shown(uri).size == (96, 48)
    assert len(uri) < 12_000


@pytest.mark.parametrize("size", [(1, 1), (47, 1), (48, 48), (96, 60), (97, 2), (1, 4000)])
def test_no_side_is_longer_than_that_of_a_thumbnail_and_none_is_empty(tmp_path, size):
    uri = draw(path := written(tmp_path / "a.png", encoded(plain("red", size))))[path]
    assert min(shown(uri).size) >= 1
    assert 48 <= max(shown(uri).size) <= 96


def test_transparency_is_shown_over_white(tmp_path):
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    uri = draw(path := written(tmp_path / "a.png", encoded(clear)))[path]
    assert shown(uri).convert("RGB").getpixel((5, 5)) == (255, 255, 255)


def test_images_in_archives_in_archives_are_shown_at_their_exact_addresses(tmp_path):
    twins = {"inner.zip": {"7.png": png(7)}, "inner.zip/7.png": png(8)}
    archive = written(tmp_path / "holder.zip" / "photos.zip", zipped(twins))
    images = {"nested": ImageRef(archive, ("inner.zip", "7.png")), "folder": ImageRef(archive, ("inner.zip/7.png",))}
    assert len({ref.path for ref in images.values()}) == 1
    uris = draw_thumbnails({name: shown_image(ref) for name, ref in images.items()})
    expected = draw(*(written(tmp_path / f"{seed}.png", png(seed)) for seed in (7, 8)))
    assert list(uris) == list(images)
    assert list(uris.values()) == list(expected.values())


def record(path, address=None):
    return ImportedEmbedding("h", path, np.zeros(2, np.float32), address)


def test_what_is_shown_lies_at_the_address_that_the_metadata_gives(tmp_path, caplog):
    picture = written(tmp_path / "a.png", png(1))
    archive = written(tmp_path / "photos.zip", zipped({"a.png": png(2)}))
    inside = ImageRef(archive, ("a.png",))
    assert ShownImage.of(record(f"{archive}/a.png", inside)) == ShownImage(inside, "h")
    assert ShownImage.of(record(picture)) == ShownImage(ImageRef(picture), "h")
    with caplog.at_level(logging.INFO):
        assert ShownImage.of(record(f"{archive}/a.png")) is None  # of an earlier version: no address is guessed
        assert ShownImage.of(record("")) is None
        assert ShownImage.of(record("\udcff\0")) is None
    assert f"no thumbnail of {archive}/a.png: the metadata has no address of it" in caplog.text


def test_what_is_missing_or_broken_has_no_thumbnail(tmp_path, caplog):
    good = written(tmp_path / "good.png", png(1))
    archive = written(tmp_path / "photos.zip", zipped({"a.png": png(2), "bad.png": b"no picture"}))
    bad = [
        ImageRef(written(tmp_path / "cut.png", png(1)[:60])),
        ImageRef(str(tmp_path / "gone.png")),
        ImageRef(archive, ("gone.png",)),
        ImageRef(archive, ("gone.zip", "a.png")),
        ImageRef(archive, ("bad.png",)),
        ImageRef(good, ("in-a-picture.png",)),
        ImageRef(str(tmp_path)),
        ImageRef("\ud800\0"),
        ImageRef(os.devnull),
    ]
    with caplog.at_level(logging.INFO):
        drawn_names = list(draw_thumbnails({str(ref): shown_image(ref) for ref in [*bad, ImageRef(good)]}))
    assert drawn_names == [str(ImageRef(good))]
    assert f"no thumbnail of {tmp_path}/gone.png: the file is no longer there" in caplog.text


def test_of_too_many_the_first_are_drawn(tmp_path, monkeypatch):
    paths = [written(tmp_path / f"{number}.png", png(number)) for number in (3, 1, 2, 0)]
    monkeypatch.setattr(thumbnails, "MOST_THUMBNAILS", 3)
    assert list(draw(*paths)) == paths[:3]


def test_nothing_is_drawn_of_nothing():
    assert draw_thumbnails({}) == {}


# --- what metadata claims (R4) -----------------------------------------------------------------------------


def test_a_picture_is_shown_only_if_it_has_the_hash_of_its_record(tmp_path, caplog):
    private = ImageRef(written(tmp_path / "private.png", png(1)))
    with caplog.at_level(logging.INFO):
        assert draw_thumbnails({"claimed": ShownImage(private, "0" * 128)}) == {}
    assert "another than the one of the metadata" in caplog.text


def test_a_palette_swap_is_shown_by_the_hash_that_its_record_has(tmp_path):
    ref = ImageRef(written(tmp_path / "swap.png", png(1)))
    facts = decode(ref, png(1)).facts
    assert list(draw_thumbnails({"swap": ShownImage(ref, facts.picture_hash)})) == ["swap"]


@pytest.mark.parametrize(
    "address",
    [
        ["//server/share/x.png"],
        ["\\\\server\\share\\x.png"],
        ["\\\\?\\UNC\\server\\x.png"],
        ["/\\server/x.png"],
        ["/net/server/x.png"],
        ["/dev/stdin"],
        ["/proc/self/fd/0"],
        ["/sys/../dev/zero"],
        ["/home/me/Letter.docx", "word/media/image1.png"],
        ["/home/me/Letter.docx"],
        ["/home/me/photos.zip", "Letter.docx", "word/media/image1.png"],
        ["/home/me/a.png\0"],
    ],
)
def test_network_paths_devices_and_documents_are_not_even_looked_at(address, monkeypatch):
    def looked(path):
        raise AssertionError(path)

    monkeypatch.setattr(thumbnails.os.path, "isfile", looked)
    assert ShownImage.of(record(address[0], ImageRef(address[0], tuple(address[1:])))) is None
    if len(address) == 1:
        assert ShownImage.of(record(address[0])) is None
