"""What the objects of one scheme are reached by: one try of each request, without waiting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Optional, Protocol

from .urls import Place


class ObjectInfo(NamedTuple):
    """An object: its URL, its size in bytes, and a stamp that changes when its content does."""

    url: str
    size: int
    stamp: str


class ObjectChangedError(Exception):
    """An object is not the one of the stamp any more."""


class TooLargeError(Exception):
    """An object has more bytes than it may; they were not read."""


class ShortReadError(Exception):
    """The connection ended in the middle of an object."""


class Page(NamedTuple):
    """Objects of a listing, and what asks for those after them (``None``: there are none)."""

    objects: Sequence[ObjectInfo]
    following: Optional[str]


class Backend(Protocol):
    """The requests. They raise what ``errors`` lists, FileNotFoundError among them, and the errors above."""

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What a request that fails raises, in addition to programming errors."""

    def info(self, place: Place) -> Optional[ObjectInfo]:
        """Return what there is, ``None`` where there is no object."""

    def page(self, place: Place, following: Optional[str], most: int) -> Page:
        """Return at most ``most`` of the objects whose keys begin with that of ``place``."""

    def whole(self, place: Place, most: int, stamp: str) -> bytes:
        """Return the content of an object, of this stamp where one is given."""

    def part(self, place: Place, first: int, count: int, stamp: str) -> bytes:
        """Return ``count`` bytes (1 or more) from ``first``, fewer where the object ends."""

    def put(self, place: Place, content: bytes) -> None:
        """Write an object whole."""

    def put_file(self, place: Place, path: str) -> None:
        """Write an object whole, from a file of this machine that may be large."""

    def remove(self, place: Place) -> None:
        """Remove an object, where there is one."""


def stamp_of_object(size: int, version: object) -> str:
    """Return the stamp of an object of this size and version (an entity tag, a generation, a time)."""
    return f"{size}:{version or ''}"


def version_of(stamp: str) -> str:
    """Return the version that a stamp names, an empty text where it names none."""
    return stamp.partition(":")[2]


def stated_size(stamp: str) -> Optional[int]:
    """Return the size that a stamp names."""
    size = stamp.partition(":")[0]
    return int(size) if size.isdigit() else None
