"""What every archive format offers, and the one way to open an archive of any format.

A format is a package or module next to this one. It registers a :class:`Format`; nothing outside ``archives/`` knows
which formats there are.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Callable, Optional, Protocol, Union

from ...files import is_url
from .content import Content, FileContent, HeldContent
from .limits import DEFAULT_LIMITS, ArchiveLimits, Budget
from .remote_content import RemoteContent


class Member(Protocol):
    """One member of an archive, as far as its headers describe it."""

    @property
    def size(self) -> int:
        """The length of its data in bytes, as stated."""

    @property
    def kind(self) -> str:
        """``file``, ``folder``, or another word for what can be found and not read, such as ``link``."""

    @property
    def most_bytes(self) -> int:
        """How many bytes reading it can unpack; ``size`` is only what is stated."""

    @property
    def stamp(self) -> str:
        """A text that changes when the data do."""


class Archive(Protocol):
    """An open archive. One thread at a time may use it."""

    @property
    def members(self) -> Mapping[str, Member]:
        """Its members by name: each has one, the same whenever the archive is opened."""

    @property
    def is_sequential(self) -> bool:
        """Whether reading costs least in the order of ``members``; otherwise any order costs the same."""

    @property
    def damage(self) -> str:
        """A sentence where a part of the archive is missing, else empty."""

    @property
    def misnamed(self) -> str:
        """A sentence where names are no text in the encoding that was asked for, else empty."""

    @property
    def held_bytes(self) -> int:
        """The bytes that are unpacked for it, in memory or in a file, without the list of members."""

    def find(self, name: str) -> Optional[str]:
        """Return what ``members`` calls a member, ``None`` where there is none.

        ``name`` may also be what another run called it, which took its bytes for another encoding.
        """

    def read(self, name: str, limit: int) -> bytes:
        """Return the bytes of a member, at most ``limit`` of them.

        Raises
        ------
        ReadError
            There is no such member, or it cannot be used.
        OSError
            The archive cannot be read.
        """

    def inner(self, name: str, budget: Budget) -> Archive:
        """Open the archive that is a member: unpacked, or in place where it is not packed.

        ``held_bytes`` of the result says which; ``budget`` counts what is unpacked. Closing this archive leaves the
        result open; errors are those of :func:`open_archive` and of ``read``.
        """

    def close(self) -> None:
        """Close the file, or release the memory."""


@dataclass(frozen=True)
class Format:
    """An archive format.

    ``suffixes`` are in lower case with their dots. ``looks_like`` says whether content begins like this format; with
    ``anywhere`` also whether an archive of it lies behind other bytes. ``open`` takes over the content: the archive
    closes it. It raises as :func:`open_archive` does.
    """

    suffixes: tuple[str, ...]
    looks_like: Callable[[Content, bool], bool]
    open: Callable[[Content, Budget], Archive]


_FORMATS: list[Format] = []


def register(archive_format: Format) -> None:
    """Add a format; content that looks like none is opened as the first one."""
    _FORMATS.append(archive_format)


def archive_suffixes() -> frozenset[str]:
    """Return the suffixes of all formats."""
    return frozenset(suffix for each in _FORMATS for suffix in each.suffixes)


def suffixes_of(name: str) -> tuple[str, str]:
    """Return the suffix of a name and its last two, in lower case: ``.gz`` and ``.tar.gz``."""
    stem, last = os.path.splitext(name)
    return last.lower(), f"{os.path.splitext(stem)[1]}{last}".lower()


def open_archive(
    source: Union[str, bytes, bytearray, Content],
    limits: ArchiveLimits = DEFAULT_LIMITS,
    *,
    name: str = "",
    budget: Optional[Budget] = None,
) -> Archive:
    """Open an archive at a path, in memory, or in the content of another, as what it begins like or else is called.

    ``name`` is that of the member where ``source`` is no path. ``budget`` counts what opening unpacks; its limits
    replace ``limits``. The archive closes a ``Content`` that it is given, even if it cannot be opened.

    Raises
    ------
    ReadError
        It is no archive, is so damaged that no member can be found, or is larger than the limits allow.
    OSError
        It cannot be read.
    """
    content = _as_content(source)
    try:
        archive_format = _format_of(content, source if isinstance(source, str) else name)
        return archive_format.open(content, budget or Budget(limits, content.size))
    except BaseException:  # Ctrl-C, too, leaves no file open
        content.close()
        raise


def looks_like_archive(path: str, *, anywhere: bool = False) -> bool:
    """Whether a file begins like an archive; with ``anywhere`` also whether there is one behind other bytes.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    content = _as_content(path)
    try:
        return any(each.looks_like(content, anywhere) for each in _FORMATS)
    finally:
        content.close()


def _as_content(source: Union[str, bytes, bytearray, Content]) -> Content:
    if isinstance(source, str):
        return RemoteContent(source) if is_url(source) else FileContent(source)
    return HeldContent(source, len(source)) if isinstance(source, (bytes, bytearray)) else source


def _format_of(content: Content, name: str) -> Format:
    """Return the format of the content, else that of the name, else the first."""
    begun = (each for each in _FORMATS if each.looks_like(content, False))
    named = (each for each in _FORMATS if set(each.suffixes).intersection(suffixes_of(name)))
    return next(begun, None) or next(named, None) or _FORMATS[0]
