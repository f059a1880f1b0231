"""Bytes become a decoded image: its content hash, its metadata, and the RGB picture that a person would see."""

from __future__ import annotations

import functools
import hashlib
import io
import struct
from contextlib import suppress
from typing import Callable, TypeVar

import PIL
from PIL import Image, ImageOps, UnidentifiedImageError

from .errors import DecodeError
from .records import DecodedImage, ImageFacts, ImageRef

#: Pictures of more pixels are refused before their pixels are allocated (a bomb of 42 kB can ask for 40 GB).
MAX_PIXELS = 178_956_970

#: What Pillow raised over thousands of hostile files; nothing narrower holds.
_DECODER_ERRORS = (
    OSError,
    ValueError,
    EOFError,
    RuntimeError,
    TypeError,
    NotImplementedError,
    SyntaxError,
    IndexError,
    KeyError,
    AttributeError,
    OverflowError,
    ZeroDivisionError,
    MemoryError,
    struct.error,
    Image.DecompressionBombError,
)

#: Formats that Pillow hands to another program: nobody's file named ``.png`` is to start Ghostscript.
_NEED_A_PROGRAM = frozenset({"EPS"})

Result = TypeVar("Result")

_WHITE = (255, 255, 255, 255)


def decode(ref: ImageRef, data: bytes, *, max_pixels: int = MAX_PIXELS) -> DecodedImage:
    """The first frame of an image file.

    Raises
    ------
    DecodeError
        The bytes are no image, are cut short or damaged, or hold more than ``max_pixels`` pixels.
    """
    return _first_frame(data, max_pixels, lambda image: _decoded(ref, len(data), image))


def content_hash(data: bytes, *, max_pixels: int = MAX_PIXELS) -> str:
    """The ``hash_id`` of an image file, without the picture that a person would see; raises as :func:`decode` does."""
    return _first_frame(data, max_pixels, _hash_id)


def _first_frame(data: bytes, max_pixels: int, work: Callable[[Image.Image], Result]) -> Result:
    """What ``work`` makes of the loaded image; whatever goes wrong is a ``DecodeError``."""
    if not data:
        raise DecodeError("empty", "the file is empty")
    _register_heif()
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > max_pixels:
                raise _too_large(max_pixels)
            if image.format in _NEED_A_PROGRAM:
                raise DecodeError("unsupported", f"{image.format} is a document, not a picture")
            image.load()
            return work(image)
    except UnidentifiedImageError as error:
        raise _unidentified(data) from error
    except Image.DecompressionBombError as error:
        raise _too_large(max_pixels) from error
    except _DECODER_ERRORS as error:
        raise _damaged(error) from error


@functools.cache
def _register_heif() -> bool:
    """Teach Pillow HEIC where the extra is installed; whether it is."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener()
    return True


def decoder_version() -> str:
    """What decides which files can be decoded. A file that failed under one version is worth a try under another."""
    return f"Pillow {PIL.__version__}{' + heif' if _register_heif() else ''}"


def _unidentified(data: bytes) -> DecodeError:
    is_heif = data[4:8] == b"ftyp" and data[8:12] in {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"}
    if is_heif and not _register_heif():
        return DecodeError("unsupported", "HEIC needs an extra: pip install 'image-tagging-tools[heif]'")
    return DecodeError("not-an-image", "the content is not an image in a format that can be read")


def _decoded(ref: ImageRef, size_bytes: int, image: Image.Image) -> DecodedImage:
    width, height = image.size
    picture = as_seen(image)
    facts = ImageFacts(
        ref=ref,
        hash_id=_hash_id(image),
        picture_hash=_picture_hash(picture),
        format=image.format or "",
        size_bytes=size_bytes,
        width=width,
        height=height,
    )
    return DecodedImage(facts, picture)


def _hash_id(image: Image.Image) -> str:
    """BLAKE2b-512 over the pixels of the first frame in the image's own mode, as the published metadata has it."""
    return hashlib.blake2b(image.tobytes()).hexdigest()


def _too_large(max_pixels: int) -> DecodeError:
    return DecodeError("too-large", f"the picture has more than {max_pixels:,} pixels")


def _damaged(error: Exception) -> DecodeError:
    if "truncated" in str(error).lower() or isinstance(error, EOFError):
        return DecodeError("truncated", f"the picture is cut short ({error})")
    return DecodeError("damaged", f"the picture cannot be decoded ({type(error).__name__}: {error})")


def _picture_hash(picture: Image.Image) -> str:
    """BLAKE2b-512 over the size and the RGB pixels of the picture as seen: palette, transparency, orientation count."""
    digest = hashlib.blake2b(f"{picture.width}x{picture.height}\n".encode())
    digest.update(picture.tobytes())
    return digest.hexdigest()


def as_seen(image: Image.Image) -> Image.Image:
    """The RGB picture that a person sees: upright (EXIF), deep greys scaled, transparency over white."""
    with suppress(*_DECODER_ERRORS):  # damaged EXIF does not spoil a good picture; it is then taken as upright
        image = ImageOps.exif_transpose(image)
    if image.mode in {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}:
        return _scaled_grey(image)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, _WHITE)
        return Image.alpha_composite(white, layer).convert("RGB")
    return image.convert("RGB")


def _scaled_grey(image: Image.Image) -> Image.Image:
    """Greys of more than 8 bits: 16-bit ones by their range, others stretched from their darkest to lightest."""
    grey = image.convert("F")
    low, high = (0.0, 65535.0) if image.mode.startswith("I;16") else _extrema(grey)
    scale = 255.0 / (high - low) if high > low else 0.0
    return grey.point(lambda value: value * scale - low * scale).convert("L").convert("RGB")


def _extrema(grey: Image.Image) -> tuple[float, float]:
    low, high = grey.getextrema()
    if isinstance(low, tuple) or isinstance(high, tuple):  # several bands: never for mode F
        raise DecodeError("unsupported", "the grey picture has several bands")
    if not (abs(low) < float("inf") and abs(high) < float("inf")):
        raise DecodeError("unsupported", "the picture holds values that are not finite")
    return float(low), float(high)
