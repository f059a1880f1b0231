"""Decode the bytes of an image file: its content hash, its facts, and its RGB picture."""

from __future__ import annotations

import hashlib
import io
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Callable, TypeVar

import PIL
from PIL import Image, ImageFile, UnidentifiedImageError

from ..addresses import ImageRef
from ..errors import DecodeError
from ..records import ImageFacts
from ..settings import DEFAULT_LIMITS, ImageLimits
from .allocations import WatchedAllocations
from .appearance import as_drawn, as_seen, strips
from .avif_size import coded_pixels
from .decode_errors import DECODER_ERRORS, ends_early, too_large, undecodable, unidentified
from .formats import FORMATS, open_image, register_heif
from .jpeg_end import completions
from .png_side_data import picture_alone
from .psd_merged import require_merged

Result = TypeVar("Result")

#: The formats whose further pictures are frames that follow in time, not pages or layers.
_ANIMATED = frozenset({"AVIF", "FLI", "GIF", "PNG", "WEBP"})

#: Changed when other files can be decoded than before, so that those are tried again.
_RULES = 3


def decoder_version(limits: ImageLimits) -> str:
    """Return a description of decoders and limits; a file that failed under another description is tried again."""
    bounds = f"{limits.max_megapixels:g} MP, {limits.image_seconds:g} s{', truncated' if limits.use_truncated else ''}"
    heif = " + heif" if register_heif() else ""
    return f"rules {_RULES}, Pillow {PIL.__version__}{heif}, {len(FORMATS)} formats; {bounds}"


@dataclass(frozen=True, eq=False)
class DecodedImage:
    """An image in memory. ``picture`` is RGB, as a person sees it: first frame, upright, transparency over white."""

    facts: ImageFacts
    picture: Image.Image


def _any_size(pixels: int) -> None:
    """Accept any number of pixels."""


def decode(
    ref: ImageRef, data: bytes, limits: ImageLimits = DEFAULT_LIMITS, before_load: Callable[[int], None] = _any_size
) -> DecodedImage:
    """Decode the first frame of an image file.

    ``before_load`` is called with a number of pixels before each time that a picture of this size is allocated, those
    inside the file included. Of the limits only the one on pixels is applied here; the decoding process applies those
    on time and on truncated pictures.

    Raises
    ------
    DecodeError
        The bytes are not an image, are truncated or damaged, or hold too many pixels.
    """
    return _first_frame(data, limits, before_load, lambda image: _decoded(ref, len(data), image))


def decode_to_draw(
    ref: ImageRef, data: bytes, limits: ImageLimits = DEFAULT_LIMITS, before_load: Callable[[int], None] = _any_size
) -> tuple[DecodedImage, int]:
    """Decode as :func:`decode` does, but keep transparency: the picture is RGBA where it has any.

    Return the number of frames with it, 1 where the file is no animation. Raises as :func:`decode` does.
    """

    def drawn(image: Image.Image) -> tuple[DecodedImage, int]:
        decoded = replace(_decoded(ref, len(data), image), picture=as_drawn(image))
        return decoded, _frames(image)

    return _first_frame(data, limits, before_load, drawn)


def picture_of(image: Image.Image, limits: ImageLimits = DEFAULT_LIMITS) -> Image.Image:
    """Return the RGB picture, as a person sees it, of an image that a caller has opened or made.

    Of an image of several frames it is the one that the caller has chosen. Raises as :func:`decode` does.
    """
    if image.width * image.height > limits.max_pixels:
        raise too_large(limits.max_megapixels)
    try:
        image.load()
        return as_seen(image)
    except DECODER_ERRORS as error:
        raise undecodable(error, is_cut=False) from error


def content_hash(
    data: bytes, limits: ImageLimits = DEFAULT_LIMITS, before_load: Callable[[int], None] = _any_size
) -> str:
    """Return the ``hash_id`` of an image file, without making its RGB picture; raises as :func:`decode` does."""
    return _first_frame(data, limits, before_load, _hash_id)


