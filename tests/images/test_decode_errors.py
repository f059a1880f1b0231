"""Why bytes are no usable picture: a code that stays the same, and a sentence for a person."""

from __future__ import annotations

import pytest
from PIL import Image

from image_tagging.addresses import ImageRef
from image_tagging.errors import DecodeError
from image_tagging.images.decode import decode
from image_tagging.images.decode_errors import ends_early, undecodable, unidentified
from image_tagging.images.formats import other_formats
from samples import drawn, encoded, png, zipped

PICTURE = drawn(size=(120, 90))
FORMATS = ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "JPEG2000", "TGA", "ICO", "DDS", "PCX", "PPM", "SGI"]
if "AVIF" in other_formats():  # from Pillow 11.3 on
    FORMATS.append("AVIF")


def code(data):
    try:
        decode(ImageRef("a"), data)
    except DecodeError as error:
        return error.code
    return None


@pytest.mark.parametrize("image_format", FORMATS)
def test_a_picture_cut_short_anywhere_is_never_used_and_says_so(image_format):
    data = encoded(PICTURE, image_format)
    assert code(data) is None
    codes = {code(data[: len(data) * part // 40]) for part in range(8, 40)}
    assert codes == {"truncated"}


def test_a_heic_cut_short_says_so():
    heif = pytest.importorskip("pillow_heif", reason="the heif extra is not installed")
    heif.register_heif_opener()
    try:
        data = encoded(PICTURE, "HEIF")
    except (OSError, RuntimeError) as error:
        pytest.skip(f"this pillow-heif cannot write: {error}")
    assert code(data) is None
    assert {code(data[: len(data) * part // 40]) for part in range(8, 40)} == {"truncated"}


@pytest.mark.parametrize("image_format", FORMATS)
def test_a_whole_picture_does_not_end_early(image_format):
    assert not ends_early(encoded(PICTURE, image_format))


@pytest.mark.parametrize(
    ("data", "expected", "words"),
    [
        (zipped({"a.png": png()}), "not-an-image", "a zip archive: rename it to .zip"),
        (b"\n <!DOCTYPE html><html>", "not-an-image", "a web page"),
        (b"<html><body>404", "not-an-image", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "not-an-image", "git lfs pull"),
        (b"%PDF-1.7\n", "not-an-image", "a PDF"),
        (b"<svg xmlns='x'/>", "unsupported", "SVG"),
        (b"\xff\x0a\x00", "unsupported", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "unsupported", "JPEG XL"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "unsupported", "pip install"),
        (b"a letter to my aunt", "not-an-image", "not an image in a format that can be read"),
        (png()[:20], "truncated", "the PNG picture is cut short"),
        (png()[:20] + b"\xff" + png()[21:], "damaged", "the PNG picture cannot be decoded"),
        (b"\x89PNG\r\n\x1a\r" + png()[8:], "damaged", "a transfer in text mode"),
    ],
)
def test_what_is_often_found_under_the_name_of_an_image_is_called_by_its_own(data, expected, words):
    error = unidentified(data, with_heif=False)
    assert (error.code, words in str(error)) == (expected, True), str(error)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError("image file is truncated (3 bytes not processed)"), "truncated"),
        (EOFError(), "truncated"),
        (ValueError("not enough image data"), "truncated"),
        (NotImplementedError("Unimplemented DXGI format 93"), "unsupported"),
        (OSError("Unsupported BMP bitfields layout"), "unsupported"),
        (SyntaxError("unknown pixel mode"), "unsupported"),
        (MemoryError(), "too-large"),
        (ValueError("Decompressed data too large"), "too-large"),
        (IndexError("string index out of range"), "damaged"),
        (OSError("broken data\nstream"), "damaged"),
    ],
)
def test_what_decoders_raise_has_a_code_and_one_line(error, expected):
    raised = undecodable(error)
    assert raised.code == expected
    assert "\n" not in str(raised)
    assert len(str(raised)) > 20


def test_the_format_that_was_meant_is_named():
    assert str(undecodable(OSError("bad"), "TIFF")) == "the TIFF picture cannot be decoded (bad)"


def test_a_picture_that_claims_more_than_it_has_is_no_bomb():
    data = bytearray(encoded(Image.new("RGB", (4, 4)), "BMP"))
    data[18:26] = (30000).to_bytes(4, "little") + (5000).to_bytes(4, "little")
    assert code(bytes(data)) == "truncated"
