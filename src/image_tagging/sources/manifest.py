"""A manifest: everything that was found at a source, as a Parquet table, a row for each item in the order of finding.

It is written once and read by every run in place of finding again. Both are streams, so that the number of rows does
not matter. A manifest may come from a stranger, and be damaged or made to do harm.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import IO, Any, Optional, Union

from ..addresses import ImageRef
from ..errors import InputError
from ..parquet import Table, table_writer
from ..records import Failure, Found, FoundArchive
from ..text import escape_surrogates, unescape_surrogates
from .manifest_rows import COLUMNS, WORDS, Row, item_of, row_of
from .system_folders import is_system, system_folder_error
from .table_errors import TableErrors, require_pyarrow

_KEY = "image_tagging.manifest"
_MARK = re.compile(re.escape(_KEY).encode())
_FORMAT = 1

#: Rows, and bytes of all addresses, for each byte of the file; and what any file may have.
_ROWS_A_BYTE, _LEAST_ROWS = 4, 1_000_000
_NAMES_RATIO, _LEAST_NAMES = 200, 1 << 30

_WHAT, _REMEDY = "a manifest", "Give a file that image-tagging list wrote."


@dataclass(frozen=True)
class ListedBy:
    """What a manifest was listed from, and the settings that decide what is found there."""

    source: str
    tag_level: str = "parent"
    exclude: tuple[str, ...] = ()
    follow_links: bool = False
    archive_encoding: Optional[str] = None


def write_manifest(path: str, listed_by: ListedBy, found: Iterable[tuple[Found, Optional[int]]]) -> None:
    """Write a manifest of found items, each with the number of its shard, which appears when it is complete.

    Raises
    ------
    InputError
        pyarrow is not installed; and what the stream raises.
    OutputError
        The file cannot be written, or another file that is no manifest is there.
    """
    require_pyarrow(path)
    notes = {**asdict(listed_by), "format": _FORMAT, "source": escape_surrogates(listed_by.source)}
    with table_writer(path, _MARK, COLUMNS, {_KEY: json.dumps(notes)}, WORDS) as add:
        for item, shard in found:
            add(row_of(item, shard))


def is_manifest(table: Table) -> bool:
    """Return whether an open table is a manifest by its notes."""
    return _KEY.encode() in table.footer.notes


class Manifest:
    """A manifest at a path. Opening it reads its footer.

    Raises
    ------
    InputError
        It is missing, damaged, no manifest, or of another version; or pyarrow is not installed.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._errors = TableErrors(path, _WHAT, _REMEDY)
        require_pyarrow(path)
        with self._opened() as file:
            table = Table(file, self._errors)
            self.listed_by = self._listed_by(table)
            size = os.fstat(file.fileno()).st_size
        if table.rows > max(_LEAST_ROWS, _ROWS_A_BYTE * size):
            raise self._errors.foreign("it has far more rows than its size allows")
        self._most_names = max(_LEAST_NAMES, _NAMES_RATIO * size)
        self.rows = table.rows

    def items(self, *, open_archives: bool = True) -> Iterator[Found]:
        """Yield everything that was found, in its order; without ``open_archives`` as if none had been opened.

        Raises
        ------
        InputError
            A row is none of a manifest, or the file is damaged; while the stream is read.
        """
        return self._items() if open_archives else _without_archives(self._items())

    def _items(self) -> Iterator[Found]:
        number = names = 0
        with self._opened() as file:
            for batch in Table(file, self._errors).batches(list(COLUMNS)):
                for row in self._rows(batch):
                    number += 1
                    names += len(row[1]) if isinstance(row[1], str) else 0
                    if names > self._most_names:
                        raise self._errors.foreign("its addresses take far more than its size")
                    yield self._item(row, number)

    def _rows(self, batch: Mapping[str, Any]) -> Iterable[Row]:
        try:
            return zip(*[batch[name].to_pylist() for name in COLUMNS])
        except UnicodeDecodeError as error:
            raise self._errors.malformed("cannot be used: it holds what is no text") from error

    def _item(self, row: Row, number: int) -> Found:
        try:
            return item_of(row, _checked)
        except ValueError as error:
            raise self._errors.malformed(f"cannot be used: row {number:,} {error}") from error

    def _opened(self) -> IO[bytes]:
        try:
            if not os.path.isfile(self._path):  # a pipe would be waited for
                raise FileNotFoundError(None, "there is no file")
            return open(self._path, "rb")
        except OSError as error:
            raise InputError(f"cannot read {self._path}: {error.strerror or error}. {_REMEDY}") from error

    def _listed_by(self, table: Table) -> ListedBy:
        kinds = {leaf.name: leaf for leaf in table.footer.leaves}
        if not is_manifest(table) or list(kinds) != list(COLUMNS):
            raise self._errors.foreign("it lacks the columns or the notes of one")
        if any(not leaf.is_single for leaf in kinds.values()):
            raise self._errors.foreign("a column of it has several values in a row")
        notes: Any = None
        with suppress(ValueError):
            notes = json.loads(table.footer.notes[_KEY.encode()])
        if not isinstance(notes, dict) or notes.get("format") != _FORMAT:
            raise self._errors.foreign("it is of another version of this program, or damaged")
        return self._checked_notes(notes)

    def _checked_notes(self, notes: dict[str, Any]) -> ListedBy:
        exclude, encoding = notes.get("exclude"), notes.get("archive_encoding")
        if (
            not isinstance(notes.get("source"), str)
            or notes.get("tag_level") not in {"parent", "top"}
            or not isinstance(exclude, list)
            or not all(isinstance(each, str) for each in exclude)
            or not isinstance(encoding, (str, type(None)))
        ):
            raise self._errors.foreign("its notes are damaged")
        source = unescape_surrogates(notes["source"])
        if "\0" in source or is_system(source):
            raise self._errors.foreign(f"it names a source that cannot be read ({system_folder_error()})")
        return ListedBy(source, notes["tag_level"], tuple(exclude), bool(notes.get("follow_links")), encoding)


def _checked(ref: ImageRef) -> Union[ImageRef, Failure]:
    """Return the address of an image; the failure of one that lies where nothing is ever read."""
    if "\0" in ref.file:
        return Failure(
            ImageRef(ref.file.replace("\0", "?")), "read", "missing", "its path is none that a file can have"
        )
    if _is_of_system(os.path.dirname(ref.file)):
        error = system_folder_error()
        return Failure(ref, "read", error.code, str(error))
    return ref


@lru_cache(maxsize=4096)
def _is_of_system(folder: str) -> bool:
    return is_system(folder)


def _without_archives(found: Iterable[Found]) -> Iterator[Found]:
    """Yield what finding gives where it opens no archive: of each archive that it is there, and no more.

    What failed of an archive as a whole comes before it, and is held until that is known.
    """
    held: list[Failure] = []
    for item in found:
        if isinstance(item, FoundArchive) and not item.ref.members:
            if held and held[0].ref.file != item.ref.file:
                yield from held
            held.clear()
            yield FoundArchive(item.ref, None)
        elif item.ref.members:
            continue
        elif isinstance(item, Failure):
            if held and held[0].ref.file != item.ref.file:
                yield from held
                held.clear()
            held.append(item)
        else:
            yield from held
            held.clear()
            yield item
    yield from held
