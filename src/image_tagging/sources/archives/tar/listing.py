"""All members of a tar by its headers, which lie between the data: one pass, front to back."""

from __future__ import annotations

import zlib
from typing import NamedTuple, Optional

from ....errors import ReadError
from ..content import PIECE, Content, pieces
from ..limits import LONG_NAME, Budget, is_long_name, name_cost, short_name
from ..names import Naming, name_members, unique_names
from .headers import BLOCK, Extensions, Header, has_sparse_block, parse_header
from .packings import packing_of
from .stream import Stream, Unpacked

#: Bytes of an extended header.
_LONGEST_HEADER = 1 << 20

#: Headers for each member that is allowed: its own, and extended ones.
_HEADERS = 3

_MAGIC = b"ustar"
_MAGIC_AT = 257


class Entry(NamedTuple):
    """A member: where its data are, and of which kind it is.

    ``kind`` is that of a :class:`~.headers.Header`, of a hard link that of what it leads to. ``crc`` is that of its
    data, ``None`` where listing does not pass by them. ``is_text``: the archive says in which encoding the name is.
    """

    name: str
    offset: int
    size: int
    kind: str
    stamp: str
    crc: Optional[int]
    most_bytes: int
    is_text: bool


class Listing(NamedTuple):
    """The members by name, in the order in which they are read at least cost.

    ``damage`` is as for ``Archive``; ``stream`` is there where the tar is compressed, and ``unpacked_bytes`` of it
    were unpacked for this. ``names_cost`` is what the names take.
    """

    members: dict[str, Entry]
    damage: str
    stream: Optional[Stream]
    unpacked_bytes: int
    names_cost: int
    naming: Naming

    def rest(self) -> None:
        """Release what unpacking holds in memory, unless it is used."""
        if self.stream:
            self.stream.rest()


def list_members(content: Content, budget: Budget) -> Listing:
    """Return the members of a tar; raises as ``open_archive`` does."""
    packing = packing_of(content)
    if packing is None:
        return _listing(content, _Walk(content, budget), None, budget)
    stream = Stream(packing)
    return _listing(content, _Walk(Unpacked(content, stream, budget), budget), stream, budget)


def _listing(content: Content, walk: _Walk, stream: Optional[Stream], budget: Budget) -> Listing:
    entries = walk.entries()
    if stream:
        stream.finish(content, budget)
    fault = stream.fault if stream else ""
    damage = ""
    if walk.is_damaged or fault:
        if not entries:
            raise ReadError("damaged-archive", _nothing(content.size, fault))
        damage = (
            f"the archive is damaged or was cut short{f' ({fault})' if fault else ''}; {len(entries):,} "
            f"{'member was' if len(entries) == 1 else 'members were'} found in it and used where whole"
        )
    naming, members = name_members(entries, budget.limits)
    named = zip(unique_names([entry.name for entry in members]), members)
    in_order = sorted(named, key=lambda pair: pair[1].offset) if stream else named
    return Listing(dict(in_order), damage, stream, stream.size if stream else 0, walk.names_cost, naming)


def _nothing(size: int, fault: str) -> str:
    if not size:
        return "the archive is empty: it holds no bytes at all"
    why = f" ({fault})" if fault else ""
    return f"this is no tar archive, or it is so damaged that no member of it can be found{why}"


