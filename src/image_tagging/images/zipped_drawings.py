"""Drawings of Krita (KRA) and OpenRaster (ORA): zips of layers, with a PNG of all layers merged.

Only this PNG is read, and only as a PNG. The small previews next to it are not taken in its place: they are pictures of
another size, and OpenRaster demands the merged one. Nothing of a zip is believed: the PNG may unpack to no more bytes
than one of its size can have.

Sources: OpenRaster specification, File Layout (freedesktop.org); files that Krita saves have the same layout.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import IO, ClassVar

from PIL import Image, PngImagePlugin

from ..errors import DecodeError
from .allocations import take_pixels
from .decode_errors import DECODER_ERRORS, undecodable

_ZIP = b"PK\x03\x04"
_PNG = b"\x89PNG\r\n\x1a\n"

#: The first member, without packing, says what the file is: its name begins at byte 30, its content follows.
_MIMETYPE, _MIMETYPE_AT = "mimetype", 30
_LONGEST_MIMETYPE = 64

_MERGED = "mergedimage.png"

#: A PNG has at most 8 bytes a pixel, and also profiles and texts.
_PIXEL_BYTES, _SIDE_BYTES = 9, 16 << 20

_ZIP_ERRORS = (*DECODER_ERRORS, zipfile.BadZipFile, zlib.error)


class _ZippedDrawing(PngImagePlugin.PngImageFile):
    """The merged picture of a drawing, as Pillow's image of the PNG."""

    mimetype: ClassVar[bytes]

    def _open(self) -> None:
        file, name = self.fp, str(self.format)
        if file is None or not (_begins_with(file, self.mimetype) or _says(file, self.mimetype)):
            raise SyntaxError("a zip of another kind")
        try:
            with zipfile.ZipFile(file) as archive:
                self.fp = io.BytesIO(_merged(archive, name))
            super()._open()
        except zipfile.BadZipFile as error:  # its messages hold parts of the file, of any length
            is_cut = not zipfile.is_zipfile(file)
            raise undecodable(OSError("the zip that it is inside is damaged"), name, is_cut=is_cut) from error
        except _ZIP_ERRORS as error:
            raise undecodable(error, name) from error


class _Ora(_ZippedDrawing):
    format = "ORA"
    format_description = "OpenRaster"
    mimetype = b"image/openraster"


class _Kra(_ZippedDrawing):
    format = "KRA"
    format_description = "Krita"
    mimetype = b"application/x-krita"


def register() -> None:
    """Register both formats with Pillow."""
    for each in (_Kra, _Ora):
        Image.register_open(each.format, each, _is_zip)


def _is_zip(prefix: bytes) -> bool:
    return prefix.startswith(_ZIP)


def _begins_with(file: IO[bytes], mimetype: bytes) -> bool:
    """Return whether the first member says that the file is of this kind; it does also where the file is cut short."""
    file.seek(0)
    begin = file.read(_MIMETYPE_AT + 1024)
    extra = int.from_bytes(begin[28:30], "little")
    return begin[_MIMETYPE_AT:].startswith(_MIMETYPE.encode()) and begin[
        _MIMETYPE_AT + len(_MIMETYPE) + extra :
    ].startswith(mimetype)


def _says(file: IO[bytes], mimetype: bytes) -> bool:
    """Return whether a member says so that lies elsewhere, or is packed, as where a person zipped the folder again."""
    try:
        with zipfile.ZipFile(file) as archive:
            return _read(archive, _MIMETYPE, _LONGEST_MIMETYPE).startswith(mimetype)
    except _ZIP_ERRORS:
        return False


def _merged(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return the PNG of all layers; raise DecodeError where there is none."""
    if _MERGED not in archive.NameToInfo:
        raise DecodeError(
            "unsupported",
            f"the {name} drawing holds no picture of all its layers ({_MERGED}): export it as a PNG",
        )
    header = _read(archive, _MERGED, len(_PNG) + 16)
    if not header.startswith(_PNG):
        raise DecodeError("damaged", f"{_MERGED} in the {name} drawing is no PNG: save it again")
    width, height = struct.unpack_from(">II", header, 16)
    take_pixels(width, height)
    most = _PIXEL_BYTES * width * height + _SIDE_BYTES
    data = _read(archive, _MERGED, most + 1)
    if len(data) > most:
        raise DecodeError("damaged", f"{_MERGED} in the {name} drawing unpacks to more than its picture can be")
    return data


def _read(archive: zipfile.ZipFile, member: str, most: int) -> bytes:
    """Return at most so many bytes of a member; of several with one name the last counts, as when all are unpacked."""
    info = archive.getinfo(member)
    if info.flag_bits & 1 or info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise NotImplementedError("a member that is encrypted, or packed in an unusual way")
    with archive.open(info) as file:
        return file.read(most)
