"""One zip, open: its members by name, and the bytes of each. Nothing is unpacked anywhere but into memory."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from typing import Union

from ...errors import ReadError
from .content import Content, FileContent, HeldContent
from .directory import END_SIGNATURE, read_directory
from .entries import LOCAL_SIGNATURE, STORED, Entry
from .limits import DEFAULT_LIMITS, OPENING_BYTES, Allowance, ArchiveLimits
from .names import unique_names
from .salvage import salvage
from .unpacking import stored_part, unpacked

__all__ = ["DEFAULT_LIMITS", "OPENING_BYTES", "Allowance", "Archive", "ArchiveLimits", "Entry", "looks_like_archive"]

#: How a zip begins: with a member, with its end where it is empty, or as the first part of a split one.
_BEGINNINGS = (LOCAL_SIGNATURE, END_SIGNATURE, b"PK\x07\x08", b"PK00")

#: Beyond the end of any file: no member follows.
_NOWHERE = 1 << 128


class Archive:
    """A zip in a file, in memory, or in the content of another, which it then closes.

    ``entries`` are its members by name: each has one of its own, the same whenever the archive is opened.
    ``damage`` is a sentence where the directory is missing or incomplete and members were found without it, else
    empty. ``held_bytes`` is what it takes of memory, besides its directory.

    Opening reads the directory only. One thread at a time may use it.

    Raises
    ------
    ReadError
        It is no zip, so damaged that no member can be found, or larger than ``limits`` allow.
    OSError
        It cannot be read.
    """

    def __init__(self, source: Union[str, bytes, bytearray, Content], limits: ArchiveLimits = DEFAULT_LIMITS) -> None:
        self.damage = ""
        self.held_bytes = len(source) if isinstance(source, (bytes, bytearray)) else 0
        self._limits = limits
        self._content = _content(source)
        try:
            entries, self._end = self._read()
        except BaseException:  # Ctrl-C, too, leaves no file open
            self.close()
            raise
        names = unique_names([entry.name for entry in entries])
        self.entries: dict[str, Entry] = dict(zip(names, entries))

    def read(self, name: str, limit: int) -> Union[bytes, bytearray]:
        """The bytes of a member, at most ``limit`` of them.

        Raises
        ------
        ReadError
            There is no such member, or it cannot be used.
        OSError
            The archive cannot be read.
        """
        entry = self._entry(name)
        return unpacked(self._content, entry, limit, following=self._following(name, entry), end=self._end)

    def inner(self, name: str, limit: int) -> Archive:
        """The archive that is a member: in memory, at most ``limit`` bytes, or where it lies if it is not packed.

        ``held_bytes`` tells which. Closing this one leaves it open; errors are those of opening and of ``read``.
        """
        entry = self._entry(name)
        if entry.method != STORED or entry.compressed != entry.size:
            return Archive(self.read(name, limit), self._limits)
        part = stored_part(self._content, entry, following=self._following(name, entry), end=self._end)
        return Archive(part, self._limits)

    def close(self) -> None:
        """Close the file, or let go of the memory."""
        self._content.close()

    def _entry(self, name: str) -> Entry:
        if name not in self.entries:
            raise ReadError("missing", "the archive has no such member any more")
        return self.entries[name]

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
        return {entry.offset: name for name, entry in self.entries.items()}

    @cached_property
    def _offsets(self) -> list[int]:
        return sorted(self._owners)


def _content(source: Union[str, bytes, bytearray, Content]) -> Content:
    if isinstance(source, str):
        return FileContent(source)
    return HeldContent(source) if isinstance(source, (bytes, bytearray)) else source


def _nothing(size: int) -> str:
    if not size:
        return "the archive is empty: it holds no bytes at all"
    return "this is no zip archive, or it is so damaged that no member of it can be found"


def looks_like_archive(path: str, *, anywhere: bool = False) -> bool:
    """Whether a file begins as a zip does; with ``anywhere`` also whether there is one behind other bytes.

    Raises OSError where it cannot be read.
    """
    content = FileContent(path)
    try:
        if content.at(0, 4) in _BEGINNINGS:
            return True
        return anywhere and read_directory(content, DEFAULT_LIMITS) is not None
    finally:
        content.close()
