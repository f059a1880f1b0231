"""Listings that the readers of one file share: listing takes time, and the names of many members memory.

Finding and each thread that reads open the same file. While one of them has it open the others share its listing; a few
short listings are kept longer, so that reading can use what finding has listed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Callable, Generic, Optional, Protocol, TypeVar
from weakref import WeakValueDictionary

from .content import Content
from .limits import Budget

#: Listings that are kept although no archive uses them, and members of all of these (some 60 MB).
_KEPT = 4
_KEPT_MEMBERS = 200_000


class Listing(Protocol):
    """The members of an archive, and what listing them took."""

    @property
    def members(self) -> Mapping[str, Any]:
        """The members by name."""

    @property
    def unpacked_bytes(self) -> int:
        """How many bytes were unpacked for the listing."""

    @property
    def names_cost(self) -> int:
        """What the names take."""

    def rest(self) -> None:
        """Release what unpacking holds in memory, unless it is used."""


ListingT = TypeVar("ListingT", bound=Listing)


class SharedListing(Generic[ListingT]):
    """One listing, made by the first who asks for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listing: Optional[ListingT] = None

    @property
    def members(self) -> int:
        """How many members are listed."""
        return len(self._listing.members) if self._listing else 0

    def rest(self) -> None:
        """Release what unpacking holds in memory, unless it is used."""
        if self._listing:
            self._listing.rest()

    def get(self, content: Content, budget: Budget, make: Callable[[Content, Budget], ListingT]) -> ListingT:
        """Return the listing; ``budget`` counts what making it took, also where it was made before."""
        with self._lock:
            if self._listing is None:
                self._listing = make(content, budget)
            else:
                budget.take_bytes(self._listing.unpacked_bytes)
                budget.take_names(self._listing.names_cost)
            return self._listing


class _SharedListings:
    """The listings by what they are of: those in use, and the latest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: WeakValueDictionary[object, SharedListing[Any]] = WeakValueDictionary()
        self._kept: OrderedDict[object, SharedListing[Any]] = OrderedDict()

    def get(self, key: object) -> SharedListing[Any]:
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


def shared_listing(
    content: Content, budget: Budget, make: Callable[[Content, Budget], ListingT]
) -> tuple[SharedListing[ListingT], ListingT]:
    """Return the listing that ``make`` makes, and what keeps it shared for as long as it is used.

    Raises
    ------
    ReadError
        As ``open_archive`` does.
    OSError
        The content cannot be read.
    """
    key = (make, content.identity, budget.limits)
    shared: SharedListing[ListingT] = _LISTINGS.get(key) if content.identity else SharedListing()
    try:
        return shared, shared.get(content, budget, make)
    finally:
        _LISTINGS.trim()
