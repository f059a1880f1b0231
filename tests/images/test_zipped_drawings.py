"""Drawings of Krita and OpenRaster: the picture is the merged one that they hold; nothing else in the zip counts."""

from __future__ import annotations

import zipfile

import pytest

from drawings import KRA, ORA, zipped_drawing
from image_tagging.addresses import ImageRef
from image_tagging.errors import DecodeError
from image_tagging.images.decode import decode
from image_tagging.images.decoders import Decoders
from samples import drawn, encoded, png, zipped

REF = ImageRef("drawing.kra")

KINDS = pytest.mark.parametrize(("mimetype", "name"), [(ORA, "ORA"), (KRA, "KRA")])


def refused(data):
    with pytest.raises(DecodeError) as error:
        decode(REF, data)
    return error.value.code, str(error.value)


@KINDS
@pytest.mark.parametrize("packed", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_picture_is_that_of_the_merged_png(mimetype, name, packed):
    layers = [("data/layer0.png", png(1)), ("preview.png", png(2)), ("Thumbnails/thumbnail.png", png(2))]
    data = zipped_drawing(mimetype, png(3), layers, packed=packed)
    one, other = decode(REF, data).facts, decode(REF, png(3)).facts
    assert (one.hash_id, one.picture_hash) == (other.hash_id, other.picture_hash)
    assert (one.format, one.width, one.height, one.size_bytes) == (name, 12, 8, len(data))


@KINDS
def test_a_drawing_that_was_zipped_again_is_one_all_the_same(mimetype, name):
    data = zipped({"mergedimage.png": png(3), "mimetype": f"{mimetype}\n".encode()})
    assert decode(REF, data).facts.format == name


@KINDS
def test_transparency_lies_over_white(mimetype, name):
    clear = drawn(mode="RGBA")
    clear.putalpha(0)
    assert decode(REF, zipped_drawing(mimetype, encoded(clear))).picture.getpixel((0, 0)) == (255, 255, 255)


@KINDS
def test_a_drawing_without_a_merged_picture_says_what_to_do(mimetype, name):
    data = zipped({"mimetype": mimetype.encode(), "preview.png": png(), "Thumbnails/thumbnail.png": png()})
    assert refused(data) == (
        "unsupported",
        f"the {name} drawing holds no picture of all its layers (mergedimage.png): export it as a PNG",
    )


def test_the_merged_picture_is_read_as_a_png_alone():
    code, sentence = refused(zipped_drawing(ORA, encoded(drawn(), "GIF")))
    assert (code, sentence) == ("damaged", "mergedimage.png in the ORA drawing is no PNG: save it again")


def test_of_two_merged_pictures_the_last_counts_as_where_all_are_unpacked():
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = zipped_drawing(ORA, png(1), [("mergedimage.png", png(2))])
    assert decode(REF, data).facts.hash_id == decode(REF, png(2)).facts.hash_id


def test_a_zip_of_another_kind_is_no_drawing():
    assert refused(zipped({"mimetype": b"application/epub+zip", "mergedimage.png": png()}))[0] == "not-an-image"
    assert refused(zipped({"mergedimage.png": png()}))[1] == (
        "the content is a zip archive: rename it to .zip to have it searched"
    )


def test_a_decoding_process_reads_a_drawing():
    with Decoders(processes=1) as decoders, decoders.decoded(REF, zipped_drawing(KRA, png())) as image:
        assert image.facts.format == "KRA"
