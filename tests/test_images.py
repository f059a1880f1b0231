"""Bytes become a hash, facts, and the picture that a person sees."""

from __future__ import annotations

import dataclasses
import hashlib
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from image_tagging.errors import DecodeError, InputError
from image_tagging.images import ImageLimits, decode
from image_tagging.records import ImageRef
from samples import drawn, encoded, plain, png

REF = ImageRef("cat.png")
ORIENTATION = 0x0112

#: EXIF orientation -> how a camera turned the upright picture before it wrote the pixels.
TURNED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def pixels(picture):
    return np.asarray(picture).tolist()


def seen(image, image_format="PNG", **options):
    """The picture that a person sees of an image that was written to a file."""
    return decode(REF, encoded(image, image_format, **options)).picture


def palette_image(colours, indices=((0, 1), (2, 3))):
    image = Image.fromarray(np.array(indices, dtype=np.uint8))
    image.putpalette([channel for colour in colours for channel in colour])
    return image


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


# --- what a person sees -----------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", TURNED)
def test_the_picture_is_upright_and_the_hash_is_that_of_the_pixels_in_the_file(orientation):
    upright = drawn(size=(12, 8))
    method = TURNED[orientation]
    stored = upright.transpose(method) if method is not None else upright
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    decoded = decode(REF, encoded(stored, exif=exif))
    assert pixels(decoded.picture) == pixels(upright)
    assert decoded.facts.hash_id == decode(REF, encoded(stored)).facts.hash_id
    assert (decoded.facts.width, decoded.facts.height) == stored.size


def test_the_same_pixels_turned_by_exif_are_another_picture():
    exif = Image.Exif()
    exif[ORIENTATION] = 3
    one, other = (decode(REF, encoded(drawn(), exif=given)).facts for given in (exif, Image.Exif()))
    assert one.hash_id == other.hash_id
    assert one.picture_hash != other.picture_hash


def test_damaged_exif_does_not_spoil_a_good_picture():
    assert pixels(seen(drawn(), exif=b"Exif\x00\x00MM\x00\x2a\x00\x00\xff\xff")) == pixels(drawn())


def test_an_opaque_picture_is_seen_as_it_is():
    assert pixels(seen(drawn())) == pixels(drawn())


def test_transparency_lies_over_white():
    assert pixels(seen(Image.new("RGBA", (1, 1), (255, 0, 0, 0)))) == [[[255, 255, 255]]]
    assert pixels(seen(Image.new("RGBA", (1, 1), (200, 0, 0, 255)))) == [[[200, 0, 0]]]
    assert pixels(seen(Image.new("LA", (1, 1), (0, 0)))) == [[[255, 255, 255]]]
    np.testing.assert_allclose(pixels(seen(Image.new("RGBA", (1, 1), (0, 0, 0, 128)))), [[[127] * 3]], atol=1)
    np.testing.assert_allclose(pixels(seen(Image.new("LA", (1, 1), (0, 128)))), [[[127] * 3]], atol=1)


def test_a_transparent_colour_of_a_palette_lies_over_white():
    image = palette_image([(0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255)])
    expected = [[[255, 255, 255], [255, 0, 0]], [[0, 255, 0], [0, 0, 255]]]
    assert pixels(seen(image, transparency=0)) == expected
    assert pixels(seen(image, "GIF", transparency=0)) == expected
    half = pixels(seen(image, transparency=bytes([255, 128, 255, 255])))
    np.testing.assert_allclose(half[0], [[0, 0, 0], [255, 127, 127]], atol=1)


def test_a_transparent_colour_without_a_palette_lies_over_white():
    image = Image.new("RGB", (2, 1), (10, 20, 30))
    image.putpixel((1, 0), (1, 1, 1))
    assert pixels(seen(image, transparency=(10, 20, 30))) == [[[255, 255, 255], [1, 1, 1]]]


