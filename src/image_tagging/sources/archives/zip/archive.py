"""One zip, open: its members by name, and the bytes of each. Nothing is unpacked except into memory."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import Optional

from ....errors import ReadError
from ..base import Archive, open_archive
from ..content import Content
from ..limits import DEFAULT_LIMITS, Budget, name_cost
from ..names import Naming, name_members, unique_names
from ..shared import shared_listing
from ..unpacked import unpack
from .directory import END_SIGNATURE, read_directory
from .entries import LOCAL_SIGNATURE, STORED, Entry
from .salvage import salvage
from .unpacking import Bounds, stored_part, unpacked, unpacked_pieces

#: How a zip begins: with a member, with its end where it is empty, or as the first part of a split one.
_BEGINNINGS = (LOCAL_SIGNATURE, END_SIGNATURE, b"PK\x07\x08", b"PK00")

#: Beyond the end of any file: no member follows.
_NOWHERE = 1 << 128


@dataclass(frozen=True)
class Listing:
    """The members of a zip by name; the data of the last one end before ``end``. ``damage`` is as for ``Archive``."""

    members: dict[str, Entry]
    end: int
    damage: str
    naming: Naming
    names_cost: int
    unpacked_bytes: int = 0

    def rest(self) -> None:
        """Nothing is unpacked for a listing."""

    @cached_property
    def owners(self) -> dict[int, str]:
        """The member at each place; of those that begin at one place the last has it to itself."""
        return {entry.offset: name for name, entry in self.members.items()}

    @cached_property
    def offsets(self) -> list[int]:
        """Where members begin, in order."""
        return sorted(self.owners)


def list_members(content: Content, budget: Budget) -> Listing:
    """Return the members of a zip; raises as ``open_archive`` does."""
    directory = read_directory(content, budget)
    is_bare = directory and not directory.entries and content.at(0, 4) == LOCAL_SIGNATURE
    if directory and not directory.missing and not is_bare:
        return _listing(directory.entries, directory.start, "", budget)
    entries = salvage(content, directory.entries if directory else [], budget)
    if not entries:
        raise ReadError("damaged-archive", _nothing(content.size))
    damage = (
        f"the archive is damaged or was cut short, and its directory is incomplete; {len(entries):,} "
        f"{'member was' if len(entries) == 1 else 'members were'} found in it and used where whole"
    )
    return _listing(entries, content.size, damage, budget)


def _listing(entries: list[Entry], end: int, damage: str, budget: Budget) -> Listing:
    naming, members = name_members(entries, budget.limits)
    names = unique_names([entry.name for entry in members])
    cost = sum(map(name_cost, names))
    budget.take_names(cost)
    return Listing(dict(zip(names, members)), end, damage, naming, cost)


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
        self.held_bytes = content.held_bytes
        self._content = content
        self._shared, self._listing = shared_listing(content, budget, list_members)

    @property
    def members(self) -> dict[str, Entry]:
        """The members by name."""
        return self._listing.members

    @property
    def damage(self) -> str:
        """A sentence where it is damaged or cut short, else empty."""
        return self._listing.damage

    @property
    def misnamed(self) -> str:
        """A sentence where names are no text in the encoding that was asked for, else empty."""
        return self._listing.naming.misnamed

    def find(self, name: str) -> Optional[str]:
        """Return what ``members`` calls a member, ``None`` where there is none; as ``Archive.find``."""
        return self._listing.naming.find(name, self.members)

    def read(self, name: str, limit: int) -> bytes:
        """Return the bytes of a member, at most ``limit`` of them; raises as ``Archive.read`` does."""
        name, entry = self._entry(name)
        return unpacked(self._content, entry, limit, self._bounds(name, entry))

    def inner(self, name: str, budget: Budget) -> Archive:
        """Open the archive that is a member; raises as ``Archive.inner`` does."""
        name, entry = self._entry(name)
        bounds = self._bounds(name, entry)
        if entry.method == STORED and entry.compressed == entry.size:
            return open_archive(stored_part(self._content, entry, bounds), name=name, budget=budget)
        content = unpack(self._content, name, entry.size, lambda: unpacked_pieces(self._content, entry, bounds), budget)
        return open_archive(content, name=name, budget=budget)

    def close(self) -> None:
        """Close the file, or release the memory."""
        self._content.close()

    def _entry(self, name: str) -> tuple[str, Entry]:
        found = self.find(name)
        if found is None:
            raise ReadError("missing", "the archive has no such member any more")
        return found, self.members[found]

    def _bounds(self, name: str, entry: Entry) -> Bounds:
        """Where the data of a member must end: no byte of an archive is unpacked twice (Fifield 2019, A better zip
        bomb).
        """
        listing = self._listing
        if listing.owners[entry.offset] != name:
            return Bounds(entry.offset, listing.end)
        number = bisect_right(listing.offsets, entry.offset)
        following = listing.offsets[number] if number < len(listing.offsets) else _NOWHERE
        return Bounds(following, listing.end)


def _nothing(size: int) -> str:
    if not size:
        return "the archive is empty: it holds no bytes at all"
    return "this is no zip archive, or it is so damaged that no member of it can be found"


def looks_like_zip(content: Content, anywhere: bool) -> bool:
    """Whether content begins like a zip; with ``anywhere`` also whether there is one behind other bytes."""
    return content.at(0, 4) in _BEGINNINGS or (
        anywhere and read_directory(content, Budget(DEFAULT_LIMITS, content.size)) is not None
    )
