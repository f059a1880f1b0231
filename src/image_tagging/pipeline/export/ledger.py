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
from ...text import escape_surrogates, unescape_surrogates
from ...writing import appended_text, new_text

LEDGER_NAME = "image-tagging.exports"

_TITLE = '["image-tagging exports",'
_HEADER = f"{_TITLE} 1]"
_MARK = re.compile(re.escape(_HEADER.encode()))

#: Bytes of a digest, and of whether others began the file; how many a name has, of runs that were killed.
_PACKED, _MOST = 17, 16

_DIGEST = re.compile("[0-9a-f]{32}")

#: Bytes of a line: that of a longer name is damaged.
_LONGEST_LINE = 1 << 18

#: How a place of files next to their images ends; in any other, names lead nowhere else.
NEXT_TO_IMAGES = ":beside"
_LEADS_OUT = re.compile(r"(^|/)(\.{0,2})(/|$)" if os.sep == "/" else r"(^|/)(\.{0,2})(/|$)|[\\:]")


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
    ledger again, with what there is. A damaged line is none: its file is then one of others, which is not replaced.

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
                self._remember(noted)

    def owner(self, name: str, digest: str) -> Optional[Noted]:
        """Return the note of a file with this content, ``None`` where no export has written it, and for no digest."""
        packed, wanted = self.known.get(name, b"") if digest else b"", bytes.fromhex(digest)
        for at in range(0, len(packed), _PACKED):
            if packed.startswith(wanted, at):
                return Noted(self._place, name, digest, bool(packed[at + _PACKED - 1]))
        return None

    def note(self, files: Iterable[tuple[str, str, bool]]) -> None:
        """Note files that are about to be written, by name and digest, and whether others began them."""
        noted = [Noted(self._place, *file) for file in files]
        lines = "".join(map(_line, noted))
        try:
            if self._file is None:
                is_new = not os.path.exists(self._path) or not os.path.getsize(self._path)
                self._file = appended_text(self._path)
                self._file.write(f"{_HEADER}\n" if is_new else "\n")  # what a killed run left half stays a line
            self._file.write(lines)
            self._file.flush()
        except OSError as error:
            raise self._unwritable(error) from error
        for each in noted:
            self._remember(each)

    def finish(self, is_there: Callable[[str], bool]) -> None:
        """Write the ledger with the files of this place that are there now, and those of other places."""
        self.close()
        names = sorted(filter(is_there, self.known))
        if not names and not os.path.exists(self._path):
            return
        with suppress(FileNotFoundError), open(self._path, "rb") as file:
            if all(line is not None and line.encode() == held for line, held in zip_longest(self._lines(names), file)):
                return
        with new_text(self._path, _MARK) as written:
            written.writelines(self._lines(names))

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _remember(self, noted: Noted) -> None:
        packed = bytes.fromhex(noted.digest) + bytes([noted.merged])
        self.known[noted.name] = (self.known.get(noted.name, b"") + packed)[-_MOST * _PACKED :]

    def _lines(self, names: Iterable[str]) -> Iterator[str]:
        """Yield the ledger with the newest note of each of these names, and with those of other places."""
        yield f"{_HEADER}\n"
        yield from (_line(noted) for noted in self._notes() if noted.place != self._place)
        for name in names:
            packed = self.known[name][-_PACKED:]
            yield _line(Noted(self._place, name, packed[:-1].hex(), bool(packed[-1])))

    def _notes(self) -> Iterator[Noted]:
        """Yield what is noted; a line that is half a line of a killed run, or damaged, is none."""
        try:
            with open(self._path, "rb") as file:
                self._require_ours(file.readline(_LONGEST_LINE).strip())
                while line := file.readline(_LONGEST_LINE):
                    noted = _noted(line)
                    if noted is not None:
                        yield noted
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._unwritable(error) from error

    def _require_ours(self, first: bytes) -> None:
        """Raise OutputError for a file that does not begin as a ledger; an empty one is that of a killed run."""
        if first.startswith(_TITLE.encode()) and first != _HEADER.encode():
            raise OutputError(
                f"{self._path} is of another version of image-tagging: export with that, or move it away, and what it "
                "exported."
            )
        if first and first != _HEADER.encode():
            raise OutputError(f"{self._path} is no ledger of exports: move it away.")

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(f"cannot use {self._path}: {error.strerror or error}. Free some space or allow it.")


def _noted(line: bytes) -> Optional[Noted]:
    """Return what a line notes; ``None`` of one that no export has written, or that leads out of its folder."""
    try:
        place, name, digest, merged = orjson.loads(line)
    except (TypeError, ValueError):  # a JSONDecodeError is a ValueError
        return None
    is_text = isinstance(place, str) and isinstance(name, str) and isinstance(digest, str)
    if not is_text or not isinstance(merged, bool) or not _DIGEST.fullmatch(digest):
        return None
    if not place.endswith(NEXT_TO_IMAGES) and _LEADS_OUT.search(name):
        return None
    return Noted(unescape_surrogates(place), unescape_surrogates(name), digest, merged)


def _line(noted: Noted) -> str:
    place, name = escape_surrogates(noted.place), escape_surrogates(noted.name)  # JSON has no bytes that are no UTF-8
    return orjson.dumps([place, name, noted.digest, noted.merged]).decode() + "\n"
