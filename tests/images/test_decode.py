"""Bytes become a hash, facts, and the picture that a person sees."""

from __future__ import annotations

import dataclasses
import hashlib
import subprocess
import sys

import pytest
from PIL import Image

from image_tagging.addresses import ImageRef
from image_tagging.errors import DecodeError, InputError
from image_tagging.images import appearance
from image_tagging.images.decode import decode, decode_to_draw, decoder_version
from image_tagging.settings import ImageLimits
from samples import drawn, encoded, palette_image, plain, png

REF = ImageRef("cat.png")


# --- the hash ---------------------------------------------------------------------------------------------


def test_the_hash_is_blake2b_of_the_pixels():
    image = drawn()
    assert decode(REF, encoded(image)).facts.hash_id == hashlib.blake2b(image.tobytes()).hexdigest()


def test_equal_pixels_have_one_hash_whatever_the_file_format():
    formats = {"PNG": {}, "BMP": {}, "TIFF": {}, "PPM": {}, "WEBP": {"lossless": True}, "TGA": {}}
    decoded = [decode(REF, encoded(drawn(), name, **options)).facts for name, options in formats.items()]
    assert len({facts.hash_id for facts in decoded}) == 1
    assert len({facts.picture_hash for facts in decoded}) == 1
    assert [facts.format for facts in decoded] == list(formats)


def test_a_changed_pixel_changes_both_hashes():
    first, second = drawn(), drawn()
    second.putpixel((3, 3), (1, 2, 3))
    one, other = (decode(REF, encoded(image)).facts for image in (first, second))
    assert one.hash_id != other.hash_id
    assert one.picture_hash != other.picture_hash


def test_a_palette_swap_has_the_same_hash_id_and_another_picture_hash():
    red = palette_image([(255, 0, 0), (200, 0, 0), (150, 0, 0), (100, 0, 0)])
    blue = palette_image([(0, 0, 255), (0, 0, 200), (0, 0, 150), (0, 0, 100)])
    one, other = (decode(REF, encoded(image)).facts for image in (red, blue))
    assert one.hash_id == other.hash_id
    assert one.picture_hash != other.picture_hash


def test_a_palette_picture_is_the_same_in_png_and_gif_though_their_palettes_differ_in_length():
    image = palette_image([(255, 0, 0), (0, 255, 0), (0, 0, 255), (9, 9, 9)])
    one, other = (decode(REF, encoded(image, name)).facts for name in ("PNG", "GIF"))
    assert one.hash_id == other.hash_id
    assert one.picture_hash == other.picture_hash


def test_pictures_of_other_sizes_have_other_picture_hashes():
    wide, high = (decode(REF, encoded(plain(0, size).convert("L"))).facts for size in ((40, 10), (20, 20)))
    assert wide.hash_id == high.hash_id
    assert wide.picture_hash != high.picture_hash


# --- the facts --------------------------------------------------------------------------------------------


def test_the_facts_are_those_of_the_file():
    data = encoded(drawn(size=(30, 20)), "JPEG")
    facts = decode(ImageRef("a.zip", ("cat.jpg",)), data).facts
    assert facts.ref == ImageRef("a.zip", ("cat.jpg",))
    assert (facts.format, facts.size_bytes, facts.width, facts.height) == ("JPEG", len(data), 30, 20)


def test_the_content_decides_the_format_not_the_name():
    assert decode(ImageRef("cat.png"), encoded(drawn(), "GIF")).facts.format == "GIF"


# --- what is no picture -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b"a letter to my aunt", "not-an-image", id="text"),
        pytest.param(b"\x89PNG\r\n\x1a\n", "truncated", id="a png's first bytes"),
        pytest.param(encoded(drawn(size=(100, 100)))[:-2000], "truncated", id="a png cut short"),
        pytest.param(encoded(drawn(size=(100, 100)), "JPEG")[:-1000], "truncated", id="a jpeg cut short"),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n", "unsupported", id="a program"),
    ],
)
def test_what_cannot_be_decoded_says_why(data, code):
    with pytest.raises(DecodeError) as raised:
        decode(REF, data)
    assert raised.value.code == code
    assert str(raised.value)


def test_too_many_pixels_are_refused():
    data = encoded(drawn(size=(12, 8)))
    assert decode(REF, data, ImageLimits(max_megapixels=96e-6)).facts.width == 12
    with pytest.raises(DecodeError, match=r"more than 9\.5e-05 megapixels; --max_megapixels raises") as raised:
        decode(REF, data, ImageLimits(max_megapixels=95e-6))
    assert raised.value.code == "too-large"


