"""Listings that the readers of one file share: listing a tar reads all of its headers, and unpacks it if compressed.

Finding and each thread that reads open the same file. While one of them has it open the others share its listing; a few
short listings are kept longer, so that reading can use what finding has listed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Optional
from weakref import WeakValueDictionary

from ..content import Content
from ..limits import Budget
from .listing import Listing, list_members

#: Listings that are kept although no archive uses them, and members of all of these (some 60 MB).
_KEPT = 4
_KEPT_MEMBERS = 200_000


class SharedListing:
    """One listing, made by the first who asks for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listing: Optional[Listing] = None

    @property
    def members(self) -> int:
        """How many members are listed."""
        return len(self._listing.members) if self._listing else 0

    def rest(self) -> None:
        """Release what unpacking holds in memory, unless it is used."""
        if self._listing and self._listing.stream:
            self._listing.stream.rest()

    def get(self, content: Content, budget: Budget) -> Listing:
        """Return the listing; ``budget`` counts what making it unpacked, also where it was made before."""
        with self._lock:
            if self._listing is None:
                self._listing = list_members(content, budget)
            else:
                budget.take_bytes(self._listing.unpacked_bytes)
            return self._listing


class _SharedListings:
    """The listings by what they are of: those in use, and the latest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: WeakValueDictionary[object, SharedListing] = WeakValueDictionary()
        self._kept: OrderedDict[object, SharedListing] = OrderedDict()

    def get(self, key: object) -> SharedListing:
        """Return the listing of this key, which may still have to be made."""
        with self._lock:
            for other, each in self._kept.items():
                if other != key:
                    each.rest()
            shared = self._used.setdefault(key, SharedListing())
            self._kept[key] = shared
            self._kept.move_to_end(key)
            return shared

    def trim(self) -> None:
        """Forget those that are too many or too long; who uses one keeps it."""
        with self._lock:
            while len(self._kept) > _KEPT or sum(each.members for each in self._kept.values()) > _KEPT_MEMBERS:
                self._kept.popitem(last=False)


_LISTINGS = _SharedListings()


def shared_listing(content: Content, budget: Budget) -> tuple[SharedListing, Listing]:
    """Return the listing of a tar, and what keeps it shared for as long as it is used.

    Raises
    ------
    ReadError
        As ``open_archive`` does.
    OSError
        The content cannot be read.
    """
    shared = _LISTINGS.get((content.identity, budget.limits)) if content.identity else SharedListing()
    try:
        return shared, shared.get(content, budget)
    finally:
        _LISTINGS.trim()
