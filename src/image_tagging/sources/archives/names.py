"""The names of an archive's members: in one encoding, with one separator of folders, and no two the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass
from encodings.aliases import aliases
from typing import Any, Optional, Protocol, TypeVar

from ...files import numbered_name
from ...text import counted_are
from .encodings import UTF_8, choose_encoding
from .limits import LONG_NAME, ArchiveLimits, is_long_name, short_name

#: What the bytes are replaced by that an encoding does not have: they come back as they were (PEP 383).
_ESCAPE = "surrogateescape"


class _Member(Protocol):
    """A member whose name, if the archive does not say in which encoding it is, is escaped as in names of files."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def is_text(self) -> bool: ...

    def _replace(self, *args: Any, **values: Any) -> Any: ...


MemberT = TypeVar("MemberT", bound=_Member)


@dataclass(frozen=True)
class Naming:
    """How the names of an archive are read: ``encoding`` is that of names of which the archive does not say it.

    ``has_backslashes`` says that backslashes part folders. ``misnamed`` is a sentence where names are no text in an
    encoding that was asked for, else empty.
    """

    encoding: str
    has_backslashes: bool
    misnamed: str

    def find(self, name: str, members: Container[str]) -> Optional[str]:
        """Return the one of ``members`` that has this name, or had it for a run that took another encoding.

        Metadata outlives the choice of an encoding: a flag may be left out, and versions may choose differently.
        """
        if name in members:
            return name
        for encoding in (self.encoding, *sorted(set(aliases.values()))):
            try:
                spelt = self._text(name.encode(encoding, _ESCAPE))
            except (LookupError, UnicodeError):  # no encoding of text, or one that lacks a character
                continue
            if spelt in members:
                return spelt
        return None

    def _text(self, raw: bytes) -> str:
        text = raw.decode(self.encoding, _ESCAPE)
        return text.replace("\\", "/") if self.has_backslashes else text


def name_members(members: Sequence[MemberT], limits: ArchiveLimits) -> tuple[Naming, Sequence[MemberT]]:
    """Return how the names of an archive are read, and its members with their names.

    A backslash is a part of a name, since letters of Japanese and Chinese encodings hold its byte, and Linux lets
    names have it. It parts folders where no name has a slash, as in archives of some programs of Windows.
    """
    unsaid = [place for place, member in enumerate(members) if not member.is_text]
    names = [member.name for member in members]
    raw = [names[place].encode(UTF_8, _ESCAPE) for place in unsaid]
    encoding = limits.encoding or (choose_encoding(raw) if raw else UTF_8)
    for place, name in zip(unsaid, raw):
        names[place] = name.decode(encoding, _ESCAPE)
    misnamed = _misnamed([names[place] for place in unsaid], limits.encoding) if limits.encoding else ""
    has_backslashes = not any("/" in name for name in names) and any("\\" in name for name in names)
    if not raw and not has_backslashes:
        return Naming(encoding, has_backslashes, misnamed), members
    if has_backslashes:
        names = [name.replace("\\", "/") for name in names]
    return Naming(encoding, has_backslashes, misnamed), [
        member if member.name == name else _named(member, name, limits) for member, name in zip(members, names)
    ]


def _named(member: MemberT, name: str, limits: ArchiveLimits) -> MemberT:
    kind = "folder" if name.endswith("/") and member.kind == "file" and not member.size else member.kind
    if kind != LONG_NAME and is_long_name(name, limits):
        name, kind = short_name(name), LONG_NAME
    renamed: MemberT = member._replace(name=name, kind=kind)
    return renamed


def _misnamed(names: Sequence[str], encoding: str) -> str:
    count = len(names) - sum(map(is_valid, names))
    if not count:
        return ""
    return (
        f"{counted_are(count, 'name')} no text in {encoding} (--archive_encoding), and what is none stands as escapes: "
        "name another encoding, or none"
    )


def is_valid(name: str) -> bool:
    """Return whether a name is text, without a byte that its encoding does not have."""
    try:
        name.encode(UTF_8)
    except UnicodeEncodeError:
        return False
    return True


def unique_names(names: Sequence[str]) -> Sequence[str]:
    """One name for each member, in order: of several with one name the last keeps it, as when all are unpacked.

    The others are numbered as elsewhere (``cat (2).png``), past the names that other members have.
    """
    taken = set(names)
    if len(taken) == len(names):
        return names
    to_come = Counter(names)
    numbers: Counter[str] = Counter()
    unique = []
    for name in names:
        to_come[name] -= 1
        unique.append(_numbered(name, numbers, taken) if to_come[name] else name)
    return unique


def _numbered(name: str, numbers: Counter[str], taken: set[str]) -> str:
    while True:
        numbers[name] += 1
        numbered = numbered_name(name, numbers[name] + 1)
        if numbered not in taken:
            taken.add(numbered)
            return numbered
