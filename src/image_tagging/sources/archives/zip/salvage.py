"""The members of a zip without its directory: a download that was cut short still holds most of its images.

In front of the data of each member stands a header. These are walked from the first on; where one is not
followed by the next, the next is searched for.
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import NamedTuple, Optional

from ..content import PIECE, Content
from ..limits import LONG_NAME, Budget, is_long_name, name_cost, short_name
from .entries import (
    CENTRAL_HEADER,
    CENTRAL_SIGNATURE,
    DEFLATED,
    IS_ENCRYPTED,
    IS_STREAMED,
    LOCAL_HEADER,
    LOCAL_SIGNATURE,
    Entry,
    central_entry,
    zip64_values,
)
from .names import member_name

_HEADER = re.compile(b"PK(?:\x03\x04|\x01\x02)")

#: Read at a time while the next header is searched for: mostly it is right there, else it may be far.
_STEPS = (64, 1 << 12, 1 << 20)

#: Unpacked at first of data of unknown length: mostly they are short.
_FIRST_STEP = 1 << 12

_DESCRIPTOR_SIGNATURE = b"PK\x07\x08"
_LONGEST_DESCRIPTOR = 24
_HIGHEST_METHOD = 99

#: Unpacking that came to nothing may cost this often the size of the archive, and at least so many bytes.
_WASTE_RATIO = 4
_LEAST_WASTE = 1 << 26


class _Data(NamedTuple):
    """What unpacking shows of data of unknown length."""

    compressed: int
    size: int
    crc: int


def salvage(content: Content, known: list[Entry], budget: Budget) -> list[Entry]:
    """The members whose data are whole by the headers in front of them, in the order of the file.

    ``known`` are those that the directory still lists. Checksums are compared when a member is read.

    Raises
    ------
    ReadError
        There are more than ``budget`` allows.
    OSError
        The content cannot be read.
    """
    return _Salvage(content, known, budget).entries()


class _Salvage:
    def __init__(self, content: Content, known: list[Entry], budget: Budget) -> None:
        self._content = content
        self._known = {entry.offset: entry for entry in known}
        self._budget = budget
        self._found: dict[int, Entry] = {}
        self._waste_left = max(_LEAST_WASTE, _WASTE_RATIO * content.size)
        self._headers_left = 2 * budget.members_left
        self._names = sum(name_cost(entry.name) for entry in known)

    def entries(self) -> list[Entry]:
        place = self._next_header(0)
        while place is not None and self._headers_left and self._waste_left > 0:
            self._headers_left -= 1
            place = self._next_header(self._take(place))
            if len(self._found) > self._budget.members_left:
                raise self._budget.too_many_members()
            if self._names > self._budget.names_left:
                self._budget.take_names(self._names)
        return [*self._found.values(), *(entry for offset, entry in self._known.items() if offset not in self._found)]

    def _take(self, place: int) -> int:
        """Take the member, or the record of the directory, whose header is at ``place``; where to go on."""
        signature = self._content.at(place, 4)
        if signature == CENTRAL_SIGNATURE:
            return self._take_record(place)
        header = self._content.at(place, LOCAL_HEADER.size)
        if len(header) < LOCAL_HEADER.size:
            return place + 4
        names = self._content.at(place + LOCAL_HEADER.size, sum(struct.unpack_from("<2H", header, 26)))
        start = place + LOCAL_HEADER.size + len(names)
        entry = self._known.get(place) or self._local_entry(place, header, names)
        if entry is None or start + entry.compressed > self._content.size:
            return place + 4
        self._find(place, entry)
        end = start + entry.compressed
        # A length that leads to no header may be wrong: members within it must not be passed over
        return end if self._ends_well(entry, end) else start

    def _take_record(self, place: int) -> int:
        """The record says more than the header in front of the data: the kind, and sizes that were not known."""
        data = self._content.at(place, CENTRAL_HEADER.size)
        if len(data) == CENTRAL_HEADER.size:
            data += self._content.at(place + len(data), sum(struct.unpack_from("<3H", data, 28)))
        entry, end = central_entry(data, 0, self._budget.limits, disk=0, shift=0)
        if entry is None:
            return place + 4
        if entry.offset < place and self._content.at(entry.offset, 4) == LOCAL_SIGNATURE:
            self._find(entry.offset, entry)
        return place + end

    def _find(self, place: int, entry: Entry) -> None:
        self._found[place] = entry
        self._names += name_cost(entry.name)

    def _local_entry(self, place: int, header: bytes, names: bytes) -> Optional[Entry]:
        _, _, flags, method, _, _, crc, compressed, size, name_length, extra_length = LOCAL_HEADER.unpack(header)
        if not name_length or len(names) < name_length + extra_length or method > _HIGHEST_METHOD:
            return None
        extra = names[name_length:]
        size, compressed, _ = zip64_values(extra, (size, compressed))
        if flags & IS_STREAMED and not compressed:
            data = self._unpack(place + LOCAL_HEADER.size + len(names), method, flags)
            if data is None:
                return None
            compressed, size, crc = data
        name, is_text = member_name(names[:name_length], flags, extra)
        kind = "folder" if name.endswith("/") and not size else "file"
        if is_long_name(name, self._budget.limits):
            name, kind = short_name(name), LONG_NAME
        return Entry(name, place, compressed, size, crc, method, flags, kind, is_text=is_text)

    def _unpack(self, start: int, method: int, flags: int) -> Optional[_Data]:
        """Sizes and checksum of data that say themselves where they end, ``None`` where they do not or disagree."""
        if method != DEFLATED or flags & IS_ENCRYPTED:
            return None
        decompressor = zlib.decompressobj(-zlib.MAX_WBITS)
        taken, size, crc, step = 0, 0, 0, _FIRST_STEP
        try:
            while not decompressor.eof and size <= self._budget.limits.archive_bytes:
                piece = self._content.at(start + taken, step)
                if not piece:
                    break
                taken += len(piece)
                step = min(4 * step, PIECE)
                while piece and not decompressor.eof:
                    data = decompressor.decompress(piece, PIECE)
                    piece = decompressor.unconsumed_tail
                    size, crc = size + len(data), zlib.crc32(data, crc)
        except zlib.error:  # nothing whole begins here
            self._waste_left -= taken + size
            return None
        taken -= len(decompressor.unused_data)
        descriptor = self._content.at(start + taken, _LONGEST_DESCRIPTOR).removeprefix(_DESCRIPTOR_SIGNATURE)
        if decompressor.eof and descriptor[:4] == struct.pack("<L", crc):
            return _Data(taken, size, crc)
        self._waste_left -= taken + size
        return None

    def _ends_well(self, entry: Entry, place: int) -> bool:
        """Whether something of the archive follows the data, or nothing does."""
        rest = self._content.at(place, _LONGEST_DESCRIPTOR + 4)
        if entry.flags & IS_STREAMED:
            return rest.startswith(_DESCRIPTOR_SIGNATURE) or bool(_HEADER.search(rest))
        return not rest or bool(_HEADER.match(rest))

    def _next_header(self, place: int) -> Optional[int]:
        step = 0
        while place < self._content.size:
            data = self._content.at(place, _STEPS[step])
            if match := _HEADER.search(data):
                return place + match.start()
            place += max(1, len(data) - 3)
            step = min(step + 1, len(_STEPS) - 1)
        return None
