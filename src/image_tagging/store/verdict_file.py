"""The file of the verdicts of an output folder: one SQLite database, read and written by several processes.

It is not held as the working store is: a training reads it while an app writes. With a rollback journal it is one file
that can be copied at any time between two batches, and every batch is on the disk when it is given (``synchronous``).
"""

from __future__ import annotations

import os
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from typing_extensions import Self

from ..errors import VerdictsError
from ..text import escaped
from ..writing import make_folder, require_plain_database
from .store_file import Database

#: The name of the file in an output folder.
VERDICTS_NAME = "verdicts.db"

#: The version of the tables below, written into the file.
VERSION = 1

#: ``batch`` and ``undone_by`` are numbers of one sequence: what was given later has the greater one.
_TABLE = """CREATE TABLE verdict(
    id TEXT PRIMARY KEY, time TEXT NOT NULL, batch INTEGER NOT NULL, tag TEXT NOT NULL, hash_id TEXT NOT NULL,
    verdict TEXT NOT NULL, before TEXT NOT NULL, score REAL, model TEXT NOT NULL, mode TEXT NOT NULL,
    position INTEGER, file_path TEXT NOT NULL, undone_by INTEGER)"""
_BY_PICTURE = "CREATE INDEX verdict_picture ON verdict(tag, hash_id, time)"
_BY_BATCH = "CREATE INDEX verdict_batch ON verdict(batch)"
_BY_UNDO = "CREATE INDEX verdict_undone ON verdict(undone_by)"

STATEMENTS = {
    "verdict": _TABLE,
    "verdict_picture": _BY_PICTURE,
    "verdict_batch": _BY_BATCH,
    "verdict_undone": _BY_UNDO,
}

_MAKE = (re.sub(r"^CREATE (\w+)", r"CREATE \1 IF NOT EXISTS", each) for each in STATEMENTS.values())
_SCHEMA = "; ".join((*_MAKE, f"PRAGMA user_version = {VERSION};"))

#: What a database begins with.
_MAGIC = b"SQLite format 3\x00"

#: The endings of what changes a database as soon as that is read.
_JOURNALS = ("-journal", "-wal")

#: Seconds to wait for another process that is writing a batch.
_WAIT = 10.0


def is_database(path: str) -> bool:
    """Return whether a file is a database, by how it begins; what cannot be read, or is a pipe, is none."""
    if not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


class VerdictFile:
    """The open file at ``path``; it is made where it is missing and ``is_new`` says that it may be.

    Raises
    ------
    VerdictsError
        It is missing, cannot be opened, or is something else or of another version.
    OutputError
        The folder cannot be made, or a link is in its place.
    """

    def __init__(self, path: str, *, is_new: bool = False) -> None:
        self.path = path
        self._lock = threading.RLock()
        if is_new:
            make_folder(os.path.dirname(path))
            require_plain_database(path)
        elif not os.path.isfile(path):
            raise VerdictsError(f"there is no file of verdicts at {path}. Check the path.")
        elif any(os.path.lexists(path + ending) for ending in _JOURNALS):
            require_plain_database(path)  # a journal is rolled back into it: a stranger may have made both
        with self._errors():
            # It is opened to be written to also where it is only read: a batch that was cut off is then taken back.
            uri = f"{Path(path).absolute().as_uri()}?mode={'rwc' if is_new else 'rw'}"
            self._db = sqlite3.connect(uri, uri=True, timeout=_WAIT, isolation_level=None, check_same_thread=False)
        try:
            self._open(is_new=is_new)
        except BaseException:  # Ctrl-C, too, leaves no file open
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        with self._lock:  # SQLite crashes where a connection is closed under a query of another thread
            self._db.close()

    def _open(self, *, is_new: bool) -> None:
        """Make the tables where the file is empty, and require that they are ours."""
        with self._errors():
            self._db.execute("PRAGMA trusted_schema = OFF")
            self._db.execute("PRAGMA synchronous = EXTRA")
            if is_new and not self._found() and os.path.getsize(self.path) == 0:
                self._db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT")  # in one go: two processes may be here
            found, ((version,),) = self._found(), self.rows("PRAGMA user_version")
        if version > VERSION and found.keys() >= {"verdict"}:
            raise VerdictsError(
                f"{self.path} holds verdicts of a newer version of this program (format {version}, known is {VERSION})."
                " Use that version, or export them with it as JSON Lines."
            )
        if version != VERSION or found != STATEMENTS:
            raise VerdictsError(
                f"{self.path} is no file of verdicts: another program made it. Move it away, or give another file."
            )

    def _found(self) -> dict[str, str]:
        """Return the statement that made each table and index: a stranger's triggers, views and checks would run."""
        rows = self.rows("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite@_%' ESCAPE '@'")
        return {str(name): str(sql) for name, sql in rows}

    def rows(self, query: str, values: Any = ()) -> list[Any]:
        """Return all rows of a query, of one state of the file; any thread may call this."""
        with self._lock, self._errors():
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[Database]:
        """Give the database for changes that are made together and are then on the disk, or are not made at all."""
        with self._lock, self._errors(), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            yield self._db

    def damaged(self, why: str) -> VerdictsError:
        """Return the error for a file that can be read and holds what was never written there."""
        return VerdictsError(f"the verdicts in {self.path} are damaged: {why}. Use a copy of the file, or an export.")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, UnicodeDecodeError, OSError) as error:  # what a damaged file says need not be text
            said = escaped(str(error))[:200]
            raise VerdictsError(f"the verdicts in {self.path} cannot be used: {said}. {_advice(said)}") from error


def _advice(said: str) -> str:
    if "locked" in said:
        return "Another program holds the file: close that, or wait for it."
    if "readonly" in said or "unable to open" in said:
        return "Make the file and its folder writable."
    if "full" in said or "I/O" in said:
        return "Free some space."
    return "The file is damaged or something else: use a copy of it, or an export."
