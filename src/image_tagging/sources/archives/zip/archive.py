"""One zip, open: its members by name, and the bytes of each. Nothing is unpacked except into memory."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from typing import Union

from ....errors import ReadError
from ..base import Archive, open_archive
from ..content import Content
from ..limits import DEFAULT_LIMITS, Budget
from ..names import unique_names
from .directory import END_SIGNATURE, read_directory
from .entries import LOCAL_SIGNATURE, STORED, Entry
from .salvage import salvage
from .unpacking import stored_part, unpacked

#: How a zip begins: with a member, with its end where it is empty, or as the first part of a split one.
_BEGINNINGS = (LOCAL_SIGNATURE, END_SIGNATURE, b"PK\x07\x08", b"PK00")

#: Beyond the end of any file: no member follows.
_NOWHERE = 1 << 128


class ZipArchive:
    """A zip (:class:`~..base.Archive`). Opening reads its directory only, and takes over the content.

    Raises
    ------
    ReadError
        It is no zip, is so damaged that no member can be found, or is larger than the limits allow.
    OSError
        It cannot be read.
    """

    is_sequential = False

    def __init__(self, content: Content, budget: Budget) -> None:
        self.damage = ""
        self.held_bytes = content.held_bytes
        self._limits = budget.limits
        self._content = content
        entries, self._end = self._read()
        names = unique_names([entry.name for entry in entries])
        self.members: dict[str, Entry] = dict(zip(names, entries))

    def read(self, name: str, limit: int) -> Union[bytes, bytearray]:
        """Return the bytes of a member, at most ``limit`` of them; raises as ``Archive.read`` does."""
        entry = self._entry(name)
        return unpacked(self._content, entry, limit, following=self._following(name, entry), end=self._end)

    def inner(self, name: str, budget: Budget) -> Archive:
        """Open the archive that is a member; raises as ``Archive.inner`` does."""
        entry = self._entry(name)
        if entry.method != STORED or entry.compressed != entry.size:
            return open_archive(self.read(name, budget.inner_bytes), name=name, budget=budget)
        part = stored_part(self._content, entry, following=self._following(name, entry), end=self._end)
        return open_archive(part, name=name, budget=budget)

    def close(self) -> None:
        """Close the file, or release the memory."""
        self._content.close()

    def _entry(self, name: str) -> Entry:
        if name not in self.members:
            raise ReadError("missing", "the archive has no such member any more")
        return self.members[name]

    def _read(self) -> tuple[list[Entry], int]:
        """The members, and where the data of the last one end at the latest."""
        directory = read_directory(self._content, self._limits)
        is_bare = directory and not directory.entries and self._content.at(0, 4) == LOCAL_SIGNATURE
        if directory and not directory.missing and not is_bare:
            return directory.entries, directory.start
        entries = salvage(self._content, directory.entries if directory else [], self._limits)
        if not entries:
            raise ReadError("damaged-archive", _nothing(self._content.size))
        self.damage = (
            f"the archive is damaged or was cut short, and its directory is incomplete; {len(entries):,} "
            f"{'member was' if len(entries) == 1 else 'members were'} found in it and used where whole"
        )
        return entries, self._content.size

    def _following(self, name: str, entry: Entry) -> int:
        """Where the next member begins: no byte of an archive is unpacked twice (Fifield 2019, A better zip bomb).

        Of members that begin at one place the last has it to itself.
        """
        if self._owners[entry.offset] != name:
            return entry.offset
        number = bisect_right(self._offsets, entry.offset)
        return self._offsets[number] if number < len(self._offsets) else _NOWHERE

    @cached_property
    def _owners(self) -> dict[int, str]:
        return {entry.offset: name for name, entry in self.members.items()}

    @cached_property
    def _offsets(self) -> list[int]:
        return sorted(self._owners)


def _nothing(size: int) -> str:
    if not size:
        return "the archive is empty: it holds no bytes at all"
    return "this is no zip archive, or it is so damaged that no member of it can be found"


def looks_like_zip(content: Content, anywhere: bool) -> bool:
    """Whether content begins like a zip; with ``anywhere`` also whether there is one behind other bytes."""
    return content.at(0, 4) in _BEGINNINGS or (anywhere and read_directory(content, DEFAULT_LIMITS) is not None)
