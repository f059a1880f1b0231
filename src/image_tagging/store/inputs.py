"""The inputs of an output folder, by what they are listed for: a role holds the images of all of its inputs.

The rows of all roles are in one table, in the order of their results: role, input and position are packed in ``seq``.
The view ``listing`` gives those of the role that is chosen.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Optional

import orjson

from ..addresses import ImageRef
from ..files import is_url
from ..records import FoundArchive
from ..storage import is_at_url
from ..text import encodable
from .addresses import as_ref
from .finished import RESULTS
from .store_file import Database, StoreFile

#: Bits of the position of an image in its input, and of the number of the input in its role.
_POSITION_BITS, _NUMBER_BITS = 36, 20
_ROLE_BITS = _POSITION_BITS + _NUMBER_BITS

_INPUTS = """
SELECT number, source, digest, (SELECT count(*) FROM listed WHERE seq BETWEEN
    (input.role << 56) + (input.number << 36) AND (input.role << 56) + (input.number << 36) + 68719476735)
FROM input WHERE role = ? ORDER BY number
"""

_KEPT = "SELECT number, archives, folders FROM input WHERE role = ? ORDER BY number"
_SEQ = "SELECT seq FROM listed WHERE (address, role) = (?, ?)"
_REMEMBER = "INSERT OR REPLACE INTO input VALUES (?, ?, ?, ?, ?, ?)"
_NOTED = "SELECT source, digest, archives, folders FROM input WHERE (role, number) = (?, ?)"

#: Inputs all of whose images others hold now: those of a folder in a folder.
_DROP_EMPTY = """
DELETE FROM input WHERE role = ? AND NOT EXISTS (SELECT 1 FROM listed WHERE seq BETWEEN
    (input.role << 56) + (input.number << 36) AND (input.role << 56) + (input.number << 36) + 68719476735)
"""


class Role(IntEnum):
    """What images are listed for."""

    TAGGED = 1  #: stage 1: examples, a folder per tag
    UNTAGGED = 2  #: stage 1: images without tags; each input has its own metadata
    FOLDER = 3  #: stage 3
    ARCHIVE = 4  #: stage 4
    MOUNTAIN = 5  #: the mountain of the whole job, as stages 3 and 4 have it in two parts


@dataclass(frozen=True)
class KnownInput:
    """An input of an output folder: its role, its number in that, its absolute path, and how many images are listed."""

    role: Role
    number: int
    source: str
    images: int

    @property
    def is_there(self) -> bool:
        """Whether something is at its path now."""
        return is_at_url(self.source) if is_url(self.source) else os.path.exists(self.source)


@dataclass(frozen=True)
class FoundNotes:
    """What a run found in an input besides its images: its archives, and the tags of folders without an image."""

    digest: str
    archives: Sequence[FoundArchive]
    folders: Iterable[str]


class Inputs:
    """The part of the working store that holds the inputs, and which of them a run works on.

    ``role``, ``number`` and ``source`` are those chosen; ``origins`` has the paths of the inputs in the role, by their
    numbers, where there are two or more, and is empty otherwise.
    """

    def __init__(self, file: StoreFile) -> None:
        self._file = file
        self.role, self.number, self.source = Role.MOUNTAIN, 0, ""
        self.origins: Mapping[int, str] = {}

    def choose(self, role: Role, source: str = "") -> None:
        """Have ``listing`` give the images of a role, and changes go to the input ``source`` in it.

        That of untagged images gives those of this input alone.
        """
        known = self.of(role)
        self.role, self.source = role, source
        self.number = _number_of(source, known)
        first, last = self.range
        with self._file.transaction() as db:
            db.execute("DELETE FROM chosen")
            db.execute("INSERT INTO chosen VALUES (?, ?)", (first, last))
            db.execute("DELETE FROM absent")
            absent = [each for each in known if each.number != self.number and not each.is_there]
            db.executemany("INSERT INTO absent VALUES (?, ?)", [_range(role, each.number) for each in absent])
        self.see()

    @property
    def own_range(self) -> tuple[int, int]:
        """The first and the last ``seq`` of the input that is chosen."""
        return _range(self.role, self.number)

    @property
    def role_range(self) -> tuple[int, int]:
        """The first and the last ``seq`` of the role."""
        return _range(self.role)

    @property
    def range(self) -> tuple[int, int]:
        """The first and the last ``seq`` of what ``listing`` gives."""
        return self.own_range if self.role == Role.UNTAGGED else _range(self.role)

    def of(self, role: Role) -> list[KnownInput]:
        """Return the inputs of a role, in the order in which they were first added."""
        rows = self._file.rows(_INPUTS, (role,))
        return [KnownInput(role, number, as_ref(self._file, key).file, images) for number, key, _, images in rows]

    def listed(self) -> list[KnownInput]:
        """Return the inputs whose images ``listing`` gives, that which is chosen first."""
        known = sorted(self.of(self.role), key=lambda each: each.number != self.number)
        return known[:1] if self.role == Role.UNTAGGED else known

    def absent(self) -> list[KnownInput]:
        """Return the other inputs of the role at whose paths nothing is."""
        return [each for each in self.of(self.role) if each.number != self.number and not each.is_there]

    def see(self) -> None:
        """Look at the inputs of the role again: they have changed."""
        known = self.of(self.role)
        self.origins = {each.number: each.source for each in known} if len(known) > 1 else {}

    def origin(self, seq: int, *, of_role: bool = False) -> str:
        """Return the input of a row that ``listing`` gives, or of one ``of_role``; empty where there is one alone."""
        return self.origins.get(number_of(seq), "") if of_role or self.role != Role.UNTAGGED else ""

    def work(self, what: str = "", *, of_role: bool = False) -> str:
        """Return the name of a work that gives results of what ``listing`` gives: to be done again when it changes.

        Or of one that gives results ``of_role``, which has to look at the digest of that.
        """
        part = f".{self.number}" if self.role == Role.UNTAGGED and not of_role else ""
        return f"{RESULTS}{int(self.role)}{part}/{what}"

    def digest(self, *, of_role: bool = False) -> str:
        """Return what changes when an image that ``listing`` gives, or one ``of_role``, or an input, is another."""
        digest = hashlib.blake2b(digest_size=32)
        for number, source, found, _ in self._file.rows(_INPUTS, (self.role,)):
            if of_role or self.role != Role.UNTAGGED or number == self.number:
                digest.update(f"{number} {source} {found}\n".encode())
        return digest.hexdigest()

    def origin_in(self, role: Role) -> Callable[[ImageRef], str]:
        """Return what gives the input of an image of another role; empty where that has one input, or no such image."""
        sources = {each.number: each.source for each in self.of(role)}

        def origin(ref: ImageRef) -> str:
            rows = self._file.rows(_SEQ, (ref.key, role)) if len(sources) > 1 else ()
            return sources.get(number_of(rows[0][0]), "") if rows else ""

        return origin

    def remember(self, db: Database, notes: FoundNotes) -> None:
        """Within a transaction: keep what was found in the input that is chosen; those without an image are none."""
        db.execute(_REMEMBER, (self.role, self.number, *self._noted(notes)))
        db.execute(_DROP_EMPTY, (self.role,))

    def holds(self, notes: FoundNotes) -> bool:
        """Return whether this is what is kept of the input that is chosen."""
        return self._file.rows(_NOTED, (self.role, self.number)) == [self._noted(notes)]

    def _noted(self, notes: FoundNotes) -> tuple[str, str, str, str]:
        archives = [[archive.ref.key, archive.images] for archive in notes.archives]
        folders = [encodable(tag) for tag in notes.folders]
        return ImageRef(self.source).key, notes.digest, orjson.dumps(archives).decode(), orjson.dumps(folders).decode()

    def archives(self) -> tuple[FoundArchive, ...]:
        """Return the archives in the inputs of the role, each once."""
        found: dict[str, FoundArchive] = {}
        for number, archives, _ in self._kept():
            for key, images in archives:
                found[key] = FoundArchive(as_ref(self._file, key), images, self.origins.get(number, ""))
        return tuple(found.values())

    def folders(self) -> tuple[str, ...]:
        """Return the tags of folders without an image, in the inputs of the role."""
        return tuple(dict.fromkeys(tag for _, _, folders in self._kept() for tag in folders))

    def forget(self, db: Database, number: Optional[int]) -> None:
        """Within a transaction: take an input out of the role, or all of them."""
        db.execute("DELETE FROM listed WHERE seq BETWEEN ? AND ?", _range(self.role, number))
        if number is None:
            db.execute("DELETE FROM input WHERE role = ?", (self.role,))
        else:
            db.execute("DELETE FROM input WHERE (role, number) = (?, ?)", (self.role, number))

    def _kept(self) -> Iterator[tuple[int, Any, Any]]:
        """Yield the number of each input with the lists that are kept of it."""
        for number, archives, folders in self._file.rows(_KEPT, (self.role,)):
            if self.role != Role.UNTAGGED or number == self.number:
                try:
                    yield number, orjson.loads(archives), orjson.loads(folders)
                except ValueError as error:
                    raise self._file.damaged("what was found in an input cannot be read") from error


def number_of(seq: int) -> int:
    """Return the number of the input that a row is of."""
    return (seq >> _POSITION_BITS) & ((1 << _NUMBER_BITS) - 1)


def _range(role: Role, number: Optional[int] = None) -> tuple[int, int]:
    """Return the first and the last ``seq`` of a role, or of an input in it."""
    if number is None:
        return role << _ROLE_BITS, ((role + 1) << _ROLE_BITS) - 1
    first = (role << _ROLE_BITS) + (number << _POSITION_BITS)
    return first, first + (1 << _POSITION_BITS) - 1


def _number_of(source: str, known: Sequence[KnownInput]) -> int:
    """Return the number of an input: that which it has, by any of its paths, or a new one."""
    for each in known:
        if each.source == source:
            return each.number
    for each in known:
        with suppress(OSError):
            if source and os.path.samefile(each.source, source):
                return each.number
    return max((each.number for each in known), default=0) + 1
