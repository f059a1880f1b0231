"""The data of one member, unpacked and checked. No memory is taken because a header says so, no byte is trusted."""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from collections.abc import Iterator
from itertools import chain
from typing import Callable, Protocol, Union

from ....errors import ReadError
from ..content import PIECE, Content, pieces
from .entries import BZIP2, DEFLATED, IS_ENCRYPTED, LOCAL_HEADER, LOCAL_SIGNATURE, LZMA, STORED, Entry

#: What archives are met with that Python cannot unpack (APPNOTE 4.4.5); 99 says that AES hides the real method.
_METHOD_NAMES = {
    **{1: "Shrink", 6: "Implode", 9: "Deflate64", 16: "IBM CMPSC", 18: "IBM TERSE", 19: "IBM LZ77", 20: "Zstandard"},
    **{93: "Zstandard", 94: "MP3", 95: "XZ", 96: "JPEG", 97: "WavPack", 98: "PPMd"},
}
_AES = 99

#: Local headers have more extra fields than the directory has; what is read along with the data for them.
_HEADER_ROOM = 160

_SMALLEST_DICTIONARY = 4096


class _Decompressor(Protocol):
    """What the decompressors of the standard library have in common."""

    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


def unpacked(content: Content, entry: Entry, limit: int, *, following: int, end: int) -> Union[bytes, bytearray]:
    """The bytes of a member, at most ``limit`` of them.

    Its data must lie before ``following``, where the next member begins, and before ``end``, where all of them end.

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
    small = entry.compressed <= PIECE
    head = content.at(entry.offset, LOCAL_HEADER.size + _HEADER_ROOM + (entry.compressed if small else 0))
    start = _data_start(head, entry, following=following, end=end)
    packed = head[start : start + entry.compressed]
    if len(packed) < entry.compressed:
        parts = pieces(content, entry.offset + start, entry.compressed)
    else:
        parts = iter((packed,))
    try:
        data = _DECOMPRESSORS[entry.method](parts, entry.size)
    except (zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, struct.error) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise _damaged(str(error) or "its data end too early") from error
    if len(data) != entry.size:
        raise _damaged(f"it does not hold the {entry.size:,} bytes that the archive says")
    if zlib.crc32(data) != entry.crc:
        raise _damaged("its checksum does not agree")
    return data


def stored_part(content: Content, entry: Entry, *, following: int, end: int) -> Content:
    """The bytes of a member that is not packed, where they lie; errors are those of :func:`unpacked`.

    No checksum is compared: that would take reading all of it.
    """
    _require_readable(entry)
    head = content.at(entry.offset, LOCAL_HEADER.size)
    return content.part(entry.offset + _data_start(head, entry, following=following, end=end), entry.size)


def _data_start(head: bytes, entry: Entry, *, following: int, end: int) -> int:
    """How far behind the begin of the local header, which ``head`` begins with, the data are."""
    if head[:4] != LOCAL_SIGNATURE or len(head) < LOCAL_HEADER.size:
        raise _damaged("it is not where the directory says")
    start = LOCAL_HEADER.size + int(sum(struct.unpack_from("<2H", head, LOCAL_HEADER.size - 4)))
    data_end = entry.offset + start + entry.compressed
    if data_end > following:
        raise ReadError("overlapping", "it shares bytes with another member, as only archives made to do harm do")
    if data_end > end:
        raise _damaged("it is cut short")
    return start


def _require_readable(entry: Entry) -> None:
    if entry.kind == "link":
        raise ReadError("link", "it is a link to another file; links in archives are not followed")
    if entry.kind == "folder":
        raise ReadError("not-a-file", "it is a folder, not a file")
    if entry.is_elsewhere:
        raise ReadError("unsupported-archive", "it lies in another part of a split archive: join the parts (zip -s 0)")
    if entry.flags & IS_ENCRYPTED or entry.method == _AES:
        raise ReadError("encrypted", "it is encrypted: unpack the archive with its password first")
    if entry.method not in _DECOMPRESSORS:
        name = _METHOD_NAMES.get(entry.method, "unknown")
        raise ReadError(
            "unsupported-archive",
            f"it is packed by a method that cannot be read ({name}, {entry.method}): unpack the archive and pack it "
            "again as an ordinary zip",
        )


def _damaged(what: str) -> ReadError:
    return ReadError("damaged-member", f"this member of the archive is damaged: {what}")


def _stored(parts: Iterator[bytes], size: int) -> Union[bytes, bytearray]:
    first = next(parts, b"")
    if len(first) >= size:
        return first
    data = bytearray(first)
    while len(data) <= size and (part := next(parts, b"")):
        data += part
    return data


def _deflated(parts: Iterator[bytes], size: int) -> Union[bytes, bytearray]:
    return _decompressed(zlib.decompressobj(-zlib.MAX_WBITS), parts, size + 1)  # one more shows that there are more


def _bzipped(parts: Iterator[bytes], size: int) -> Union[bytes, bytearray]:
    return _decompressed(bz2.BZ2Decompressor(), parts, size + 1)


def _lzma(parts: Iterator[bytes], size: int) -> Union[bytes, bytearray]:
    """LZMA with the header that zips give it (APPNOTE 5.8). Where its data end, only the size may say."""
    first = next(parts, b"")
    length, packed, dictionary = struct.unpack_from("<2xHBL", first)
    if length != 5 or packed >= 9 * 5 * 5:
        raise ValueError("its LZMA properties make no sense")
    properties = {
        "id": lzma.FILTER_LZMA1,
        # Room that is never used would be taken all the same
        "dict_size": max(min(dictionary, size), _SMALLEST_DICTIONARY),
        **{"lc": packed % 9, "lp": packed // 9 % 5, "pb": packed // 45},
    }
    return _decompressed(lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[properties]), chain((first[9:],), parts), size)


def _decompressed(decompressor: _Decompressor, parts: Iterator[bytes], most: int) -> Union[bytes, bytearray]:
    """What the parts unpack to, no more than ``most`` bytes of it."""
    data = decompressor.decompress(next(parts, b""), most)
    if decompressor.eof or len(data) >= most or (part := next(parts, None)) is None:
        return data
    whole = bytearray(data)
    while part is not None and len(whole) < most and not decompressor.eof:
        whole += decompressor.decompress(part, most - len(whole))
        part = next(parts, None)
    return whole


_DECOMPRESSORS: dict[int, Callable[[Iterator[bytes], int], Union[bytes, bytearray]]] = {
    STORED: _stored,
    DEFLATED: _deflated,
    BZIP2: _bzipped,
    LZMA: _lzma,
}
