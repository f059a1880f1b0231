"""The file of the working store: one SQLite file in the output folder, held by one process at a time.

All SQL of the store runs here, for the parts that are given a :class:`StoreFile`. Any thread may read; the lock lets in
one at a time.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from typing_extensions import Self

from ..errors import OutputError
from ..text import escaped
from ..writing import has_temporary_folder, make_folder, remove_leftovers, require_plain_database
from . import schema
from .schema import SESSION

STORE_NAME = "image-tagging.store"

#: What a transaction gives: the parts of the store change the tables by it, and need not import SQLite.
Database = sqlite3.Connection

#: Seconds to wait for another run that holds the store: it may be about to end.
_WAIT = 5.0

_MOVE_AWAY = "Move it away, and what it knew is computed again; or use another output folder."


class StoreFile:
    """An open store: its lock, its queries, its transactions, its errors.

    Raises
    ------
    OutputError
        It cannot be opened or written, another run holds it, or the file is something else.
    """

    def __init__(self, folder: str) -> None:
        self.path = os.path.join(make_folder(folder), STORE_NAME)
        require_plain_database(self.path)
        self._lock = threading.RLock()
        with self._store_errors():
            # Threads that prepare images ask whether an embedding is known; the lock lets in one at a time.
            self._db = sqlite3.connect(self.path, timeout=_WAIT, isolation_level=None, check_same_thread=False)
        try:
            self._open()
        except BaseException:  # Ctrl-C, too, leaves no file open or locked
            self._db.close()
            raise
        remove_leftovers(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        with self._lock:  # SQLite crashes where a connection is closed under a query of another thread
            self._db.close()

    def _open(self) -> None:
        """Make the file a store where it is new, and lock it."""
        with self._store_errors():
            with self._db:  # both of one state of the file: another run may be making it a store just now
                self._db.execute("BEGIN")
                ((version,),) = self.rows("PRAGMA user_version")
                found = self._statements()
            if found and (version not in schema.VERSIONS or found != schema.statements_of(version)):
                raise OutputError(
                    f"{self.path} is not a working store of this version: another program made it, or a newer version "
                    "of this one. Move it away, or use another output folder."
                )
            self._db.execute("PRAGMA trusted_schema = OFF")
            self._db.execute("PRAGMA page_size = 8192")  # of a new file: 3 embeddings of 512 values, 1 in half as much
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute("PRAGMA cache_size = -65536")  # 64 MiB, most of the indexes of a million images
            if not has_temporary_folder():  # for sorting many names
                self._db.execute("PRAGMA temp_store = MEMORY")
            # Beginning to write takes the lock; in one go, so that a run that is killed here leaves no half of a store.
            # One of this version is not written: what was made from the file is known to be by its stamp.
            is_current = bool(found) and version == schema.VERSION
            if is_current and not os.access(self.path, os.W_OK):
                raise sqlite3.OperationalError("attempt to write a readonly database")
            migration = "" if is_current else schema.steps_from(version if found else None)
            schema.add_functions(self._db)
            self._db.executescript(f"BEGIN IMMEDIATE; {migration} COMMIT")
            self._db.executescript(SESSION)

    def _statements(self) -> dict[str, str]:
        """Return the statement that made each table and index: a stranger's triggers, views and checks would run."""
        rows = self.rows("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite@_%' ESCAPE '@'")
        return {name: str(sql) for name, sql in rows}

    def rows(self, query: str, values: Any = ()) -> list[Any]:
        """Return all rows of a query; any thread may call this."""
        with self._lock, self._store_errors():
            return self._db.execute(query, values).fetchall()

    def stream(self, query: str, values: Any = ()) -> Iterator[Any]:
        """Yield the rows of a query one by one, for results of any size; nothing is written while they are taken."""
        with self._store_errors():
            for row in self._db.execute(query, values):  # noqa: UP028  "yield from" would close the cursor, too late
                yield row

    @contextmanager
    def transaction(self) -> Iterator[Database]:
        """Give the database for changes that are made together or, where the block fails, not at all."""
        with self._lock, self._store_errors(), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            yield self._db

    def damaged(self, what: str) -> OutputError:
        """Return the error for a file that can be read and holds what was never written there."""
        return OutputError(f"the working store {self.path} is damaged: {what}. {_MOVE_AWAY}")

    @contextmanager
    def _store_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, UnicodeDecodeError) as error:  # what a damaged file says need not be text
            said = escaped(str(error))[:200]
            raise OutputError(f"the working store {self.path} cannot be used: {said}. {_advice(said)}") from error


def _advice(said: str) -> str:
    if "locked" in said:
        return "Wait for the other run, or use another output folder."
    if "readonly" in said or "unable to open" in said:
        return "Make it and its folder writable, or use another output folder."
    if "full" in said or "I/O" in said:
        return "Free some space, or use another output folder."
    return f"It is damaged or something else. {_MOVE_AWAY}"
