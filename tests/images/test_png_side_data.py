"""What lies next to the picture in an image file: texts, profiles and notes of any size cost no picture."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image, ImageCms

from image_tagging import FileCache, ProcessConfig, process_dataset
from image_tagging.addresses import ImageRef
from image_tagging.errors import DecodeError
from image_tagging.images.decode import decode
from image_tagging.images.decoders import Decoders
from image_tagging.images.png_side_data import MOST_BYTES
from image_tagging.settings import ImageLimits
from samples import drawn, encoded, png, written, zipped

REF = ImageRef("a")
PNG = encoded(drawn(1, (40, 30)))
MUCH = b"x" * 3_000_000

#: Where a chunk may lie: before and after the picture.
FRONT, END = 33, len(PNG) - 12


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def spoilt(name: bytes, data: bytes) -> bytes:
    """A chunk whose checksum is wrong."""
    return chunk(name, data)[:-4] + b"\0\0\0\0"


def packed(start: bytes, data: bytes = MUCH) -> bytes:
    return start + zlib.compress(data)


SIDE_DATA = {
    "a long text": lambda: chunk(b"tEXt", b"prompt\0" + MUCH * 30),
    "a packed text": lambda: chunk(b"zTXt", packed(b"workflow\0\0")),
    "an international text": lambda: chunk(b"iTXt", packed(b"workflow\0\1\0\0\0")),
    "many texts": lambda: chunk(b"zTXt", packed(b"workflow\0\0", MUCH[:900_000])) * 100,
    "a text packed in an unknown way": lambda: chunk(b"zTXt", packed(b"workflow\0\7")),
    "a text with a wrong checksum": lambda: spoilt(b"tEXt", b"prompt\0x"),
    "a text called transparency": lambda: chunk(b"tEXt", b"transparency\0all"),
    "a text called interlace": lambda: chunk(b"tEXt", b"interlace\0yes"),
    "a text called icc_profile": lambda: chunk(b"tEXt", b"icc_profile\0sRGB"),
    "a long note of where it comes from": lambda: chunk(b"caBX", MUCH),
    "a note with a wrong checksum": lambda: spoilt(b"caBX", MUCH),
    "a gamma that is cut": lambda: chunk(b"gAMA", b"x"),
    "a resolution that is cut": lambda: chunk(b"pHYs", b"x"),
    "EXIF of any size": lambda: chunk(b"eXIf", b"II*\0" + MUCH * 4),
    "XMP of any size": lambda: chunk(b"iTXt", packed(b"XML:com.adobe.xmp\0\1\0\0\0", bytes(2 * MOST_BYTES))),
    "EXIF as a text that is none": lambda: chunk(b"zTXt", packed(b"Raw profile type exif\0\0", b"\nexif\n 9\nzz")),
}


@pytest.mark.parametrize("name", SIDE_DATA)
@pytest.mark.parametrize("place", [FRONT, END], ids=["before", "after"])
def test_side_data_of_a_png_costs_no_picture(name, place):
    data = PNG[:place] + SIDE_DATA[name]() + PNG[place:]
    assert decode(REF, data).facts.picture_hash == decode(REF, PNG).facts.picture_hash
    assert decode(REF, data).facts.hash_id == decode(REF, PNG).facts.hash_id


def with_profile(content: bytes) -> bytes:
    return PNG[:FRONT] + chunk(b"iCCP", content) + PNG[FRONT:]


PROFILES = {
    "too large": lambda: packed(b"icc\0\0", bytes(MOST_BYTES + 1)),
    "packed in an unknown way": lambda: packed(b"icc\0\5"),
    "cut": lambda: b"icc",
    "no zlib data": lambda: b"icc\0\0letter",
}


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_that_cannot_be_used_is_reported_and_costs_no_picture(name):
    with pytest.warns(UserWarning, match="its colour profile is damaged, or of more than 8 MiB"):
        facts = decode(REF, with_profile(PROFILES[name]())).facts
    assert facts.picture_hash == decode(REF, PNG).facts.picture_hash


def other_profile() -> bytes:
    """A profile by which colours change: red and green have changed places."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile)


def test_a_large_profile_is_applied():
    """Those of some cameras and printers take more than the 1 MiB that Pillow allows."""
    profile = other_profile()
    large = decode(REF, with_profile(packed(b"icc\0\0", profile + bytes(3_000_000)))).facts
    small = decode(REF, with_profile(packed(b"icc\0\0", profile))).facts
    assert large.picture_hash == small.picture_hash != decode(REF, PNG).facts.picture_hash


def test_a_profile_with_a_wrong_checksum_is_applied():
    content = packed(b"icc\0\0", other_profile())
    facts = decode(REF, PNG[:FRONT] + spoilt(b"iCCP", content) + PNG[FRONT:]).facts
    assert facts.picture_hash == decode(REF, with_profile(content)).facts.picture_hash


EXIF = b"II*\0\1\0\0\0\x08\0\0\0"[:4] + b"\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0"

TURNED = {
    "eXIf": chunk(b"eXIf", EXIF),
    "EXIF as a text": chunk(
        b"zTXt", packed(b"Raw profile type exif\0\0", b"\nexif\n 32\n" + (b"Exif\0\0" + EXIF).hex().encode())
    ),
    "XMP": chunk(b"iTXt", b'XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation="6"/>'),
}


@pytest.mark.parametrize("name", TURNED)
@pytest.mark.parametrize("place", [FRONT, END], ids=["before", "after"])
def test_side_data_still_says_which_side_is_up(name, place):
    picture = decode(REF, PNG[:place] + TURNED[name] + PNG[place:]).picture
    assert picture.size == (30, 40)


