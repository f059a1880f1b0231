"""The file cache: one SQLite table of image files, by content hash, that other programs may read.

Images are found, read and hashed as stage 1 does it. A second table remembers what each file was when it was
read, so that a folder can be added again at the cost of listing it.
"""

from __future__ import annotations

import logging
import os
import random
import sqlite3
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Optional, Union

from .errors import InputError, NoImagesError, OutputError
from .failures import attempt
from .files import make_folder
from .images import decode
from .records import Failure, FoundImage, ImageRef
from .runners import local
from .sources import Found, FoundArchive, SourceReader, find_images

log = logging.getLogger(__name__)

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
INSERT INTO file_cache(file_name, path, hash_id, type, is_archive, n_content, container_archive)
VALUES (:file_name, :path, :hash_id, :type, :is_archive, :n_content, :container_archive)
"""
_UPDATE = "UPDATE file_cache SET hash_id = :hash_id, n_content = :n_content WHERE rowid = :number"
_STAMP = "INSERT OR REPLACE INTO file_cache_stamp VALUES (:number, :address, :stamp)"
_KNOWN = """
SELECT known.number, known.stamp FROM file_cache_stamp AS known
JOIN file_cache ON file_cache.rowid = known.number WHERE known.address = ?
"""

#: Images per transaction: enough that its cost vanishes, few enough that an interruption loses little.
_BATCH = 512

#: Row numbers drawn before the next image above one is taken. Where one row in ten is an image, one call in
#: 850 gets that far; where most are, none ever does.
_DRAWS = 64


class FileCache:
    """Makes, fills and reads file caches; keeps nothing open between calls.

    A file is told as a dictionary of the columns of its row, with ``file_path`` and ``file_type`` as other names
    of ``path`` and ``type``. ``container_archive`` is the path of the archive that directly holds the file.

    Every ``db_path`` raises InputError where there is no file cache, and every method OutputError where the
    database cannot be used (locked by another program, disk full).
    """

    def create_file_cache(self, out_dir: StrPath = "./output", db_name: str = "file_cache.sqlite") -> None:
        """Make an empty file cache, and its folder; one that exists is left as it is.

        Raises
        ------
        InputError
            The file exists and is no file cache.
        """
        with _cache(os.path.join(make_folder(os.fspath(out_dir)), db_name), make=True):
            pass

    def add_folder_to_file_cache(
        self, data_dir: StrPath, out_dir: StrPath = "./output", db_name: str = "file_cache.sqlite"
    ) -> None:
        """Add the images of a folder or an archive, archives inside it too; make the cache where there is none.

        A file is known by its absolute path, however ``data_dir`` spells it, and keeps the path it was first
        added by. It is read again only if it has changed. Rows of files that are gone, or can no longer be
        read, stay. Files that cannot be used are skipped, and the log names and counts them.

        Raises
        ------
        InputError
            There is nothing at ``data_dir``, or it is a file of another kind.
        NoImagesError
            It holds no image, or none that can be used.
        """
        found = find_images(os.fspath(data_dir))
        with _cache(os.path.join(make_folder(os.fspath(out_dir)), db_name), make=True) as db:
            adder = _Adder(db)
            adder.add(found)
        counts = {**adder.counts, "failed": len(adder.failures)}
        log.info("%s: %s", data_dir, ", ".join(f"{count} {what}" for what, count in counts.items()))
        if not adder.counts:
            first = "".join(f" The first that failed: {it.ref.path}: {it.reason}." for it in adder.failures[:1])
            raise NoImagesError(f"there is no image at {data_dir} that can be used.{first}")

    def get_random_hash(self, db_path: StrPath) -> dict[str, str]:
        """``{"hash_id": ...}`` of an image drawn as by ``get_random_image``, with the same errors."""
        return {"hash_id": self.get_random_image(db_path)["hash_id"]}

    def get_img_by_hash(self, db_path: StrPath, hash_id: str) -> Optional[dict[str, Any]]:
        """The image with this content hash, of several the one added first; ``None`` where there is none."""
        with _cache(db_path) as db:
            row = db.execute(_BY_HASH, (hash_id,)).fetchone()
        return _as_dict(row) if row else None

    def get_random_image(self, db_path: StrPath) -> dict[str, Any]:
        """An image, never an archive, each as likely as any other; ``random.seed`` makes the draw repeatable.

        The cost does not grow with the cache: row numbers are drawn until one is that of an image. Only where
        images are rare among the numbers (most rows deleted by hand, or archives without images) may the draw
        end at the next image above a number, which favours those that follow a wide gap.

        Raises
        ------
        InputError
            The cache holds no image, or there is no cache.
        """
        with _cache(db_path) as db:
            row = _random_row(db)
        if row is None:
            raise InputError(f"the file cache at {db_path} holds no image. Add a folder first.")
        return _as_dict(row)

    def clear_cache(self, db_path: StrPath, delete_cache: bool = False) -> None:
        """Forget every file; with ``delete_cache`` remove the database file too. Images are never touched."""
        with _cache(db_path) as db:
            db.executescript("BEGIN; DELETE FROM file_cache; DROP TABLE IF EXISTS file_cache_stamp; COMMIT")
        try:
            for end in ("", "-wal", "-shm", "-journal") if delete_cache else ():
                with suppress(FileNotFoundError):
                    os.remove(os.fspath(db_path) + end)
        except OSError as error:
            raise OutputError(f"cannot remove {db_path}: {error.strerror}. Close the program that uses it.") from error


class _Adder:
    """Brings what was found into one cache: read and decoded on threads, written here in batches."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._readers: defaultdict[int, SourceReader] = defaultdict(SourceReader)  # one a thread, by its number
        self._archives: list[FoundArchive] = []
        self.failures: list[Failure] = []
        self.counts: Counter[str] = Counter()  # added, updated, unchanged

    def add(self, found: Iterable[Found]) -> None:
        new = self._new_or_changed(found)
        threads = min(8, os.cpu_count() or 1)
        try:
            with closing(
                local.run(self._read, lambda: self._write, new, batch_size=_BATCH, threads=threads)
            ) as outcomes:
                for outcome in outcomes:
                    if isinstance(outcome, Failure):
                        self._skip(outcome)
                    else:
                        self.counts[outcome] += 1
        finally:
            for reader in self._readers.values():
                reader.close()
        if self.counts:
            unopened = {failure.ref for failure in self.failures}
            archives = (archive for archive in self._archives if archive.ref not in unopened)
            self._write([_row(archive.ref, "", n_content=archive.images) for archive in archives])

    def _new_or_changed(self, found: Iterable[Found]) -> Iterator[FoundImage]:
        for item in found:
            if isinstance(item, Failure):
                self._skip(item)
            elif isinstance(item, FoundArchive):
                self._archives.append(item)
            elif self._known(_address(item.ref))[1] == item.stamp:
                self.counts["unchanged"] += 1
            else:
                yield item

    def _skip(self, failure: Failure) -> None:
        log.warning("skipped %s: %s (%s, %s)", failure.ref.path, failure.reason, failure.step, failure.code)
        self.failures.append(failure)

    def _read(self, found: FoundImage) -> Union[Row, Failure]:
        """On a thread: bytes become a hash, and the picture is let go."""
        ref, reader = found.ref, self._readers[threading.get_ident()]
        data = attempt(ref, "read", lambda: reader.read(ref))
        if isinstance(data, Failure):
            return data
        return attempt(ref, "decode", lambda: _row(ref, found.stamp, hash_id=decode(ref, data).facts.hash_id))

    def _write(self, rows: list[Row]) -> list[Union[str, Failure]]:
        """One transaction; what became of each row."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            return [self._put(row) for row in rows]

    def _put(self, row: Row) -> str:
        # Looked up again: another program may have added the file, or the archive names a member twice.
        number, _ = self._known(row["address"])
        done = self._db.execute(_INSERT if number is None else _UPDATE, {**row, "number": number})
        self._db.execute(_STAMP, {**row, "number": done.lastrowid if number is None else number})
        return "added" if number is None else "updated"

    def _known(self, address: str) -> tuple[Optional[int], Optional[str]]:
        """The row number and the stamp of a file that has a row."""
        return self._db.execute(_KNOWN, (address,)).fetchone() or (None, None)


def _row(ref: ImageRef, stamp: str, *, hash_id: Optional[str] = None, n_content: Optional[int] = None) -> Row:
    """A row to be, of an image by its ``hash_id`` or of an archive that holds ``n_content`` images."""
    named = {"file_name": ref.name, "path": ref.path, "type": ref.suffix, "container_archive": ref.archive}
    is_archive = None if n_content is None else True
    content = {"hash_id": hash_id, "is_archive": is_archive, "n_content": n_content}
    return {**named, **content, "address": _address(ref), "stamp": stamp}


def _address(ref: ImageRef) -> str:
    """What a file is known by, wherever the program is started from."""
    return ImageRef(os.path.abspath(ref.file), ref.members).path


def _random_row(db: sqlite3.Connection) -> Any:
    first, last = db.execute(_FIRST).fetchone(), db.execute(_LAST).fetchone()
    for _ in range(_DRAWS if first else 0):
        number = random.randint(first[0], last[0])  # noqa: S311  a sample, not a secret
        row = db.execute(_IMAGE_AT, (number,)).fetchone()
        if row:
            return row
    return db.execute(_IMAGE_FROM, (number,)).fetchone() if first else None


def _as_dict(row: sqlite3.Row) -> dict[str, Any]:
    told = dict(row)
    is_archive = True if told["is_archive"] else None  # SQLite has no truth values
    return {**told, "is_archive": is_archive, "file_path": told["path"], "file_type": told["type"]}


@contextmanager
def _cache(db_path: StrPath, *, make: bool = False) -> Iterator[sqlite3.Connection]:
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
            yield db
    except sqlite3.Error as error:
        if "not a database" in str(error) or "malformed" in str(error):
            raise InputError(f"{db_path} is no file cache, or a damaged one: {error}. Check the path.") from error
        advice = "Wait for the program that holds it, or free some space."
        raise OutputError(f"the file cache {db_path} cannot be used: {error}. {advice}") from error
