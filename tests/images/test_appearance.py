"""What a person sees: upright, in the right colours, the first frame. Small drawn images and their colours."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image, features

from image_tagging.addresses import ImageRef
from image_tagging.errors import DecodeError
from image_tagging.images import appearance
from image_tagging.images.appearance import as_seen, strips
from image_tagging.images.decode import decode
from samples import drawn, encoded, palette_image, plain

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


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_avif_is_seen_with_its_transparency():
    picture = seen(Image.new("RGBA", (16, 16), (255, 0, 0, 0)), "AVIF", quality=100)
    np.testing.assert_allclose(picture.getpixel((8, 8)), (255, 255, 255), atol=3)
    np.testing.assert_allclose(
        seen(plain((20, 120, 220), (16, 16)), "AVIF", quality=100).getpixel((8, 8)), (20, 120, 220), atol=6
    )


def test_heic_is_seen_where_the_extra_is_installed():
    heif = pytest.importorskip("pillow_heif", reason="the heif extra is not installed")
    heif.register_heif_opener()
    try:
        data = encoded(plain((20, 120, 220), (64, 64)), "HEIF", quality=100)
    except (OSError, RuntimeError) as error:
        pytest.skip(f"this pillow-heif cannot write: {error}")
    decoded = decode(REF, data)
    assert decoded.facts.format == "HEIF"
    np.testing.assert_allclose(decoded.picture.getpixel((32, 32)), (20, 120, 220), atol=6)


def test_a_jpeg_in_ycck_has_the_colours_of_its_inks():
    cyan, magenta, yellow, black = 10, 200, 90, 30
    y, cb, cr = Image.new("RGB", (1, 1), (cyan, magenta, yellow)).convert("YCbCr").getpixel((0, 0))
    # Pillow writes what it is given the other way round; as YCCK the first three are taken for Y, Cb and Cr.
    data = bytearray(encoded(Image.new("CMYK", (16, 16), (255 - y, 255 - cb, 255 - cr, black)), "JPEG", quality=100))
    data[data.index(b"Adobe") + 11] = 2  # the transform: YCCK
    expected = [255 - min(255, ink + black) for ink in (cyan, magenta, yellow)]
    naive = Image.new("CMYK", (1, 1), (cyan, magenta, yellow, black)).convert("RGB").getpixel((0, 0))
    np.testing.assert_allclose(naive, expected, atol=30)
    np.testing.assert_allclose(decode(REF, bytes(data)).picture.getpixel((8, 8)), naive, atol=4)


def test_lab_becomes_rgb():
    lab = Image.merge("LAB", [Image.new("L", (4, 4), value) for value in (136, 128 + 80, 128 + 67)])  # sRGB's pure red
    picture = as_seen(lab)
    assert picture.mode == "RGB"
    red, green, blue = picture.getpixel((1, 1))
    assert red > 200
    assert max(green, blue) < 90


# --- colour profiles --------------------------------------------------------------------------------------

#: XYZ (D50) of the primaries of sRGB.
RED, GREEN, BLUE = (0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)


def profile(red=RED, green=GREEN, blue=BLUE, gamma=2.2):
    """A colour profile of version 2 by three primaries and a gamma, made here byte by byte (ICC.1:2001-04)."""

    def fixed(value):
        return struct.pack(">i", round(value * 65536))

    def xyz(values):
        return b"XYZ " + bytes(4) + b"".join(map(fixed, values))

    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    text = b"drawn\0"
    description = b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78)
    tags = {
        b"desc": description + bytes(-len(description) % 4),
        b"wtpt": xyz((0.9642, 1.0, 0.8249)),
        b"cprt": b"text" + bytes(4) + b"none\0\0\0\0",
        **{b"rXYZ": xyz(red), b"gXYZ": xyz(green), b"bXYZ": xyz(blue)},
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    offset = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += struct.pack(">4sII", name, offset + len(body), len(data))
        body += data
    head = struct.pack(">I4sI4s4s4s", offset + len(body), bytes(4), 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + b"".join(map(fixed, (0.9642, 1.0, 0.8249)))
    return head + bytes(128 - len(head)) + table + body


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_colours_are_those_of_the_profile(image_format):
    """A profile that calls blue what others call red: the picture is blue."""
    options = {"lossless": True} if image_format == "WEBP" else {}
    picture = seen(plain((255, 0, 0), (16, 16)), image_format, icc_profile=profile(red=BLUE, blue=RED), **options)
    np.testing.assert_allclose(picture.getpixel((8, 8)), (0, 0, 255), atol=6)


def test_a_darker_gamma_makes_a_lighter_picture():
    picture = seen(plain((128, 128, 128)), icc_profile=profile(gamma=1.0))
    np.testing.assert_allclose(picture.getpixel((1, 1)), (188, 188, 188), atol=3)


def test_transparency_and_profile_go_together():
    image = Image.new("RGBA", (2, 1), (255, 0, 0, 255))
    image.putpixel((1, 0), (255, 0, 0, 0))
    picture = seen(image, icc_profile=profile(red=BLUE, blue=RED))
    np.testing.assert_allclose(pixels(picture), [[[0, 0, 255], [255, 255, 255]]], atol=6)


def test_a_palette_picture_has_a_profile_too():
    picture = seen(palette_image([(255, 0, 0)] * 4), icc_profile=profile(red=BLUE, blue=RED))
    np.testing.assert_allclose(picture.getpixel((0, 0)), (0, 0, 255), atol=6)


@pytest.mark.parametrize(
    "given",
    [profile(), b"no profile", profile()[:200], b"", profile(red=BLUE, blue=RED).replace(b"RGB ", b"GRAY", 1)],
    ids=["sRGB itself", "text", "cut short", "empty", "for greys"],
)
def test_a_profile_that_changes_nothing_or_is_none_leaves_every_pixel_as_it_is(given):
    assert pixels(seen(drawn(), icc_profile=given)) == pixels(drawn())


# --- large pictures ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "RGB", "CMYK", "I;16", "F"])
def test_a_picture_in_strips_is_the_picture_in_one(monkeypatch, mode):
    if mode in {"I;16", "F"}:
        image = Image.fromarray(np.arange(12 * 20).reshape(12, 20).astype({"I;16": np.uint16, "F": np.float32}[mode]))
    else:
        image = drawn(3, (20, 12), "RGBA" if mode in {"LA", "RGBA"} else "RGB").convert(mode)
    if mode in {"LA", "RGBA"}:
        image.putalpha(drawn(4, (20, 12), "L"))
    whole = as_seen(image)
    hashed = b"".join(strip.tobytes() for _, strip in strips(image))
    monkeypatch.setattr(appearance, "_STRIP_PIXELS", 60)
    assert len(list(strips(image))) == 4
    assert pixels(as_seen(image)) == pixels(whole)
    assert b"".join(strip.tobytes() for _, strip in strips(image)) == hashed == image.tobytes()
