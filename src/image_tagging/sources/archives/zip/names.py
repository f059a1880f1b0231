"""The names of a zip's members, as far as the zip says in which encoding they are.

A zip holds names as bytes. Bit 11 of the flags says that they are UTF-8; an extra field may give the name in UTF-8
in addition to an older one (APPNOTE 4.4.4, 4.6.9, appendix D). Most programs of Linux and macOS write UTF-8 without
saying so, those of older Windows the code page of their country.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from ..names import is_valid

_IS_UTF8 = 0x800
_UNICODE_PATH = 0x7075


def extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """The extra fields of a header, (number, content) each, as far as they are whole."""
    place = 0
    while place + 4 <= len(extra):
        number, length = struct.unpack_from("<HH", extra, place)
        if place + 4 + length > len(extra):
            return
        yield number, extra[place + 4 : place + 4 + length]
        place += 4 + length


def member_name(raw: bytes, flags: int, extra: bytes) -> tuple[str, bool]:
    """Return the name of a member, and whether the zip says in which encoding it is.

    Where it does not, the bytes stand as in names of files that are no text (PEP 383), until :mod:`..names` has the
    encoding of all names. A name ends at the first NUL, as for the programs that unpack archives.
    """
    if b"up" in extra and not flags & _IS_UTF8 and (name := _unicode_path(raw, extra)):
        return name, True
    raw = raw.partition(b"\0")[0]
    if raw.isascii():
        return raw.decode("ascii"), True
    name = raw.decode("utf-8", "surrogateescape")
    return name, bool(flags & _IS_UTF8 and is_valid(name))


def _unicode_path(raw: bytes, extra: bytes) -> str:
    """The name that the extra field gives; empty where there is none, or it belongs to another name."""
    for number, content in extra_fields(extra):
        if number == _UNICODE_PATH and content[:5] == struct.pack("<BL", 1, zlib.crc32(raw)):
            try:
                return content[5:].partition(b"\0")[0].decode("utf-8")
            except UnicodeDecodeError:
                return ""
    return ""