def test_a_bomb_is_refused_before_its_pixels_are_made():
    data = bytearray(png())
    data[16:24] = (2**31 - 1).to_bytes(4, "big") * 2  # the width and height that its header tells
    with pytest.raises(DecodeError) as raised:
        decode(REF, bytes(data))
    assert raised.value.code in {"too-large", "damaged"}  # its checksum no longer agrees either


def test_heic_without_the_extra_says_what_to_install():
    """In a fresh interpreter that cannot import the extra, whether it is installed here or not."""
    program = """
import sys
sys.modules["pillow_heif"] = None
from image_tagging.errors import DecodeError
from image_tagging.images import appearance
from image_tagging.images.decode import decode, decode_to_draw, decoder_version
from image_tagging.settings import DEFAULT_LIMITS, ImageLimits
from image_tagging.addresses import ImageRef
try:
    decode(ImageRef("a.heic"), b"\\0\\0\\0\\x18ftypheic\\0\\0\\0\\0mif1heic")
except DecodeError as error:
    print(error.code, error)
print(decoder_version(DEFAULT_LIMITS))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=600)
    first, second = done.stdout.splitlines()
    assert first == "unsupported HEIC needs an extra: pip install 'image-tagging-tools[heif]'"
    assert "heif" not in second


def test_the_decoder_version_names_pillow_and_the_limits():
    version = decoder_version(ImageLimits(max_megapixels=20, image_seconds=5, use_truncated=True))
    assert "Pillow " in version
    assert version.endswith("; 20 MP, 5 s, truncated")


@pytest.mark.parametrize("limits", [{"max_megapixels": 0}, {"image_seconds": float("nan")}, {"image_seconds": -1}])
def test_limits_that_are_none_are_refused(limits):
    with pytest.raises(InputError, match=r"must be a number( above 0)?\."):
        ImageLimits(**limits)


def test_the_facts_can_be_compared_and_the_picture_not():
    one, other = decode(REF, png()), decode(REF, png())
    assert one.facts == other.facts
    assert dataclasses.asdict(one.facts)["hash_id"] == one.facts.hash_id


# --- to draw it -------------------------------------------------------------------------------------------


def sprite():
    image = drawn(mode="RGBA")
    image.paste((9, 8, 7, 0), (0, 0, 5, 8))
    image.putpixel((6, 6), (200, 10, 10, 100))
    return image


def test_a_drawn_picture_keeps_its_transparency_and_the_facts_are_those_of_what_the_encoder_sees():
    data = encoded(sprite())
    (picture, frames), seen = decode_to_draw(REF, data), decode(REF, data)
    assert (picture.picture.mode, frames, picture.facts) == ("RGBA", 1, seen.facts)
    assert picture.picture.tobytes() == sprite().tobytes()
    over_white = Image.alpha_composite(Image.new("RGBA", picture.picture.size, "white"), picture.picture)
    assert over_white.convert("RGB").tobytes() == seen.picture.tobytes()


@pytest.mark.parametrize("image", [drawn(), drawn(mode="L"), drawn(mode="RGBA"), drawn(mode="P")])
def test_what_is_nowhere_transparent_is_drawn_as_it_is_seen(image):
    data = encoded(image)
    assert decode_to_draw(REF, data)[0].picture.tobytes() == decode(REF, data).picture.tobytes()


@pytest.mark.parametrize(("image_format", "frames"), [("GIF", 3), ("PNG", 3), ("WEBP", 3), ("TIFF", 1)])
def test_frames_of_an_animation_are_counted_and_pages_are_not(image_format, frames):
    options = {"save_all": True, "append_images": [drawn(1), drawn(2)]}
    assert decode_to_draw(REF, encoded(drawn(), image_format, **options))[1] == frames


def test_an_animation_that_is_cut_short_still_shows_its_first_frame():
    data = encoded(drawn(), "GIF", save_all=True, append_images=[drawn(1), drawn(2)])
    cut = data[: len(data) // 2]
    picture, frames = decode_to_draw(REF, cut)
    assert frames in {1, 2}
    assert picture.picture.tobytes() == decode(REF, cut).picture.tobytes()


def test_transparency_of_a_tall_picture_is_kept_strip_by_strip(monkeypatch):
    monkeypatch.setattr(appearance, "_STRIP_PIXELS", 24)
    assert decode_to_draw(REF, encoded(sprite()))[0].picture.tobytes() == sprite().tobytes()