def test_sixteen_bit_greys_are_scaled_by_their_range():
    greys = (np.arange(256, dtype=np.uint16) * 257).reshape(16, 16)
    for image_format in ("PNG", "TIFF"):
        picture = np.asarray(seen(Image.fromarray(greys), image_format))
        np.testing.assert_array_equal(picture, np.repeat(greys[..., None] // 257, 3, axis=2))


def test_a_dark_sixteen_bit_grey_stays_dark():
    greys = np.full((4, 4), 257 * 10, dtype=np.uint16)
    assert pixels(seen(Image.fromarray(greys)))[0][0] == [10, 10, 10]


def test_float_greys_are_stretched_from_their_darkest_to_their_lightest():
    greys = np.array([[-2.0, 0.0], [1.0, 2.0]], dtype=np.float32)
    assert np.asarray(seen(Image.fromarray(greys), "TIFF"))[..., 0].tolist() == [[0, 127], [191, 255]]


def test_a_float_grey_of_one_value_is_a_picture():
    assert seen(Image.fromarray(np.ones((2, 2), dtype=np.float32)), "TIFF").size == (2, 2)


def test_values_that_are_not_finite_are_no_picture():
    greys = np.array([[0.0, np.inf]], dtype=np.float32)
    with pytest.raises(DecodeError) as raised:
        seen(Image.fromarray(greys), "TIFF")
    assert raised.value.code == "unsupported"


@pytest.mark.parametrize("image_format", ["JPEG", "TIFF"])
@pytest.mark.parametrize(
    ("cmyk", "rgb"),
    [
        ((0, 0, 0, 0), (255, 255, 255)),
        ((0, 0, 0, 255), (0, 0, 0)),
        ((255, 0, 0, 0), (0, 255, 255)),
        ((0, 255, 255, 0), (255, 0, 0)),
    ],
)
def test_inks_give_the_colours_a_person_sees(image_format, cmyk, rgb):
    picture = seen(Image.new("CMYK", (8, 8), cmyk), image_format)
    np.testing.assert_allclose(picture.getpixel((4, 4)), rgb, atol=4)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "RGB"])
def test_every_common_mode_becomes_rgb(mode):
    picture = seen(drawn(mode=mode))
    assert (picture.mode, picture.size) == ("RGB", (12, 8))


@pytest.mark.parametrize("image_format", ["GIF", "PNG", "WEBP", "TIFF"])
def test_the_first_frame_of_a_moving_picture_is_taken(image_format):
    frames = [plain(colour) for colour in ("red", "green", "blue")]
    options = {"lossless": True} if image_format == "WEBP" else {}
    data = encoded(frames[0], image_format, save_all=True, append_images=frames[1:], **options)
    assert pixels(decode(REF, data).picture) == pixels(frames[0])


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
from image_tagging.images import DEFAULT_LIMITS, ImageLimits, decode
from image_tagging.records import ImageRef
try:
    decode(ImageRef("a.heic"), b"\\0\\0\\0\\x18ftypheic\\0\\0\\0\\0mif1heic")
except DecodeError as error:
    print(error.code, error)
print(DEFAULT_LIMITS.decoder_version)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=600)
    first, second = done.stdout.splitlines()
    assert first == "unsupported HEIC needs an extra: pip install 'image-tagging-tools[heif]'"
    assert "heif" not in second


def test_the_decoder_version_names_pillow_and_the_limits():
    version = ImageLimits(max_megapixels=20, image_seconds=5, use_truncated=True).decoder_version
    assert version.startswith("Pillow ")
    assert version.endswith("; 20 MP, 5 s, truncated")


@pytest.mark.parametrize("limits", [{"max_megapixels": 0}, {"image_seconds": float("nan")}, {"image_seconds": -1}])
def test_limits_that_are_none_are_refused(limits):
    with pytest.raises(InputError, match="must be a number above 0"):
        ImageLimits(**limits)


def test_the_facts_can_be_compared_and_the_picture_not():
    one, other = decode(REF, png()), decode(REF, png())
    assert one.facts == other.facts
    assert dataclasses.asdict(one.facts)["hash_id"] == one.facts.hash_id
