"""One tar, open: its members by name, and the bytes of each. Nothing is unpacked next to the user's files."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import Optional

from ....errors import ReadError
from ..base import Archive, open_archive
from ..content import PIECE, Content, joined, pieces
from ..limits import LONG_NAME, Budget, long_name_error
from ..shared import shared_listing
from ..unpacked import unpack
from .headers import BLOCK, parse_header
from .listing import Entry, list_members
from .packings import Cursor, packing_of
from .stream import Unpacked

#: Why members of a kind cannot be used: a code, and a sentence.
_UNREADABLE = {
    "link": ("link", "it is a link to another file; links in archives are not followed"),
    "folder": ("not-a-file", "it is a folder, not a file"),
    "other": ("not-a-file", "it is a pipe or a device, not a file"),
    "sparse": ("unsupported-archive", "it is stored as a sparse file: pack the archive without that (tar without -S)"),
    "part": ("unsupported-archive", "it lies in another part of a split archive: join the parts"),
}


class TarArchive:
    """A tar, compressed or not (:class:`~..base.Archive`).

    Opening reads all headers, once for all readers of one file: see :mod:`.shared`. Members of a compressed tar lie in
    ``members`` in the order of their data, since it is unpacked front to back.
    """

    def __init__(self, content: Content, budget: Budget) -> None:
        self._packed = content
        self._shared, self._listing = shared_listing(content, budget, list_members)
        self._stream = self._listing.stream
        self._content: Content = Unpacked(content, self._stream) if self._stream else content
        if self._stream:
            self._stream.acquire()

    @property
    def members(self) -> Mapping[str, Entry]:
        """The members by name."""
        return self._listing.members

    @property
    def is_sequential(self) -> bool:
        """Whether it is compressed."""
        return self._stream is not None

    @property
    def damage(self) -> str:
        """A sentence where it is damaged or cut short, else empty."""
        return self._listing.damage

    @property
    def misnamed(self) -> str:
        """A sentence where names are no text in the encoding that was asked for, else empty."""
        return self._listing.naming.misnamed

    @property
    def held_bytes(self) -> int:
        """The memory that it takes, without the list of members."""
        return self._content.held_bytes

    def find(self, name: str) -> Optional[str]:
        """Return what ``members`` calls a member, ``None`` where there is none; as ``Archive.find``."""
        return self._listing.naming.find(name, self._listing.members)

    def read(self, name: str, limit: int) -> bytes:
        """Return the bytes of a member, at most ``limit`` of them; raises as ``Archive.read`` does."""
        entry = self._entry(name)
        if entry.size > limit:
            raise ReadError("too-large", f"it holds more than {limit:,} bytes")
        if self._stream and entry.size > PIECE:
            return joined(self._pieces(entry))
        data = self._content.at(entry.offset, entry.size)
        self._require_same(entry, len(data), zlib.crc32(data) if entry.crc is not None else None)
        return data

    def inner(self, name: str, budget: Budget) -> Archive:
        """Open the archive that is a member; raises as ``Archive.inner`` does."""
        entry = self._entry(name)
        if self._stream:
            unpacked = unpack(self._content, name, entry.size, lambda: self._pieces(entry), budget)
            return open_archive(unpacked, name=name, budget=budget)
        return open_archive(self._content.part(entry.offset, entry.size), name=name, budget=budget)

    def close(self) -> None:
        """Close the file, or release the memory."""
        self._packed.close()
        if self._stream:
            self._stream.release()
            self._stream = None

    def _pieces(self, entry: Entry) -> Iterator[bytes]:
        """Yield the bytes of a member of a compressed tar, which are checked at the end."""
        size, crc = 0, 0
        for piece in pieces(self._content, entry.offset, entry.size):
            size, crc = size + len(piece), zlib.crc32(piece, crc)
            yield piece
        self._require_same(entry, size, crc)

    def _require_same(self, entry: Entry, size: int, crc: Optional[int]) -> None:
        if self._packed.is_changed():
            raise ReadError("changed", "the archive was changed while it was read: run again")
        if size != entry.size or crc != entry.crc:
            raise ReadError("damaged-member", "this member of the archive is damaged: its data are not what they were")

    def _entry(self, name: str) -> Entry:
        found = self.find(name)
        if found is None:
            raise ReadError("missing", "the archive has no such member any more")
        entry = self._listing.members[found]
        if entry.kind == LONG_NAME:
            raise long_name_error()
        if entry.kind in _UNREADABLE:
            raise ReadError(*_UNREADABLE[entry.kind])
        return entry


def looks_like_tar(content: Content, anywhere: bool) -> bool:
    """Whether content, or what it unpacks to, begins with the header of a tar; ``anywhere`` changes nothing."""
    del anywhere
    packing = packing_of(content)
    block = Cursor(packing).next_block(content, BLOCK) if packing else content.at(0, BLOCK)
    return parse_header(block) is not None