def _first_frame(
    data: bytes, limits: ImageLimits, before_load: Callable[[int], None], work: Callable[[Image.Image], Result]
) -> Result:
    """Return ``work`` applied to the loaded image; every error of a decoder becomes a ``DecodeError``."""
    if not data:
        raise DecodeError("empty", "the file is empty")

    def check(pixels: int) -> None:
        if pixels > limits.max_pixels:
            raise too_large(limits.max_megapixels)
        before_load(pixels)

    with WatchedAllocations(check), picture_alone():
        try:
            data = _with_its_end(data, check)
            with open_image(io.BytesIO(data)) as image:
                check(image.width * image.height)  # some decoders take memory of their own before they allocate it
                _check_inside(image, data, check, before_load)
                image.load()
                if image.format == "DDS" and not ImageFile.LOAD_TRUNCATED_IMAGES and ends_early(data):
                    raise DecodeError("truncated", "the DDS picture is cut short")
                return work(image)
        except UnidentifiedImageError as error:
            raise unidentified(data, with_heif=register_heif()) from error
        except Image.DecompressionBombError as error:
            raise too_large(limits.max_megapixels) from error
        except DECODER_ERRORS as error:
            raise undecodable(error, is_cut=ends_early(data)) from error


def _with_its_end(data: bytes, check: Callable[[int], None]) -> bytes:
    """Return a JPEG that lacks nothing but its end mark with that, and all other files as they are.

    One that lacks more is refused here: where it was filled up with zeros, Pillow takes these for its picture.
    """
    candidates = None if ImageFile.LOAD_TRUNCATED_IMAGES else completions(data)
    if candidates is None:
        return data
    hashes = set()
    for candidate in candidates:
        with open_image(io.BytesIO(candidate)) as image:
            check(image.width * image.height)
            hashes.add(_hash_id(image))
    if len(hashes) != 1:
        raise DecodeError("truncated", "the JPEG picture is cut short")
    return candidates[0]


def _check_inside(
    image: ImageFile.ImageFile, data: bytes, check: Callable[[int], None], before_load: Callable[[int], None]
) -> None:
    """Check what two decoders unpack without an allocation of Pillow's; what is of unknown size counts as large.

    A PSD without a picture of all its layers is refused.
    """
    if image.format == "AVIF":
        sizes = coded_pixels(data)
        for pixels in sizes or []:
            check(pixels)
        before_load(sys.maxsize if sizes is None else sum(sizes))
    elif image.format == "FITS" and any(tile[0] == "fits_gzip" for tile in image.tile):
        before_load(sys.maxsize)
    elif image.format == "PSD":
        require_merged(image)


def _decoded(ref: ImageRef, size_bytes: int, image: Image.Image) -> DecodedImage:
    width, height = image.size
    hash_id, image_format = _hash_id(image), image.format or ""
    picture = as_seen(image)
    facts = ImageFacts(
        ref=ref,
        hash_id=hash_id,
        picture_hash=_picture_hash(picture),
        format=image_format,
        size_bytes=size_bytes,
        width=width,
        height=height,
    )
    return DecodedImage(facts, picture)


def _frames(image: Image.Image) -> int:
    """Return how many frames a file has, as far as it can be read; afterwards the image may show another frame."""
    if image.format in _ANIMATED:
        with suppress(*DECODER_ERRORS):
            return max(int(getattr(image, "n_frames", 1)), 1)
    return 1


def _hash_id(image: Image.Image) -> str:
    """Return the BLAKE2b-512 of the first frame's pixels in the image's own mode, as in the published metadata."""
    digest = hashlib.blake2b()
    for _, strip in strips(image):  # all pixels of a large picture as bytes would be a copy of it
        digest.update(strip.tobytes())
    return digest.hexdigest()


def _picture_hash(picture: Image.Image) -> str:
    """Return the BLAKE2b-512 of the size and pixels of the RGB picture.

    Unlike ``hash_id`` it depends on the palette, the transparency and the orientation.
    """
    digest = hashlib.blake2b(f"{picture.width}x{picture.height}\n".encode())
    for _, strip in strips(picture):
        digest.update(strip.tobytes())
    return digest.hexdigest()
