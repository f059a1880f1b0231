"""Create and open the SQLite table of a file cache, and read and write its rows.

A second table holds the address of each file, and its stamp when it was read, so that adding a folder again only has to
list it.
"""

from __future__ import annotations

import os
import random
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Optional

from ..addresses import ImageRef
from ..errors import InputError, OutputError
from ..files import StrPath, absolute, user_path
from ..text import escaped
from ..writing import require_plain_database, require_plain_journals
from .file_cache_earlier import EARLIER_TABLE, convert

Row = dict[str, Any]

# No method deletes single rows, so they are numbered without gaps and keep their numbers through VACUUM.
# An index holds row numbers in order: the one of is_archive finds the next image after any number.
_SCHEMA = """
BEGIN;
CREATE TABLE IF NOT EXISTS file_cache(
    file_name TEXT NOT NULL, path TEXT, hash_id TEXT, type TEXT, is_archive INTEGER, n_content INTEGER,
    container_archive TEXT);
CREATE INDEX IF NOT EXISTS file_cache_hash ON file_cache(hash_id);
CREATE INDEX IF NOT EXISTS file_cache_archive ON file_cache(is_archive);
CREATE TABLE IF NOT EXISTS file_cache_address(
    number INTEGER PRIMARY KEY, address TEXT NOT NULL UNIQUE, stamp TEXT NOT NULL);
COMMIT;
"""
_OUR_TABLES = frozenset({"file_cache", "file_cache_address", EARLIER_TABLE})
_COLUMNS = frozenset("file_name path hash_id type is_archive n_content container_archive".split())
_FIRST = "SELECT rowid FROM file_cache WHERE is_archive IS NULL ORDER BY rowid LIMIT 1"
_LAST = "SELECT rowid FROM file_cache WHERE is_archive IS NULL ORDER BY rowid DESC LIMIT 1"
_IMAGE_AT = "SELECT * FROM file_cache WHERE is_archive IS NULL AND rowid = ?"
_IMAGE_FROM = "SELECT * FROM file_cache WHERE is_archive IS NULL AND rowid >= ? ORDER BY rowid LIMIT 1"
_BY_HASH = "SELECT * FROM file_cache WHERE hash_id = ? ORDER BY rowid LIMIT 1"
_INSERT = """
INSERT INTO file_cache(rowid, file_name, path, hash_id, type, is_archive, n_content, container_archive)
VALUES (:number, :file_name, :path, :hash_id, :type, :is_archive, :n_content, :container_archive)
"""
_UPDATE = "UPDATE file_cache SET hash_id = :hash_id, n_content = :n_content WHERE rowid = :number"
_CLEAR = """
BEGIN; DELETE FROM file_cache; DROP TABLE IF EXISTS file_cache_address; DROP TABLE IF EXISTS file_cache_stamp; COMMIT;
"""
_STAMP = "INSERT OR REPLACE INTO file_cache_address VALUES (:number, :address, :stamp)"
_KNOWN = """
SELECT known.address, known.number, known.stamp FROM file_cache_address AS known
JOIN file_cache ON file_cache.rowid = known.number WHERE known.address IN ({})
"""

#: Words in SQLite's messages about a valid database that cannot be used now.
_TEMPORARY = re.compile("locked|full|readonly|unable to open|disk I/O")

#: Addresses per query: older SQLite takes no more than 999.
_PER_QUERY = 500

#: Row numbers drawn before the next image after the last of them is taken. Where one row in ten is an image, one call
#: in 850 gets that far; where most are, none does.
_DRAWS = 64


