"""Convert a decoded image to the RGB picture that a viewer displays.

The picture is upright, in sRGB, with greys of more than 8 bits scaled and transparency composited over white. Large
pictures are converted in strips of rows, so that memory never holds several copies of one.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Callable, Optional

from PIL import Image, ImageCms, ImageOps

from ..errors import DecodeError
from .decode_errors import DECODER_ERRORS

_WHITE = (255, 255, 255, 255)

#: Pixels in a strip: enough to make the overhead negligible, few enough to hold several copies.
_STRIP_PIXELS = 1 << 22

_ORIENTATION = 0x0112
_UPRIGHT = 1

_SIXTEEN_BITS = (0.0, 65535.0)

#: A colour profile that changes no sample colour by more than this (of 255) counts as sRGB.
_SAME_COLOUR = 2

_INK = "CMYK"


def as_seen(image: Image.Image) -> Image.Image:
    """Return the RGB picture that a viewer displays; ``image`` itself where no conversion is needed."""
    if image.mode in {"P", "PA"} and image.palette is None:  # Pillow asserts that there is one
        raise DecodeError("damaged", "the picture has no palette for its indices")
    grey = _scaled_grey(image)
    profile = image.info.get("icc_profile")
    image = _upright(image)
    if grey:
        return _in_strips(image, grey)
    if image.mode == "RGB" and not profile and not image.has_transparency_data:
        return image
    return _in_strips(image, lambda strip: _over_white(strip, profile))


def as_drawn(image: Image.Image) -> Image.Image:
    """Return the picture for a screen: as :func:`as_seen`, but RGBA where it is transparent anywhere."""
    seen = as_seen(image)
    if not image.has_transparency_data or _scaled_grey(image):
        return seen
    profile = image.info.get("icc_profile")
    layer = _in_strips(_upright(image), lambda strip: _layer(strip, profile))
    return seen if layer.getchannel("A").getextrema() == (255, 255) else layer


def strips(image: Image.Image) -> Iterator[tuple[tuple[int, int, int, int], Image.Image]]:
    """Yield strips of whole rows from the top, each after its box; a small picture is one strip."""
    width, height = image.size
    rows = max(1, _STRIP_PIXELS // max(1, width))
    if height <= rows:
        yield (0, 0, width, height), image
        return
    for top in range(0, height, rows):
        box = (0, top, width, min(top + rows, height))
        yield box, image.crop(box)


def _upright(image: Image.Image) -> Image.Image:
    """Return the image turned as its EXIF says; one with damaged EXIF is usable, and counts as upright."""
    with suppress(*DECODER_ERRORS):
        if image.getexif().get(_ORIENTATION, _UPRIGHT) != _UPRIGHT:
            return ImageOps.exif_transpose(image)
    return image


def _in_strips(image: Image.Image, convert: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """Return the image converted strip by strip."""
    parts = strips(image)
    box, first = next(parts)
    if box[3] == image.height:
        return convert(first)
    first = convert(first)
    whole = Image.new(first.mode, image.size)
    whole.paste(first, box)
    for box, strip in parts:
        whole.paste(convert(strip), box)
    return whole


def _over_white(image: Image.Image, profile: Optional[bytes]) -> Image.Image:
    """Return the image in sRGB, its transparency composited over white."""
    if not image.has_transparency_data:
        return _in_srgb(image, profile)
    layer = _layer(image, profile)
    return Image.alpha_composite(Image.new("RGBA", layer.size, _WHITE), layer).convert("RGB")


def _layer(image: Image.Image, profile: Optional[bytes]) -> Image.Image:
    """Return a transparent image as RGBA, its colours in sRGB."""
    layer = image.convert("RGBA")
    if not profile:
        return layer
    colours = _in_srgb(layer.convert("RGB"), profile)
    colours.putalpha(layer.getchannel("A"))
    return colours


def _in_srgb(image: Image.Image, profile: Optional[bytes]) -> Image.Image:
    """Return the image in sRGB, converted by its colour profile where it has a valid one for its mode."""
    if image.mode == "LAB":
        profile = profile or _lab_profile()
    elif image.mode not in {"L", _INK}:
        image = image.convert("RGB")
    transform = _to_srgb(profile, image.mode) if profile else None
    return transform.apply(image) if transform else image.convert("RGB")


@functools.lru_cache(maxsize=8)  # all pictures of a camera hold the same profile
def _to_srgb(profile: bytes, mode: str) -> Optional[Any]:
    """Return the transform from a colour profile to sRGB.

    It is ``None`` where the profile changes no colour, is damaged, or is for another mode.
    """
    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(given, ImageCms.createProfile("sRGB"), mode, "RGB")
        change = _largest_change(transform) if mode == "RGB" else 255
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    return transform if change > _SAME_COLOUR else None


def _largest_change(transform: Any) -> int:
    """Return the largest change of a channel (0 to 255) that the transform makes to 125 sample colours."""
    steps = (0, 64, 128, 191, 255)
    colours = bytes(value for red in steps for green in steps for blue in steps for value in (red, green, blue))
    shown: bytes = transform.apply(Image.frombytes("RGB", (len(colours) // 3, 1), colours)).tobytes()
    return max(abs(before - after) for before, after in zip(colours, shown))


@functools.cache
def _lab_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


def _scaled_grey(image: Image.Image) -> Optional[Callable[[Image.Image], Image.Image]]:
    """Return the conversion of greys of more than 8 bits to RGB, ``None`` for other images.

    16-bit greys are scaled by their range, others stretched from their darkest to their lightest value.
    """
    if image.mode not in {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}:
        return None
    is_sixteen = image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM")
    low, high = _SIXTEEN_BITS if is_sixteen else _extrema(image)
    scale = 255.0 / (high - low) if high > low else 0.0
    return lambda strip: strip.convert("F").point(lambda value: value * scale - low * scale).convert("L").convert("RGB")


def _extrema(image: Image.Image) -> tuple[float, float]:
    """Return the darkest and the lightest value."""
    low, high = float("inf"), float("-inf")
    for _, strip in strips(image):
        darkest, lightest = strip.convert("F").getextrema()
        if isinstance(darkest, tuple) or isinstance(lightest, tuple):  # for the type checker: mode F has one band
            raise DecodeError("unsupported", "the grey picture has several bands")
        low, high = min(low, darkest), max(high, lightest)
    if not (abs(low) < float("inf") and abs(high) < float("inf")):
        raise DecodeError("unsupported", "the picture holds values that are not finite")
    return float(low), float(high)
