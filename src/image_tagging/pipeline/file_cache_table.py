"""The SQLite table of a file cache: made, opened, and its rows.

A second table remembers what each file was when it was read, so that a folder can be added again at the cost of
listing it.
"""

from __future__ import annotations

import os
import random
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Optional, Union

from ..errors import InputError, OutputError
from ..records import ImageRef
from ..text import escaped

StrPath = Union[str, "os.PathLike[str]"]
Row = dict[str, Any]

# Nothing here deletes single rows, so they are numbered without gaps, and keep their numbers through VACUUM.
# An index holds row numbers in order: that of is_archive leads from any number to the next image.
_SCHEMA = """
BEGIN;
CREATE TABLE IF NOT EXISTS file_cache(
    file_name TEXT NOT NULL, path TEXT, hash_id TEXT, type TEXT, is_archive INTEGER, n_content INTEGER,
    container_archive TEXT);
CREATE INDEX IF NOT EXISTS file_cache_hash ON file_cache(hash_id);
CREATE INDEX IF NOT EXISTS file_cache_archive ON file_cache(is_archive);
CREATE TABLE IF NOT EXISTS file_cache_stamp(
    number INTEGER PRIMARY KEY, address TEXT NOT NULL UNIQUE, stamp TEXT NOT NULL);
COMMIT;
"""
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
_STAMP = "INSERT OR REPLACE INTO file_cache_stamp VALUES (:number, :address, :stamp)"
_KNOWN = """
SELECT known.address, known.number, known.stamp FROM file_cache_stamp AS known
JOIN file_cache ON file_cache.rowid = known.number WHERE known.address IN ({})
"""

#: What SQLite says of a good database that cannot be used now.
_TEMPORARY = re.compile("locked|full|readonly|unable to open|disk I/O")

#: Addresses asked for at a time: older SQLite takes no more than 999.
_ASKED = 500

#: Row numbers drawn before the next image above one is taken. Where one row in ten is an image, one call in
#: 850 gets that far; where most are, none ever does.
_DRAWS = 64


class CacheTable:
    """An open file cache. Raises InputError where it is none, OutputError where it cannot be used."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def stamps_of(self, addresses: Sequence[str]) -> dict[str, str]:
        """What the files were when they were read, of those that have a row."""
        return {address: stamp for address, _, stamp in self._known(addresses)}

    def put(self, rows: Sequence[Row]) -> list[str]:
        """Write rows in one transaction; whether each was ``added`` or ``updated``."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            # Looked up again: another program may have added a file, or the archive names a member twice.
            numbers = {address: number for address, number, _ in self._known([row["address"] for row in rows])}
            (last,) = self._db.execute("SELECT coalesce(max(rowid), 0) FROM file_cache").fetchone()
            told: dict[str, list[Row]] = {"added": [], "updated": []}
            became: list[str] = []
            for row in rows:
                became.append("updated" if row["address"] in numbers else "added")
                number = numbers.setdefault(row["address"], last + len(told["added"]) + 1)
                told[became[-1]].append({**row, "number": number})
            self._db.executemany(_INSERT, told["added"])
            self._db.executemany(_UPDATE, told["updated"])
            self._db.executemany(_STAMP, [*told["added"], *told["updated"]])
        return became

    def _known(self, addresses: Sequence[str]) -> Iterator[tuple[str, int, str]]:
        """Address, row number and stamp of each file that has a row: each query alone would lock the file anew."""
        for start in range(0, len(addresses), _ASKED):
            some = addresses[start : start + _ASKED]
            yield from self._db.execute(_KNOWN.format(", ".join("?" * len(some))), some).fetchall()

    def by_hash(self, hash_id: str) -> Optional[dict[str, Any]]:
        """The file with this content hash, of several the one added first."""
        row = self._db.execute(_BY_HASH, (hash_id,)).fetchone()
        return _as_dict(row) if row else None

    def at_random(self) -> Optional[dict[str, Any]]:
        """An image, as ``FileCache.get_random_image`` draws it."""
        row = self._random_row()
        return _as_dict(row) if row else None

    def clear(self) -> None:
        """Forget every file."""
        self._db.executescript("BEGIN; DELETE FROM file_cache; DROP TABLE IF EXISTS file_cache_stamp; COMMIT")

    def _random_row(self) -> Any:
        first, last = self._db.execute(_FIRST).fetchone(), self._db.execute(_LAST).fetchone()
        for _ in range(_DRAWS if first else 0):
            number = random.randint(first[0], last[0])  # noqa: S311  a sample, not a secret
            row = self._db.execute(_IMAGE_AT, (number,)).fetchone()
            if row:
                return row
        return self._db.execute(_IMAGE_FROM, (number,)).fetchone() if first else None


def file_row(ref: ImageRef, stamp: str, *, hash_id: Optional[str] = None, n_content: Optional[int] = None) -> Row:
    """A row to be, of an image by its ``hash_id`` or of an archive that holds ``n_content`` images."""
    named = {"file_name": ref.name, "path": ref.path, "type": ref.suffix, "container_archive": ref.archive}
    is_archive = None if n_content is None else True
    content = {"hash_id": hash_id, "is_archive": is_archive, "n_content": n_content}
    return {**named, **content, "address": address_of(ref), "stamp": stamp}


def address_of(ref: ImageRef) -> str:
    """What a file is known by, wherever the program is started from."""
    return ImageRef(os.path.abspath(ref.file), ref.members).path


def _as_dict(row: sqlite3.Row) -> dict[str, Any]:
    told = dict(row)
    is_archive = True if told["is_archive"] else None  # SQLite has no truth values
    return {**told, "is_archive": is_archive, "file_path": told["path"], "file_type": told["type"]}


@contextmanager
def open_cache(db_path: StrPath, *, make: bool = False) -> Iterator[CacheTable]:
    """An open file cache. ``make`` it where there is none, an empty file (left by a crash) included."""
    if not make and not os.path.isfile(db_path):
        raise InputError(f"there is no file cache at {db_path}. Check the path, or make one with create_file_cache.")
    uri = f"{Path(db_path).absolute().as_uri()}?mode={'rwc' if make else 'rw'}"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=30, isolation_level=None)) as db:
            db.row_factory = sqlite3.Row
            # In this order: another program may make the table in between.
            is_empty = not db.execute("SELECT 1 FROM sqlite_master").fetchone()
            columns = {column["name"] for column in db.execute("PRAGMA table_info(file_cache)")}
            if not _COLUMNS.issubset(columns) and not (make and is_empty):
                raise InputError(f"{db_path} is no file cache: it has no such table as documented. Check the path.")
            if make:
                db.executescript(_SCHEMA)
            yield CacheTable(db)
    except (sqlite3.Error, UnicodeDecodeError) as error:  # what a damaged file says need not be text
        said = escaped(str(error))[:200]
        if _TEMPORARY.search(said):
            advice = "Wait for the program that holds it, make it writable, or free some space."
            raise OutputError(f"the file cache {db_path} cannot be used: {said}. {advice}") from error
        raise InputError(f"{db_path} is no file cache, or a damaged one: {said}. Check the path.") from error