def test_transparency_and_its_checksum_are_part_of_the_picture():
    clear = encoded(drawn(1, (40, 30)), transparency=(0, 0, 0))
    assert b"tRNS" in clear
    at = clear.index(b"tRNS") - 4
    broken = clear[: at + 14] + b"\0\0\0\0" + clear[at + 18 :]
    with pytest.raises(DecodeError, match="checksum"):
        decode(REF, broken)


@pytest.mark.parametrize("cut", [1, 100, 2_999_000])
def test_a_png_that_ends_within_its_texts_has_no_picture(cut):
    data = PNG[:FRONT] + chunk(b"tEXt", b"prompt\0" + MUCH)[:-cut]
    with pytest.raises(DecodeError) as caught:
        decode(REF, data)
    assert caught.value.code == "truncated"


def test_text_in_the_png_of_an_icon_costs_no_picture():
    icon = encoded(drawn(1, (256, 256)), "ICO", sizes=[(256, 256)])
    at = icon.index(b"IHDR") + 21
    text = SIDE_DATA["a packed text"]()
    (size,) = struct.unpack_from("<I", icon, 14)
    larger = icon[:14] + struct.pack("<I", size + len(text)) + icon[18:at] + text + icon[at:]
    assert decode(REF, larger).facts.hash_id == decode(REF, icon).facts.hash_id


#: Formats with a profile, and the most bytes of EXIF and XMP that they take in one piece.
OTHERS = [("JPEG", 60_000), ("WEBP", 3_000_000), ("TIFF", 3_000_000), ("JPEG2000", 0), ("GIF", 0), ("AVIF", 3_000_000)]


@pytest.mark.parametrize(("image_format", "most"), OTHERS)
def test_side_data_of_other_formats_costs_no_picture(image_format, most):
    image = drawn(1, (40, 30))
    options = {"icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + bytes(3_000_000)}
    options |= {"xmp": b"x" * most} if most else {}
    options |= {"comment": MUCH} if image_format == "GIF" else {}
    try:
        data, alone = encoded(image, image_format, **options), encoded(image, image_format)
    except (KeyError, OSError) as error:
        pytest.skip(f"this Pillow cannot write it: {error}")
    assert decode(REF, data).facts.hash_id == decode(REF, alone).facts.hash_id


def test_segments_of_a_jpeg_cost_no_picture():
    jpeg = encoded(drawn(1, (40, 30)), "JPEG")
    segment = struct.pack(">H", 65_535)
    more = (b"\xff\xfe" + segment + bytes(65_533)) * 300 + (b"\xff\xed" + segment + b"8BIM" * 16_383 + b"\0") * 30
    assert decode(REF, jpeg[:2] + more + jpeg[2:]).facts.hash_id == decode(REF, jpeg).facts.hash_id


def test_pillow_is_as_it_was_for_the_programs_around():
    from PIL import PngImagePlugin

    stream = PngImagePlugin.PngStream
    decode(REF, PNG)
    assert (PngImagePlugin.PngStream, PngImagePlugin.MAX_TEXT_CHUNK) == (stream, 1 << 20)
    assert stream.__module__ == "PIL.PngImagePlugin"


def with_text() -> bytes:
    return PNG[:FRONT] + SIDE_DATA["a packed text"]() + PNG[FRONT:]


def test_stage_1_uses_pictures_with_much_text_in_folders_and_archives(tmp_path):
    written(tmp_path / "in" / "a" / "made.png", with_text())
    written(
        tmp_path / "in" / "a" / "more.zip",
        zipped({"b/made.png": png(2)[:33] + SIDE_DATA["a long text"]() + png(2)[33:]}),
    )
    summary = process_dataset(
        ProcessConfig(input_folder=str(tmp_path / "in"), output_folder=str(tmp_path / "out"), clip_model="builtin")
    )
    assert (summary.embedding.images, summary.embedding.failures) == (2, ())


def test_the_file_cache_holds_pictures_with_much_text(tmp_path):
    written(tmp_path / "in" / "made.png", with_text())
    FileCache().add_folder_to_file_cache(tmp_path / "in", tmp_path)
    image = FileCache().get_random_image(tmp_path / "file_cache.sqlite")
    assert image["hash_id"] == decode(REF, PNG).facts.hash_id


def test_a_profile_that_was_left_out_is_in_the_log_with_the_image(caplog):
    caplog.set_level("INFO", "image_tagging")
    with Decoders() as decoders, decoders.decoded(ImageRef("a.png"), with_profile(PROFILES["cut"]())) as image:
        assert image.facts.width == 40
    assert "a.png: the decoder printed: its colour profile is damaged" in caplog.text


# What libraries say of their own limits ------------------------------------------------------------------------


def test_no_words_of_a_library_about_its_limits_reach_a_person(caplog):
    """Pillow warns of half the pixels that the program allows, and calls them an attack."""
    caplog.set_level("INFO", "image_tagging")
    data = io.BytesIO()
    Image.new("L", (1200, 1000)).save(data, "PNG")
    with Decoders(ImageLimits(max_megapixels=1.5)) as decoders, decoders.decoded(REF, data.getvalue()) as image:
        assert image.facts.width == 1200
    with Decoders(ImageLimits(max_megapixels=0.5)) as decoders, decoders.decoded(REF, data.getvalue()) as failure:
        assert (failure.code, failure.reason) == (
            "too-large",
            "the picture has more than 0.5 megapixels; --max_megapixels raises the limit",
        )
    assert caplog.text == ""
