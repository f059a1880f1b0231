"""The directory at the end of a zip: all of its members at the cost of two or three reads.

What contradicts itself is taken as far as it makes sense. Bytes before and behind the archive, a comment of another
length than stated, a wrong place or size of the directory: all of these are met in files that people use.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Optional

from ..content import Content
from ..limits import Budget, name_cost
from .entries import CENTRAL_HEADER, CENTRAL_SIGNATURE, Entry, central_entry

END_SIGNATURE = b"PK\x05\x06"

#: signature, disk, disk of the directory, members on this disk, members, directory's size and offset, comment's length
_END = struct.Struct("<4s4H2LH")
_LOCATOR64 = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LONGEST_COMMENT = 0xFFFF

#: A record of the directory with the longest name, extra fields and comment; bytes of the directory read at a time.
_LONGEST_RECORD = CENTRAL_HEADER.size + 3 * 0xFFFF
_PART = 1 << 20


@dataclass(frozen=True)
class Directory:
    """The members of an archive in the order of its directory, which begins at ``start``.

    ``missing`` is how many more members the archive says to have.
    """

    entries: list[Entry]
    start: int
    missing: int


class _End(NamedTuple):
    """What the end of an archive says of its directory; ``place`` is where the directory must have ended."""

    disk: int
    directory_disk: int
    members: int
    size: int
    offset: int
    place: int


def read_directory(content: Content, budget: Budget) -> Optional[Directory]:
    """The directory, ``None`` where there is none that makes sense.

    Raises
    ------
    ReadError
        It is too large.
    OSError
        The content cannot be read.
    """
    for end in _ends(content):
        start = _start(content, end)
        if start is None or end.directory_disk != end.disk:
            continue
        if end.place - start > budget.limits.directory_bytes:
            raise budget.too_many_members()
        entries = _entries(content, start, end, budget)
        missing = end.members - len(entries)
        if entries or not missing:  # more than stated: writers that know no zip64 count modulo 65,536
            return Directory(entries, start, max(0, missing))
    return None


def _entries(content: Content, start: int, end: _End, budget: Budget) -> list[Entry]:
    """The entries of the directory at ``start``; only a part of it is in memory at a time."""
    entries: list[Entry] = []
    data, place, read_to, names = b"", 0, start, 0
    while True:
        if len(data) - place < _LONGEST_RECORD and read_to < end.place:
            count = min(_PART, end.place - read_to)
            data, place = data[place:] + content.at(read_to, count), 0
            read_to += count
        entry, place = central_entry(data, place, budget.limits, disk=end.disk, shift=start - end.offset)
        if entry is None:
            return entries
        entries.append(entry)
        names += name_cost(entry.name)
        if len(entries) > budget.members_left:
            raise budget.too_many_members()
        if names > budget.names_left:
            budget.take_names(names)


def _start(content: Content, end: _End) -> Optional[int]:
    """Where the directory begins: as far before its end as it is long, or where it says.

    An offset that is too large for the former means that bytes are missing: then no offset can be relied on.
    """
    for start in (end.place - end.size, end.offset):
        if end.offset <= start <= end.place and (
            content.at(start, 4) == CENTRAL_SIGNATURE or (not end.members and start == end.place)
        ):
            return start
    return None


def _ends(content: Content) -> Iterator[_End]:
    """What may be the end of the archive, the most likely first: the last record whose comment fills the file."""
    tail_at = max(0, content.size - _END.size)
    tail = content.at(tail_at, _END.size)
    if len(tail) == _END.size and tail[:4] == END_SIGNATURE and tail[-2:] == b"\0\0":
        yield from _end(content, tail, 0, tail_at)
    tail_at = max(0, content.size - _END.size - _LONGEST_COMMENT)
    tail = content.at(tail_at, _END.size + _LONGEST_COMMENT)
    for is_exact in (True, False):
        place = tail.rfind(END_SIGNATURE)
        while place >= 0:
            if len(tail) - place >= _END.size:
                comment = struct.unpack_from("<H", tail, place + _END.size - 2)[0]
                if (place + _END.size + comment == len(tail)) == is_exact:
                    yield from _end(content, tail, place, tail_at + place)
            place = tail.rfind(END_SIGNATURE, 0, place)


def _end(content: Content, data: bytes, at: int, place: int) -> Iterator[_End]:
    """The record at ``at`` of the data, which is at ``place`` of the content: first what its zip64 form says."""
    _, disk, directory_disk, _, count, size, offset, _ = _END.unpack_from(data, at)
    locator = content.at(place - _LOCATOR64.size, _LOCATOR64.size)
    if locator[:4] == b"PK\x06\x07" and len(locator) == _LOCATOR64.size:
        stated = _LOCATOR64.unpack(locator)[2]
        for place64 in (stated, place - _LOCATOR64.size - _END64.size):
            record = content.at(place64, _END64.size)
            if record[:4] == b"PK\x06\x06" and len(record) == _END64.size:
                _, _, _, _, disk64, directory_disk64, _, count64, size64, offset64 = _END64.unpack(record)
                yield _End(disk64, directory_disk64, count64, size64, offset64, place64)
    yield _End(disk, directory_disk, count, size, offset, place)
