"""The file of the working store: one SQLite file in the output folder, held by one process at a time."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Optional

from typing_extensions import Self

from ..errors import OutputError
from ..files import make_folder
from ..records import EncoderSpec
from ..text import encodable, escaped

STORE_NAME = "image-tagging.store"

#: The work of placing images in bins, finished from a set of models and a number of bins.
PLACING = "placing"

#: The version of the tables below, written into the file.
_VERSION = 1

#: Seconds to wait for another run that holds the store: it may be about to end.
_WAIT = 5.0

_TABLES = frozenset({"encoder", "image", "failure", "embedding", "finished", "imported", "listing"})

_MOVE_AWAY = "Move it away, and what it knew is computed anew; or use another output folder."

_SCHEMA = """
CREATE TABLE IF NOT EXISTS encoder(
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, pretrained TEXT NOT NULL, dim INTEGER NOT NULL,
    preprocess TEXT NOT NULL, UNIQUE(name, pretrained));
CREATE TABLE IF NOT EXISTS image(
    path TEXT PRIMARY KEY, stamp TEXT NOT NULL, hash_id TEXT NOT NULL, picture_hash TEXT NOT NULL,
    format TEXT NOT NULL, size_bytes INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS failure(
    path TEXT PRIMARY KEY, stamp TEXT NOT NULL, decoder TEXT NOT NULL, step TEXT NOT NULL, code TEXT NOT NULL,
    reason TEXT NOT NULL);
-- key: the picture_hash of a picture embedded here, or the hash_id of one that a metadata file brought.
CREATE TABLE IF NOT EXISTS embedding(
    key TEXT NOT NULL, encoder INTEGER NOT NULL REFERENCES encoder(id), vector BLOB NOT NULL,
    PRIMARY KEY(key, encoder));
-- What was finished, and a digest of all that it was made from: it need not be done again while that is the same.
CREATE TABLE IF NOT EXISTS finished(work TEXT PRIMARY KEY, digest TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS imported(path TEXT PRIMARY KEY, stamp TEXT NOT NULL);
-- The images of the latest run, in the order found; number counts those of one name.
CREATE TABLE IF NOT EXISTS listing(
    seq INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, address TEXT NOT NULL, stamp TEXT NOT NULL, name TEXT NOT NULL,
    tag TEXT NOT NULL, number INTEGER NOT NULL DEFAULT 1, picture_id TEXT);
CREATE INDEX IF NOT EXISTS listing_picture ON listing(picture_id);
"""


class StoreFile:
    """An open store: its tables, its lock, its transactions.

    Raises
    ------
    OutputError
        It cannot be opened or written, another run holds it, or the file is something else.
    """

    def __init__(self, folder: str) -> None:
        self.path = os.path.join(make_folder(folder), STORE_NAME)
        self._lock = threading.RLock()
        self._numbers: dict[EncoderSpec, int] = {}
        with self._store_errors():
            # Threads that prepare images ask whether an embedding is known; the lock lets in one at a time.
            self._db = sqlite3.connect(self.path, timeout=_WAIT, isolation_level=None, check_same_thread=False)
        try:
            self._take()
        except BaseException:  # Ctrl-C, too, leaves no file open or locked
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        with self._lock:  # SQLite crashes where a connection is closed under a query of another thread
            self._db.close()

    def _take(self) -> None:
        """Make the file a store where it is new, and lock it."""
        with self._store_errors():
            with self._db:  # both of one state of the file: another run may be making it a store just now
                self._db.execute("BEGIN")
                ((version,),) = self._rows("PRAGMA user_version")
                tables = {name for (name,) in self._rows("SELECT name FROM sqlite_master")}
            if tables and not (version == _VERSION and tables >= _TABLES):
                raise OutputError(
                    f"{self.path} is not a working store of this version: another program made it, or a newer version "
                    "of this one. Move it away, or use another output folder."
                )
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            # Writing takes the lock; in one go, so that a run that is killed here leaves no half of a store.
            self._db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT")

    def is_finished(self, work: str, digest: str) -> bool:
        """Whether this work was finished, from what the digest stands for."""
        return self.made_from(work) == digest

    def made_from(self, work: str) -> Optional[str]:
        """The digest of what this work was last finished from, ``None`` where it never was."""
        rows = self._rows("SELECT digest FROM finished WHERE work = ?", (encodable(work),))
        return str(rows[0][0]) if rows else None

    def finish(self, work: str, digest: str) -> None:
        """Remember that this work is finished."""
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO finished VALUES (?, ?)", (encodable(work), digest))

    def _number(self, encoder: Optional[EncoderSpec]) -> Optional[int]:
        """The number that stands for an encoder in the tables, ``None`` where the store does not know it."""
        if encoder is None:
            return None
        if encoder not in self._numbers:
            names = (encoder.name, encoder.pretrained)
            for (number,) in self._rows("SELECT id FROM encoder WHERE (name, pretrained) = (?, ?)", names):
                self._numbers[encoder] = int(number)
        return self._numbers.get(encoder)

    def _rows(self, query: str, values: Any = ()) -> list[Any]:
        with self._lock, self._store_errors():
            return self._db.execute(query, values).fetchall()

    def _stream(self, query: str, values: Any = ()) -> Iterator[Any]:
        """The rows of a query one by one, for results of any size; nothing is written while they are taken."""
        with self._store_errors():
            for row in self._db.execute(query, values):  # noqa: UP028  "yield from" would close the cursor, too late
                yield row

    def _damaged(self, what: str) -> OutputError:
        """The file can be read, and holds what was never written there."""
        return OutputError(f"the working store {self.path} is damaged: {what}. {_MOVE_AWAY}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock, self._store_errors(), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            yield

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
