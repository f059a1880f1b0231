"""One member of a zip as its headers describe it, and the parts of headers that two readers need."""

from __future__ import annotations

import stat
import struct
from typing import NamedTuple, Optional

from ..limits import DEFLATE_RATIO, LONG_NAME, ArchiveLimits, is_long_name, short_name
from .names import extra_fields, member_name

LOCAL_SIGNATURE = b"PK\x03\x04"
CENTRAL_SIGNATURE = b"PK\x01\x02"

#: signature, version, flags, method, time, date, CRC, compressed size, size, lengths of name and extra fields
LOCAL_HEADER = struct.Struct("<4s5H3L2H")

#: signature, made by, version, flags, method, time, date, CRC, compressed size, size, lengths of name, extra fields
#: and comment, disk, internal and external attributes, offset
CENTRAL_HEADER = struct.Struct("<4s6H3L5H2L")

STORED, DEFLATED, BZIP2, LZMA = 0, 8, 12, 14

IS_ENCRYPTED = 0x1
IS_STREAMED = 0x8  # sizes and checksum follow the data

_UNKNOWN = 0xFFFFFFFF
_ZIP64 = 0x0001
_UNIX_SYSTEMS = frozenset({3, 19})
_DOS_FOLDER = 0x10


class Entry(NamedTuple):
    """A member: where its local header is, what its data are said to be, and of which kind it is.

    ``kind`` is ``file``, ``folder``, ``link`` or ``LONG_NAME``. ``is_elsewhere``: it lies in another part of an archive
    that was split. ``is_text``: the archive says in which encoding the name is.
    """

    name: str
    offset: int
    compressed: int
    size: int
    crc: int
    method: int
    flags: int
    kind: str = "file"
    is_elsewhere: bool = False
    is_text: bool = True

    @property
    def stamp(self) -> str:
        """Size and checksum of its data, as stated."""
        return f"{self.size}:{self.crc:08x}"

    @property
    def most_bytes(self) -> int:
        """What its data can unpack to, even where ``size`` is wrong; nothing bounds the packing of rarer methods."""
        return min(self.size, DEFLATE_RATIO * self.compressed) if self.method == DEFLATED else self.size


def central_entry(
    data: bytes, place: int, limits: ArchiveLimits, *, disk: int, shift: int
) -> tuple[Optional[Entry], int]:
    """The entry whose directory record is at ``place``, and where the next one is; ``None`` where there is none.

    ``disk`` is the number of this part of the archive; ``shift`` is added to offsets.
    """
    if len(data) - place < CENTRAL_HEADER.size:
        return None, place
    fields = CENTRAL_HEADER.unpack_from(data, place)
    signature, made_by, _, flags, method, _, _, crc, compressed, size, *lengths, its_disk, _, mode, offset = fields
    extra_at = place + CENTRAL_HEADER.size + lengths[0]
    comment_at = extra_at + lengths[1]
    if signature != CENTRAL_SIGNATURE or comment_at > len(data):
        return None, place
    extra = data[extra_at:comment_at]
    if _UNKNOWN in (compressed, size, offset) or its_disk == 0xFFFF:
        size, compressed, offset, its_disk = zip64_values(extra, (size, compressed, offset), its_disk)
    name, is_text = member_name(data[place + CENTRAL_HEADER.size : extra_at], flags, extra)
    kind = _kind(name, size, made_by >> 8, mode)
    if is_long_name(name, limits):
        name, kind = short_name(name), LONG_NAME
    entry = Entry(name, offset + shift, compressed, size, crc, method, flags, kind, its_disk != disk, is_text)
    return entry, comment_at + lengths[2]


def zip64_values(extra: bytes, values: tuple[int, ...], disk: int = 0) -> tuple[int, ...]:
    """The values, and the disk, with those in their place that did not fit into 32 bits; as far as they are there."""
    field = next((content for number, content in extra_fields(extra) if number == _ZIP64), b"")
    place = 0
    whole = []
    for value in values:
        is_there = value == _UNKNOWN and place + 8 <= len(field)
        whole.append(struct.unpack_from("<Q", field, place)[0] if is_there else value)
        place += 8 if is_there else 0
    if disk == 0xFFFF and place + 4 <= len(field):
        disk = struct.unpack_from("<L", field, place)[0]
    return (*whole, disk)


def _kind(name: str, size: int, system: int, attributes: int) -> str:
    """An entry called or marked like a folder or a pipe (what zip makes of its input) is a file if it has content."""
    kind = stat.S_IFMT(attributes >> 16) if system in _UNIX_SYSTEMS else 0
    if kind == stat.S_IFLNK:
        return "link"
    is_folder = name.endswith("/") or attributes & _DOS_FOLDER or kind == stat.S_IFDIR
    return "folder" if is_folder and not size else "file"
