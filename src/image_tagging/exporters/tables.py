"""The result tables of stages 1, 3 and 4: one SQLite file each, written whole and moved into place."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from ..errors import OutputError
from ..records import ListedFile
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
        return re.compile(rb"CREATE (?:TABLE|VIEW) \W?" + self.name.encode() + rb"\b")


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
TABLES = {table.name: table for table in (STAGE1, STAGE3, STAGE4)}


#: The variable that SQLite takes the folder of its temporary files from.
_SORTING = "SQLITE_TMPDIR"


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
    """Write the plain table of stage 1 to a database at ``path``, which appears only when it is complete.

    Raises
    ------
    OutputError
        The database cannot be written, or another file is there.
    """
    with result_database(path, table) as connection:
        connection.execute(f"CREATE TABLE {table.name}({', '.join(table.columns)})")
        yield TableWriter(connection, table)


@contextmanager
def result_database(path: str, table: ResultTable) -> Iterator[sqlite3.Connection]:
    """Give an empty database for a table; raises as :func:`result_table` does."""
    with new_database(path, table.mark) as aside, _sorted_beside(path):
        try:
            with closing(sqlite3.connect(aside)) as connection:
                connection.execute("PRAGMA synchronous = OFF")  # nobody sees the file before it is whole
                connection.execute("PRAGMA journal_mode = OFF")
                connection.execute("PRAGMA locking_mode = EXCLUSIVE")
                connection.execute("PRAGMA cache_size = -8192")  # 8 MiB: an index is sorted in parts of that size
                connection.execute("PRAGMA threads = 4")  # which sort parts while the next is read
                yield connection
                connection.commit()
        except sqlite3.Error as error:
            raise OutputError(f"cannot write {path}: {error}. Free some space or choose another output.") from error


@contextmanager
def _sorted_beside(path: str) -> Iterator[None]:
    """Have SQLite sort large indexes on the disk of a file, unless the user has named another folder for it.

    Its own choice need not have room for gigabytes. It removes the names of its files as soon as they are open.
    """
    if _SORTING in os.environ:
        yield
        return
    os.environ[_SORTING] = os.path.dirname(os.path.abspath(path))
    try:
        yield
    finally:
        os.environ.pop(_SORTING, None)


def image_row(table: ResultTable, file: ListedFile, hash_id: str) -> tuple[Any, ...]:
    """Return the row of an image in ``stage1``."""
    ref = file.ref
    return (ref.name, ref.path, ref.suffix, hash_id, *_input(table, file.input))


def _input(table: ResultTable, source: str) -> tuple[str, ...]:
    return (encodable(source),) if table.has_input else ()
