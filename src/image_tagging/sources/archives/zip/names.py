"""The names of a zip's members as text, the same on every system.

A zip holds names as bytes. Bit 11 of the flags says that they are UTF-8; an extra field may give the name in UTF-8
in addition to an older one. Most programs of Linux and macOS write UTF-8 without saying so, those of DOS and old
Windows code page 437 (APPNOTE 4.4.4, 4.6.9, appendix D).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

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


def member_name(raw: bytes, flags: int, extra: bytes) -> str:
    """The name of a member as text. It ends at the first NUL, as for the programs that unpack archives."""
    if b"up" in extra and not flags & _IS_UTF8 and (name := _unicode_path(raw, extra)):
        return name
    raw = raw.partition(b"\0")[0]
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp437")


def _unicode_path(raw: bytes, extra: bytes) -> str:
    """The name that the extra field gives; empty where there is none, or it belongs to another name."""
    for number, content in extra_fields(extra):
        if number == _UNICODE_PATH and content[:5] == struct.pack("<BL", 1, zlib.crc32(raw)):
            try:
                return content[5:].partition(b"\0")[0].decode("utf-8")
            except UnicodeDecodeError:
                return ""
    return ""
