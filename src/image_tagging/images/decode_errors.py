"""Explain why an image file cannot be decoded: a stable reason code and a sentence."""

from __future__ import annotations

import io
import re
import struct
from typing import Optional

from PIL import Image

from ..errors import DecodeError
from .psd_merged import unsupported_kind

#: The exceptions that Pillow raised over thousands of hostile files; no narrower list is sufficient.
DECODER_ERRORS = (
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

#: Formats whose first bytes identify them beyond doubt.
_SIGNED = frozenset("ASEPRITE AVIF BMP DDS GIF HEIF ICNS ICO JPEG JPEG2000 PNG PSD QOI TIFF WEBP".split())

_POSTSCRIPT = "PostScript (EPS) is a program that has to be run, not a picture: save it as a PNG"
_WMF = "WMF and EMF drawings cannot be read: save it as a PNG"
_IPTC = "an IPTC file wraps a file of any other kind: save what is inside as a PNG"

#: How other content that is often named like an image begins, with its code and sentence.
_OTHERS = (
    (b"PK\x03\x04", "not-an-image", "the content is a zip archive: rename it to .zip to have it searched"),
    (b"<!doctype html", "not-an-image", "the content is a web page, perhaps of a failed download: download it again"),
    (b"<html", "not-an-image", "the content is a web page, perhaps of a failed download: download it again"),
    (b"version https://git-lfs", "not-an-image", "the content is a Git LFS pointer: git lfs pull fetches the image"),
    (b"%pdf", "not-an-image", "the content is a PDF document"),
    (b"%!ps", "unsupported", _POSTSCRIPT),
    (b"\xc5\xd0\xd3\xc6", "unsupported", _POSTSCRIPT),
    (b"\xd7\xcd\xc6\x9a", "unsupported", _WMF),
    *((bytes((0x1C, record)), "unsupported", _IPTC) for record in (*range(1, 10), 240)),
    (b"\x89HDF\r\n", "unsupported", "the content is HDF5 data, not a picture"),
    (b"grib", "unsupported", "the content is weather data (GRIB), not a picture"),
    (b"bufr", "unsupported", "the content is weather data (BUFR), not a picture"),
    (b"\0\0\1\xb3", "unsupported", "the content is an MPEG video, not a picture"),
    (b"gimp xcf", "unsupported", "XCF drawings of GIMP hold no picture of all their layers: export it as a PNG"),
    (b"asef", "not-an-image", "the content is a palette of colours (Adobe Swatch Exchange), not a picture"),
    (b"<svg", "unsupported", "SVG drawings cannot be read: save it as a PNG"),
    (b"\xff\x0a", "unsupported", "JPEG XL cannot be read: save it as a PNG or JPEG"),
    (b"\0\0\0\x0cjxl ", "unsupported", "JPEG XL cannot be read: save it as a PNG or JPEG"),
)

_HEIC_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"})

#: Words in Pillow's messages about a valid picture that Pillow does not support.
_NOT_SUPPORTED = (
    *("unsupported", "unimplemented", "unknown", "not supported", "not configured", "not implemented"),
    "cannot handle",
)

#: Words in messages about a truncated picture.
_TRUNCATED = (
    *("truncated", "not enough data", "not enough image data", "insufficient input data", "expected to read"),
    *("unexpected end", "end of file", "eof"),
)

_DDS_HEADER = 128

#: Words in messages about a picture that is larger than a decoder allows.
_TOO_LARGE = re.compile(r"too (large|many|much)|exceed|beyond the|\blimit|bomb")


def too_large(max_megapixels: float) -> DecodeError:
    """Return the error for a picture with more pixels than the limit allows."""
    return DecodeError(
        "too-large", f"the picture has more than {max_megapixels:g} megapixels; --max_megapixels raises the limit"
    )


def is_about_limits(message: str) -> bool:
    """Return whether a message of a library is about a limit of its own: nobody can set that here, or should."""
    return bool(_TOO_LARGE.search(message.lower()))


def unidentified(data: bytes, *, with_heif: bool) -> DecodeError:
    """Return the error for bytes that no decoder accepts.

    ``with_heif`` says whether the HEIC decoder is installed.
    """
    if known := _known_content(data, with_heif=with_heif):
        return known
    for name in Image.ID:
        factory, accept = Image.OPEN[name]
        if name in _SIGNED and accept and accept(data[:16]) is True:
            file = _EndDetector(data)
            try:
                factory(file, "")
            except DECODER_ERRORS as error:
                return undecodable(error, name, is_cut=file.is_passed or ends_early(data))
    if data[1:4] == b"PNG":
        return DecodeError(
            "damaged", "the first bytes of the PNG picture were changed, as by a transfer in text mode: copy it again"
        )
    return DecodeError("not-an-image", "the content is not an image in a format that can be read")


def _known_content(data: bytes, *, with_heif: bool) -> Optional[DecodeError]:
    """Return the error for content of a kind that is known, and not decoded; ``None`` for all other."""
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS and not with_heif:
        return DecodeError("unsupported", "HEIC needs an extra: pip install 'image-tagging-tools[heif]'")
    if data[40:44] == b" EMF":
        return DecodeError("unsupported", _WMF)
    start = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for signature, code, sentence in _OTHERS:
        if start.startswith(signature.lower()):
            return DecodeError(code, sentence)
    return unsupported_kind(data)


def ends_early(data: bytes) -> bool:
    """Return whether an image file is shorter than its header says.

    This checks the formats that declare their length and whose decoders accept a truncated file without an error.
    """
    if data[:4] == b"RIFF":  # WebP
        return int.from_bytes(data[4:8], "little") + 8 > len(data)
    if data[:4] == b"DDS ":
        return _dds_ends_early(data)
    if data[:3] == b"\xff\x4f\xff":  # a JPEG 2000 stream
        return not data.endswith(b"\xff\xd9")
    if data[4:8] not in {b"ftyp", b"jP  "}:  # AVIF, HEIC, JPEG 2000 in boxes
        return False
    start = 0
    while start + 8 <= len(data):
        length = int.from_bytes(data[start : start + 4], "big")
        if length == 1:  # the length follows in eight bytes
            length = int.from_bytes(data[start + 8 : start + 16], "big")
        if length == 0:  # to the end, wherever that is
            return data[start + 4 : start + 8] == b"jp2c" and not data.endswith(b"\xff\xd9")
        start += max(length, 8)
    return start != len(data)


def _dds_ends_early(data: bytes) -> bool:
    """Return whether an uncompressed DDS lacks pixels: Pillow 11, the last for Python 3.9, invents the missing ones."""
    if len(data) < _DDS_HEADER:
        return True
    height, width = struct.unpack_from("<2I", data, 12)
    four_letters, bits = struct.unpack_from("<2I", data, 84)
    return not four_letters and len(data) < _DDS_HEADER + width * height * bits // 8


class _EndDetector(io.BytesIO):
    """A file in memory that records whether a read went past its end, in ``is_passed``."""

    is_passed = False

    def read(self, size: Optional[int] = -1, /) -> bytes:
        data = super().read(size)
        self.is_passed |= size is not None and len(data) < size
        return data


def undecodable(error: Exception, image_format: str = "", *, is_cut: bool = False) -> DecodeError:
    """Return the ``DecodeError`` for an exception of a decoder.

    ``image_format`` is the format that the first bytes identify, ``is_cut`` whether the file is known to be truncated.
    """
    message = " ".join(str(error).split()) or type(error).__name__
    message = {"not identified by this driver": "its header is damaged"}.get(message, message)
    what = f"the {image_format} picture" if image_format else "the picture"
    if isinstance(error, MemoryError):
        return DecodeError("too-large", f"{what} needs more memory than one image may take")
    words = message.lower()
    if isinstance(error, NotImplementedError) or any(word in words for word in _NOT_SUPPORTED):
        return DecodeError("unsupported", f"{what} is of a kind that cannot be read ({message})")
    if is_cut or isinstance(error, EOFError) or any(word in words for word in _TRUNCATED):
        return DecodeError("truncated", f"{what} is cut short")
    if is_about_limits(message):
        return DecodeError("too-large", f"{what} is larger than its decoder allows")
    return DecodeError("damaged", f"{what} cannot be decoded ({message})")