class CacheTable:
    """An open file cache. Raises InputError where it is none, OutputError where it cannot be used."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def stamps_of(self, addresses: Sequence[str]) -> dict[str, str]:
        """Return the stamp that each file had when it was read, for files that have a row."""
        return {address: stamp for address, _, stamp in self._known(addresses)}

    def put(self, rows: Sequence[Row]) -> list[str]:
        """Write rows in one transaction; return whether each was ``added`` or ``updated``."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            # Looked up again: another program may have added a file, or an archive may have a duplicate member.
            numbers = {address: number for address, number, _ in self._known([row["address"] for row in rows])}
            (last,) = self._db.execute("SELECT coalesce(max(rowid), 0) FROM file_cache").fetchone()
            by_outcome: dict[str, list[Row]] = {"added": [], "updated": []}
            outcomes: list[str] = []
            for row in rows:
                outcomes.append("updated" if row["address"] in numbers else "added")
                number = numbers.setdefault(row["address"], last + len(by_outcome["added"]) + 1)
                by_outcome[outcomes[-1]].append({**row, "number": number})
            self._db.executemany(_INSERT, by_outcome["added"])
            self._db.executemany(_UPDATE, by_outcome["updated"])
            self._db.executemany(_STAMP, [*by_outcome["added"], *by_outcome["updated"]])
        return outcomes

    def _known(self, addresses: Sequence[str]) -> Iterator[tuple[str, int, str]]:
        """Yield address, row number and stamp of each file that has a row.

        Many addresses are looked up in one query, since each query locks the file.
        """
        for start in range(0, len(addresses), _PER_QUERY):
            part = addresses[start : start + _PER_QUERY]
            yield from self._db.execute(_KNOWN.format(", ".join("?" * len(part))), part).fetchall()

    def by_hash(self, hash_id: str) -> Optional[dict[str, Any]]:
        """Return the file with this content hash, of several the one added first; ``None`` where there is none."""
        row = self._db.execute(_BY_HASH, (hash_id,)).fetchone()
        return _as_dict(row) if row else None

    def at_random(self) -> Optional[dict[str, Any]]:
        """Return an image drawn as in ``FileCache.get_random_image``; ``None`` where there is none."""
        row = self._random_row()
        return _as_dict(row) if row else None

    def is_alone(self) -> bool:
        """Return whether the database holds nothing but a file cache."""
        names = self._db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return all(name in _OUR_TABLES or name.startswith("sqlite_") for (name,) in names)

    def clear(self) -> None:
        """Remove every row."""
        self._db.executescript(_CLEAR)

    def _random_row(self) -> Any:
        first, last = self._db.execute(_FIRST).fetchone(), self._db.execute(_LAST).fetchone()
        for _ in range(_DRAWS if first else 0):
            number = random.randint(first[0], last[0])  # noqa: S311  a sample, not a secret
            row = self._db.execute(_IMAGE_AT, (number,)).fetchone()
            if row:
                return row
        return self._db.execute(_IMAGE_FROM, (number,)).fetchone() if first else None


def file_row(ref: ImageRef, stamp: str, *, hash_id: Optional[str] = None, n_content: Optional[int] = None) -> Row:
    """Return a row for :meth:`CacheTable.put`: of an image with its ``hash_id``, or of an archive.

    ``n_content`` is the number of images in an archive.
    """
    location = {"file_name": ref.name, "path": ref.path, "type": ref.suffix, "container_archive": ref.archive}
    is_archive = None if n_content is None else True
    content = {"hash_id": hash_id, "is_archive": is_archive, "n_content": n_content}
    return {**location, **content, "address": key_of(ref), "stamp": stamp}


def key_of(ref: ImageRef) -> str:
    """Return the key of a file, independent of the working directory."""
    return ImageRef(absolute(ref.file), ref.members).key


def _as_dict(row: sqlite3.Row) -> dict[str, Any]:
    values = dict(row)
    is_archive = True if values["is_archive"] else None  # SQLite has no truth values
    return {**values, "is_archive": is_archive, "file_path": values["path"], "file_type": values["type"]}


@contextmanager
def open_cache(db_path: StrPath, *, make: bool = False, change: bool = False) -> Iterator[CacheTable]:
    """Open a file cache; with ``make`` create it where it is missing or an empty file (left by a crash).

    With ``make`` and with ``change`` it is written to, and must be no link.
    """
    db_path = user_path(db_path, "db_path")
    if not make and not os.path.isfile(db_path):
        raise InputError(f"there is no file cache at {db_path}. Check the path, or make one with create_file_cache.")
    if make or change:
        require_plain_database(db_path)
    else:
        require_plain_journals(os.path.realpath(db_path))
    uri = f"{Path(absolute(os.fspath(db_path))).as_uri()}?mode={'rwc' if make else 'rw'}"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=30, isolation_level=None)) as db:
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA trusted_schema = OFF")
            if db.execute("SELECT 1 FROM sqlite_master WHERE type IN ('view', 'trigger')").fetchone():
                raise InputError(f"{db_path} is not a file cache: it holds views or triggers. Check the path.")
            # In this order: another program may make the table in between.
            is_empty = not db.execute("SELECT 1 FROM sqlite_master").fetchone()
            columns = {column["name"] for column in db.execute("PRAGMA table_info(file_cache)")}
            if not _COLUMNS.issubset(columns) and not (make and is_empty):
                raise InputError(f"{db_path} is not a file cache: it lacks the documented table. Check the path.")
            if make:
                db.executescript(_SCHEMA)
                convert(db)
            yield CacheTable(db)
    except (sqlite3.Error, UnicodeDecodeError) as error:  # texts in a damaged file may be invalid
        message = escaped(str(error))[:200]
        if _TEMPORARY.search(message):
            advice = "Wait for the program that holds it, make it writable, or free some space."
            raise OutputError(f"the file cache {db_path} cannot be used: {message}. {advice}") from error
        raise InputError(f"{db_path} is not a file cache, or a damaged one: {message}. Check the path.") from error
