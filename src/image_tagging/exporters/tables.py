"""The result tables of stages 1, 3 and 4: one SQLite file each, written whole and moved into place, and read."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..datasets import FileErrors
from ..errors import OutputError
from ..records import FoundArchive, ListedFile, TagScore
from ..text import encodable
from ..writing import new_database


@dataclass(frozen=True)
class ResultTable:
    """A documented table: its name, which is also the file's stem, and its columns with their types."""

    name: str
    columns: tuple[str, ...]
    has_input: bool = False

    def with_input(self, wanted: bool) -> ResultTable:
        """Return the table with a last column for the input of each row, where that is ``wanted``."""
        return replace(self, columns=(*self.columns, "input TEXT"), has_input=True) if wanted else self

    @property
    def file_name(self) -> str:
        """The database file's name: ``stage3.db``."""
        return f"{self.name}.db"

    @property
    def mark(self) -> re.Pattern[bytes]:
        """What the file holds near its beginning."""
        return re.compile(rb"CREATE TABLE \W?" + self.name.encode() + rb"\b")


STAGE1 = ResultTable(
    "stage1",
    ("file_name TEXT NOT NULL", "file_path TEXT NOT NULL", "type TEXT NOT NULL", "hash_id TEXT NOT NULL"),
)
STAGE3 = ResultTable(
    "stage3",
    (
        *("file_name TEXT NOT NULL", "file_path TEXT NOT NULL", "type TEXT NOT NULL", "hash_id TEXT NOT NULL"),
        *("model_type TEXT NOT NULL", "tag_name TEXT NOT NULL", "tag_prob REAL NOT NULL", "tagged INTEGER NOT NULL"),
    ),
)
STAGE4 = ResultTable(
    "stage4",
    (
        *("file_name TEXT NOT NULL", "file_path TEXT NOT NULL", "archive_path TEXT", "type TEXT NOT NULL"),
        *("n_img_content INTEGER", "hash_id TEXT", "model_type TEXT", "tag_name TEXT", "tag_prob REAL"),
        "tagged INTEGER",
    ),
)


#: Every table, by its name.
_TABLES = {table.name: table for table in (STAGE1, STAGE3, STAGE4)}


#: A stranger's file may hold any number.
_MOST_TABLES = 1000


class TableWriter:
    """Appends rows to a table that is being written."""

    def __init__(self, connection: sqlite3.Connection, table: ResultTable) -> None:
        self.table = table
        self._connection = connection
        marks = ", ".join("?" for _ in table.columns)
        self._insert = f"INSERT INTO {table.name} VALUES ({marks})"

    def add(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Append rows, with their values in the order of the columns."""
        self._connection.executemany(self._insert, rows)


@contextmanager
def result_table(path: str, table: ResultTable) -> Iterator[TableWriter]:
    """Write ``table`` to a database at ``path``, which appears only when it is complete.

    Raises
    ------
    OutputError
        The database cannot be written, or another file is there.
    """
    with new_database(path, table.mark) as aside:
        try:
            with closing(sqlite3.connect(aside)) as connection:
                connection.execute("PRAGMA synchronous = OFF")  # nobody sees the file before it is whole
                connection.execute("PRAGMA journal_mode = OFF")
                connection.execute(f"CREATE TABLE {table.name}({', '.join(table.columns)})")
                yield TableWriter(connection, table)
                connection.commit()
        except sqlite3.Error as error:
            raise OutputError(f"cannot write {path}: {error}. Free some space or choose another output.") from error


def stored_rows(errors: FileErrors) -> Iterator[dict[str, Any]]:
    """Yield the rows of a stored table by the names of its columns.

    Raises
    ------
    ImageTaggingError
        One of ``errors``, which name the file: it is missing, or no database with exactly one of the tables.
    """
    try:
        with open(errors.path, "rb"):  # what the system says against it, in the system's words
            uri = f"{Path(errors.path).absolute().as_uri()}?mode=ro"
    except OSError as error:
        raise errors.unreadable(error) from error
    for ending in ("-wal", "-journal"):
        if os.path.lexists(errors.path + ending):
            raise errors.malformed(
                f"is open in another program ({ending[1:]}): close it, or move {errors.path}{ending} away"
            )
    try:
        # Immutable: else SQLite may write to a file next to it.
        with closing(sqlite3.connect(f"{uri}&immutable=1", uri=True)) as connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            master = connection.execute("SELECT name, type FROM sqlite_master").fetchmany(_MOST_TABLES)
            names = [name for name, _ in master if name in _TABLES]
            if len(names) != 1 or any(kind not in {"table", "index"} for _, kind in master):
                raise errors.foreign(
                    f"it holds {' and '.join(names) or 'none'} of {', '.join(_TABLES)}, or more than tables"
                )
            table = _TABLES[names[0]]
            rows = connection.execute(f"SELECT * FROM {table.name}")
            columns = [column for column, *_ in rows.description]
            for row in rows:
                yield dict(zip(columns, row))
    except (sqlite3.Error, UnicodeDecodeError) as error:  # what a damaged file says need not be text
        raise errors.malformed(f"cannot be read: {error}") from error


def image_row(table: ResultTable, file: ListedFile, hash_id: str) -> tuple[Any, ...]:
    """Return the row of an image in ``stage1``."""
    ref = file.ref
    return (ref.name, ref.path, ref.suffix, hash_id, *_input(table, file.input))


def score_rows(table: ResultTable, file: ListedFile, hash_id: str, scores: Iterable[TagScore]) -> list[tuple[Any, ...]]:
    """Return the rows of an image in ``stage3`` or ``stage4``, one for each model."""
    ref, end = file.ref, _input(table, file.input)
    image: tuple[Any, ...] = (ref.name, ref.path, ref.suffix, hash_id)
    if table.name == STAGE4.name:
        image = (ref.name, ref.path, ref.archive, ref.suffix, None, hash_id)
    return [(*image, score.kind, score.tag, score.probability, int(score.tagged), *end) for score in scores]


def archive_row(table: ResultTable, archive: FoundArchive) -> tuple[Any, ...]:
    """Return the row of an archive in ``stage4``; its ``archive_path`` is the archive that holds it, if any."""
    ref = archive.ref
    return (ref.name, ref.path, ref.archive, ref.suffix, archive.images, *(None,) * 5, *_input(table, archive.input))


def _input(table: ResultTable, source: str) -> tuple[str, ...]:
    return (encodable(source),) if table.has_input else ()
