"""The data of one member, unpacked and checked. No memory is taken because a header says so, no byte is trusted."""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Callable, NamedTuple

from ....errors import ReadError
from ..content import PIECE, Content, joined, pieces
from ..decompressors import Decompressor, Inflater
from ..limits import LONG_NAME, long_name_error
from .entries import BZIP2, DEFLATED, IS_ENCRYPTED, LOCAL_HEADER, LOCAL_SIGNATURE, LZMA, STORED, Entry

#: What archives are met with that Python cannot unpack (APPNOTE 4.4.5); 99 says that AES hides the real method.
_METHOD_NAMES = {
    **{1: "Shrink", 6: "Implode", 9: "Deflate64", 16: "IBM CMPSC", 18: "IBM TERSE", 19: "IBM LZ77", 20: "Zstandard"},
    **{93: "Zstandard", 94: "MP3", 95: "XZ", 96: "JPEG", 97: "WavPack", 98: "PPMd"},
}
_AES = 99

#: Local headers have more extra fields than the directory has; what is read along with the data for them.
_HEADER_ROOM = 160

#: Of LZMA; the highest preset of 7-Zip for zips has the largest.
_SMALLEST_DICTIONARY = 1 << 12
_LARGEST_DICTIONARY = 1 << 26


class Bounds(NamedTuple):
    """Where the data of a member must end: before the next member begins, and before all of them end."""

    following: int
    end: int


def unpacked(content: Content, entry: Entry, limit: int, bounds: Bounds) -> bytes:
    """The bytes of a member, at most ``limit`` of them.

    Raises
    ------
    ReadError
        It is encrypted, a link, larger than ``limit``, packed by an unknown method, overlaps the next member, or is
        damaged.
    OSError
        The content cannot be read.
    """
    _require_readable(entry)
    if entry.size > limit:
        raise ReadError("too-large", f"it holds more than {limit:,} bytes")
    if entry.method != DEFLATED or max(entry.size, entry.compressed) > PIECE:
        return joined(unpacked_pieces(content, entry, bounds))
    packed = b"".join(_packed(content, entry, bounds))
    with _unpacking_errors():  # most images: at once, which takes half the time
        data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, entry.size + 1)  # one more shows that there are
    _require_whole(entry, len(data), zlib.crc32(data))
    return data


def unpacked_pieces(content: Content, entry: Entry, bounds: Bounds) -> Iterator[bytes]:
    """The bytes of a member in pieces, which are checked at the end; errors are those of :func:`unpacked`."""
    _require_readable(entry)
    size, crc = 0, 0
    parts = _packed(content, entry, bounds)
    with _unpacking_errors():
        unpacking = _STEPS[entry.method](parts, entry.size)
    while True:
        with _unpacking_errors():
            piece = next(unpacking, b"")
        size += len(piece)
        if not piece or size > entry.size:
            break
        crc = zlib.crc32(piece, crc)
        yield piece
    _require_whole(entry, size, crc)


def _packed(content: Content, entry: Entry, bounds: Bounds) -> Iterator[bytes]:
    """The packed data of a member, in parts."""
    small = entry.compressed <= PIECE
    head = content.at(entry.offset, LOCAL_HEADER.size + _HEADER_ROOM + (entry.compressed if small else 0))
    start = _data_start(head, entry, bounds)
    packed = head[start : start + entry.compressed]
    if len(packed) < entry.compressed:
        return pieces(content, entry.offset + start, entry.compressed)
    return iter((packed,))


@contextmanager
def _unpacking_errors() -> Iterator[None]:
    """Raise ReadError for what decompressors raise over damaged data."""
    try:
        yield
    except (zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, struct.error) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise _damaged(str(error) or "its data end too early") from error


def _require_whole(entry: Entry, size: int, crc: int) -> None:
    if size != entry.size:
        raise _damaged(f"it does not hold the {entry.size:,} bytes that the archive says")
    if crc != entry.crc:
        raise _damaged("its checksum does not agree")