class _Walk:
    """Goes from header to header. Where one is damaged the next is searched for."""

    def __init__(self, content: Content, budget: Budget) -> None:
        self.is_damaged = False
        self.names_cost = 0
        self._content = content
        self._budget = budget
        self._entries: list[Entry] = []
        self._files: dict[str, Entry] = {}  # the latest of each name: what a hard link leads to
        self._extensions = Extensions()
        self._headers_left = _HEADERS * budget.members_left
        self._is_at_end = False  # behind zeros, which mark the end

    def entries(self) -> list[Entry]:
        """Return the members in the order of the archive."""
        place: Optional[int] = 0
        while place is not None:
            block = self._content.at(place, BLOCK)
            header = parse_header(block) if len(block) == BLOCK else None
            place = self._take(header, block, place) if header else self._next_place(block, place)
        return self._entries

    def _next_place(self, block: bytes, place: int) -> Optional[int]:
        """Return where to go on after what is no header, ``None`` where the archive ends."""
        if len(block) < BLOCK:
            self.is_damaged = self.is_damaged or not self._is_at_end
            return None
        if any(block):
            if self._is_at_end:  # what follows the end and is no archive
                return None
            self.is_damaged = True
            return self._search(place)
        self._is_at_end = True
        return self._skip_zeros(place)

    def _take(self, header: Header, block: bytes, place: int) -> int:
        """Take the header at this place; return where the next one is."""
        self._count_header()
        self._is_at_end = False
        data_at = place + BLOCK
        if header.is_extension:
            if header.is_used:
                self._extensions.add(header.type, self._extended(data_at, header.size))
            return data_at + _padded(header.size)
        extensions, self._extensions = self._extensions, Extensions()
        self.is_damaged = self.is_damaged or extensions.is_damaged
        if header.kind == "sparse":
            while has_sparse_block(block, is_header=data_at == place + BLOCK):
                self._count_header()
                block = self._content.at(data_at, BLOCK)
                data_at += BLOCK
        return self._take_member(header, extensions, data_at)

    def _take_member(self, header: Header, extensions: Extensions, data_at: int) -> int:
        if extensions.size is not None:
            header = header._replace(size=extensions.size)
        name = extensions.name or header.name
        is_text = name.isascii() or extensions.is_utf8
        end = data_at + _padded(header.data_bytes)
        if header.kind == "label":
            return end
        if is_long_name(name, self._budget.limits):
            self._add(Entry(short_name(name), 0, 0, LONG_NAME, "0:name", None, 0, is_text))
            return end
        if header.kind == "hard link":
            self._add(self._linked(name, is_text, extensions.link or header.link))
            return end
        crc, is_whole = self._checksum(data_at, header.data_bytes)
        if not is_whole:
            return end  # beyond the end of the content, which then is known as damaged
        kind = "sparse" if extensions.is_sparse else header.kind
        time = extensions.time or str(header.time)
        stamp = f"{header.size}:{time}:{data_at:x}:{self._content.stamp}" if crc is None else f"{header.size}:{crc:08x}"
        most_bytes = header.size if crc is None else 0  # listing has unpacked the others
        self._add(Entry(name, data_at, header.size, kind, stamp, crc, most_bytes, is_text))
        return end

    def _linked(self, name: str, is_text: bool, target: str) -> Entry:
        """Return the earlier member that a hard link leads to under its own name, or a link that leads nowhere."""
        entry = self._files.get(target.removeprefix("./"))
        if entry is None:
            return Entry(name, 0, 0, "link", "0:link", None, 0, is_text)
        return entry._replace(name=name, most_bytes=entry.size, is_text=is_text)

    def _add(self, entry: Entry) -> None:
        self._entries.append(entry)
        if len(self._entries) > self._budget.members_left:
            raise self._budget.too_many_members()
        cost = name_cost(entry.name)
        self.names_cost += cost
        self._budget.take_names(cost)
        if entry.kind in {"file", "sparse"}:
            self._files[entry.name.removeprefix("./")] = entry

    def _checksum(self, data_at: int, size: int) -> tuple[Optional[int], bool]:
        """Return the checksum of data, and whether they are all there.

        Those of a file are not read: the file's own size and time say whether they are the same.
        """
        if self._content.stamp:
            return None, data_at + size <= self._content.size
        crc = 0
        for piece in pieces(self._content, data_at, size):
            crc = zlib.crc32(piece, crc)
            size -= len(piece)
        return crc, not size

    def _extended(self, data_at: int, size: int) -> bytes:
        if size > _LONGEST_HEADER:
            raise ReadError("too-large", f"a header of it is larger than {_LONGEST_HEADER:,} bytes")
        data = self._content.at(data_at, size)
        self.is_damaged = self.is_damaged or len(data) < size
        return data

    def _count_header(self) -> None:
        self._headers_left -= 1
        if self._headers_left < 0:
            raise self._budget.too_many_members()

    def _search(self, place: int) -> Optional[int]:
        """Return where the next header is behind this place, ``None`` where none is."""
        at = place
        while data := self._content.at(at, PIECE):
            found = data.find(_MAGIC)
            while found >= 0:
                start = at + found - _MAGIC_AT
                self._count_header()
                if start > place and parse_header(self._content.at(start, BLOCK)):
                    return start
                found = data.find(_MAGIC, found + 1)
            at += max(1, len(data) - len(_MAGIC) + 1)
        return None

    def _skip_zeros(self, place: int) -> Optional[int]:
        """Return the first block from this place that holds anything, ``None`` where none does."""
        while data := self._content.at(place, PIECE):
            if rest := data.lstrip(b"\0"):
                return place + (len(data) - len(rest)) // BLOCK * BLOCK
            place += len(data)
        return None


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK
