"""What exports have written: the digest of every file, so that a later one replaces those alone."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import zip_longest
from typing import NamedTuple, Optional, TextIO

import orjson

from ...errors import OutputError
from ...writing import appended_text, new_text

LEDGER_NAME = "image-tagging.exports"

_HEADER = '["image-tagging exports", 1]'
#: Bytes of a digest, and of whether others began the file.
_PACKED = 17

_MARK = re.compile(re.escape(_HEADER.encode()))


class Noted(NamedTuple):
    """A file of an export, by its name below ``place`` (or its path); ``merged`` says that others began it."""

    place: str
    name: str
    digest: str
    merged: bool


def digest_of(content: bytes) -> str:
    """Return what stands for the content of a file."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


class Ledger:
    """The files of one place that exports into it have written, by their names; the newest note of each wins.

    Notes are appended while an export runs, so that files of one that was killed are known; :meth:`finish` writes the
    ledger anew with what there is.

    Raises
    ------
    OutputError
        The ledger is damaged, cannot be written, or something else has its name.
    """

    def __init__(self, folder: str, place: str) -> None:
        self._path = os.path.join(folder, LEDGER_NAME)
        self._place = place
        self._file: Optional[TextIO] = None
        self.known: dict[str, bytes] = {}  # the digests of each name, packed: there may be a million
        for noted in self._notes():
            if noted.place == place:
                with suppress(ValueError):  # of a damaged line
                    self.known[noted.name] = self.known.get(noted.name, b"") + _packed(noted)

    def owner(self, name: str, digest: str) -> Optional[Noted]:
        """Return the note of a file with this content, ``None`` where no export has written it."""
        packed, wanted = self.known.get(name, b""), bytes.fromhex(digest)
        for at in range(0, len(packed), _PACKED):
            if packed.startswith(wanted, at):
                return Noted(self._place, name, digest, bool(packed[at + _PACKED - 1]))
        return None

    def note(self, files: Iterable[tuple[str, str, bool]]) -> None:
        """Note files that are about to be written, by name and digest, and whether others began them."""
        lines = "".join([_line(Noted(self._place, *file)) for file in files])
        try:
            if self._file is None:
                is_new = not os.path.exists(self._path)
                self._file = appended_text(self._path)
                self._file.write(f"{_HEADER}\n" if is_new else "\n")  # what a killed run left half stays a line
            self._file.write(lines)
            self._file.flush()
        except OSError as error:
            raise self._unwritable(error) from error

    def finish(self, is_there: Callable[[str], bool]) -> None:
        """Write the ledger with the files of this place that are there now, and those of other places."""
        self.close()
        self.known = {}
        others: list[str] = []
        newest: dict[str, str] = {}
        for noted in self._notes():
            if noted.place != self._place:
                others.append(_line(noted))
            elif is_there(noted.name):
                newest[noted.name] = _line(noted)
        if not others and not newest and not os.path.exists(self._path):
            return
        lines = [_HEADER + "\n", *others, *(newest[name] for name in sorted(newest))]
        with suppress(FileNotFoundError), open(self._path, "rb") as file:
            if all(line is not None and line.encode() == held for line, held in zip_longest(lines, file)):
                return
        with new_text(self._path, _MARK) as written:
            written.writelines(lines)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _notes(self) -> Iterator[Noted]:
        try:
            with open(self._path, "rb") as file:
                if file.readline().rstrip() != _HEADER.encode():
                    raise OutputError(f"{self._path} is no ledger of exports: move it away.")
                for line in file:
                    with suppress(orjson.JSONDecodeError, TypeError, ValueError):  # half a line of a killed run
                        place, name, digest, merged = orjson.loads(line)
                        yield Noted(str(place), str(name), str(digest), bool(merged))
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(f"cannot use {self._path}: {error.strerror or error}. Free some space or allow it.")


def _packed(noted: Noted) -> bytes:
    packed = bytes.fromhex(noted.digest) + bytes([noted.merged])
    if len(packed) != _PACKED:
        raise ValueError("the digest is of another length")
    return packed


def _line(noted: Noted) -> str:
    return orjson.dumps([noted.place, noted.name, noted.digest, noted.merged]).decode() + "\n"