def stored_part(content: Content, entry: Entry, bounds: Bounds) -> Content:
    """The bytes of a member that is not packed, where they lie; errors are those of :func:`unpacked`.

    No checksum is compared: that would take reading all of it.
    """
    _require_readable(entry)
    head = content.at(entry.offset, LOCAL_HEADER.size)
    return content.part(entry.offset + _data_start(head, entry, bounds), entry.size)


def _data_start(head: bytes, entry: Entry, bounds: Bounds) -> int:
    """How far behind the begin of the local header, which ``head`` begins with, the data are."""
    if head[:4] != LOCAL_SIGNATURE or len(head) < LOCAL_HEADER.size:
        raise _damaged("it is not where the directory says")
    start = LOCAL_HEADER.size + int(sum(struct.unpack_from("<2H", head, LOCAL_HEADER.size - 4)))
    data_end = entry.offset + start + entry.compressed
    if data_end > bounds.following:
        raise ReadError("overlapping", "it shares bytes with another member, as only archives made to do harm do")
    if data_end > bounds.end:
        raise _damaged("it is cut short")
    return start


def _require_readable(entry: Entry) -> None:
    if entry.kind == LONG_NAME:
        raise long_name_error()
    if entry.kind == "link":
        raise ReadError("link", "it is a link to another file; links in archives are not followed")
    if entry.kind == "folder":
        raise ReadError("not-a-file", "it is a folder, not a file")
    if entry.is_elsewhere:
        raise ReadError("unsupported-archive", "it lies in another part of a split archive: join the parts (zip -s 0)")
    if entry.flags & IS_ENCRYPTED or entry.method == _AES:
        raise ReadError("encrypted", "it is encrypted: unpack the archive with its password first")
    if entry.method not in _STEPS:
        name = _METHOD_NAMES.get(entry.method, "unknown")
        raise ReadError(
            "unsupported-archive",
            f"it is packed by a method that cannot be read ({name}, {entry.method}): unpack the archive and pack it "
            "again as an ordinary zip",
        )


def _damaged(what: str) -> ReadError:
    return ReadError("damaged-member", f"this member of the archive is damaged: {what}")


def _stored(parts: Iterator[bytes], size: int) -> Iterator[bytes]:
    del size
    return parts


def _inflating(parts: Iterator[bytes], size: int) -> Iterator[bytes]:
    del size
    return _steps(Inflater(zlib.decompressobj(-zlib.MAX_WBITS)), parts)


def _bunzipping(parts: Iterator[bytes], size: int) -> Iterator[bytes]:
    del size
    return _steps(bz2.BZ2Decompressor(), parts)


def _unpacking_lzma(parts: Iterator[bytes], size: int) -> Iterator[bytes]:
    """LZMA with the header that zips give it (APPNOTE 5.8). Where its data end, only the size may say."""
    first = next(parts, b"")
    length, packed, dictionary = struct.unpack_from("<2xHBL", first)
    if length != 5 or packed >= 9 * 5 * 5:
        raise ValueError("its LZMA properties make no sense")
    used = max(min(dictionary, size), _SMALLEST_DICTIONARY)  # room that is never used would be taken all the same
    if used > _LARGEST_DICTIONARY:
        raise ReadError(
            "unsupported-archive",
            f"it needs {used:,} bytes of memory to be unpacked (LZMA): unpack the archive yourself",
        )
    properties = {
        "id": lzma.FILTER_LZMA1,
        "dict_size": used,
        **{"lc": packed % 9, "lp": packed // 9 % 5, "pb": packed // 45},
    }
    decompressor = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[properties])
    return _steps(decompressor, chain((first[9:],), parts))


def _steps(decompressor: Decompressor, parts: Iterator[bytes]) -> Iterator[bytes]:
    """What the parts unpack to, a piece at a time."""
    while not decompressor.eof:
        packed = next(parts, b"") if decompressor.needs_input else b""
        piece = decompressor.decompress(packed, PIECE)
        if piece:
            yield piece
        elif not packed and decompressor.needs_input:  # the data end too early, or LZMA does not say where they end
            return


_STEPS: dict[int, Callable[[Iterator[bytes], int], Iterator[bytes]]] = {
    STORED: _stored,
    DEFLATED: _inflating,
    BZIP2: _bunzipping,
    LZMA: _unpacking_lzma,
}
