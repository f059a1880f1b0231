"""The tables of the working store, those of earlier versions, and how a store of one becomes one of this version."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Optional

from ..addresses import ImageRef

#: The version of the tables below, written into the file.
VERSION = 6

#: An ``address`` is the key of an ``ImageRef``: two images may share a path, and never an address.
SCHEMA = """
CREATE TABLE IF NOT EXISTS encoder(
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, pretrained TEXT NOT NULL, dim INTEGER NOT NULL,
    preprocess TEXT NOT NULL, UNIQUE(name, pretrained));
CREATE TABLE IF NOT EXISTS image(
    address TEXT PRIMARY KEY, stamp TEXT NOT NULL, hash_id TEXT NOT NULL, picture_hash TEXT NOT NULL,
    format TEXT NOT NULL, size_bytes INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS failure(
    address TEXT PRIMARY KEY, stamp TEXT NOT NULL, decoder TEXT NOT NULL, step TEXT NOT NULL, code TEXT NOT NULL,
    reason TEXT NOT NULL);
-- What was computed here; key: the picture_hash.
CREATE TABLE IF NOT EXISTS embedding(
    key TEXT NOT NULL, encoder INTEGER NOT NULL REFERENCES encoder(id), vector BLOB NOT NULL,
    PRIMARY KEY(key, encoder));
-- What was finished, and a digest of all that it was made from: it need not be done again while that is the same.
CREATE TABLE IF NOT EXISTS finished(work TEXT PRIMARY KEY, digest TEXT NOT NULL);
-- The metadata file that a run named last, and its embeddings; key: the picture_hash where it is known, or the hash_id.
CREATE TABLE IF NOT EXISTS imported(path TEXT PRIMARY KEY, stamp TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS imported_embedding(
    key TEXT NOT NULL, encoder INTEGER NOT NULL REFERENCES encoder(id), vector BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS imported_key ON imported_embedding(key, encoder);
-- The inputs by role, numbered as they were added: the address, a digest of the images, and JSON lists of the archives
-- with their numbers of images and of the tags of folders without an image.
CREATE TABLE IF NOT EXISTS input(
    role INTEGER NOT NULL, number INTEGER NOT NULL, source TEXT NOT NULL, digest TEXT NOT NULL,
    archives TEXT NOT NULL, folders TEXT NOT NULL, PRIMARY KEY(role, number));
-- The images of all inputs in the order of results: seq packs role, number of the input, and position in the order
-- found; number counts those of one name in the role.
CREATE TABLE IF NOT EXISTS listed(
    seq INTEGER PRIMARY KEY, role INTEGER NOT NULL, address TEXT NOT NULL, stamp TEXT NOT NULL, name TEXT NOT NULL,
    tag TEXT NOT NULL, number INTEGER NOT NULL DEFAULT 1, picture_id TEXT, UNIQUE(address, role));
CREATE INDEX IF NOT EXISTS listed_picture ON listed(picture_id);
-- Metadata of stage 1 below the output folder: the address of the input that each was written from, and its pictures.
CREATE TABLE IF NOT EXISTS dataset(file TEXT PRIMARY KEY, source TEXT NOT NULL, pictures INTEGER NOT NULL);
-- The files that were placed in bins, by the address of the image: a JSON list of name, size, time and the folders;
-- made_from: the stage and a digest of the models that placed them last.
CREATE TABLE IF NOT EXISTS placed(address TEXT PRIMARY KEY, made_from TEXT NOT NULL, files TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS placed_folder(id INTEGER PRIMARY KEY, folder TEXT NOT NULL UNIQUE);
"""

#: What each connection has of its own: the rows of ``listed`` that a run works on, and those of inputs that are not
#: there now.
SESSION = """
CREATE TEMP TABLE chosen(first INTEGER NOT NULL, last INTEGER NOT NULL);
CREATE TEMP TABLE absent(first INTEGER NOT NULL, last INTEGER NOT NULL);
CREATE TEMP TABLE earlier(address TEXT PRIMARY KEY);
CREATE TEMP VIEW listing AS SELECT * FROM listed
WHERE seq BETWEEN (SELECT first FROM chosen) AND (SELECT last FROM chosen);
"""

#: The index of the names of pictures, and that of imported embeddings: dropped while a run fills them, and made again
#: at once, by the statements of ``SCHEMA``. Names are hashes, so that each would change another page of the index.
DROP_NAMES, DROP_IMPORTED = "DROP INDEX listed_picture", "DROP INDEX imported_key"
INDEX_NAMES = "CREATE INDEX listed_picture ON listed(picture_id)"
INDEX_IMPORTED = "CREATE INDEX imported_key ON imported_embedding(key, encoder)"

#: The table of versions up to 5 that is another now: a further embedding of a key replaced the one before.
_TABLES_5 = """
CREATE TABLE IF NOT EXISTS imported_embedding(
    key TEXT NOT NULL, encoder INTEGER NOT NULL REFERENCES encoder(id), vector BLOB NOT NULL,
    PRIMARY KEY(key, encoder));
"""

#: The tables of versions up to 4: the images of the latest run of any kind.
_TABLES_4 = """
CREATE TABLE IF NOT EXISTS listing(
    seq INTEGER PRIMARY KEY, address TEXT NOT NULL UNIQUE, stamp TEXT NOT NULL, name TEXT NOT NULL,
    tag TEXT NOT NULL, number INTEGER NOT NULL DEFAULT 1, picture_id TEXT);
CREATE INDEX IF NOT EXISTS listing_picture ON listing(picture_id);
"""

#: The tables of version 2 that are others now: a path through archives was taken to mean one image.
_TABLES_2 = """
CREATE TABLE image(
    path TEXT PRIMARY KEY, stamp TEXT NOT NULL, hash_id TEXT NOT NULL, picture_hash TEXT NOT NULL,
    format TEXT NOT NULL, size_bytes INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL);
CREATE TABLE failure(
    path TEXT PRIMARY KEY, stamp TEXT NOT NULL, decoder TEXT NOT NULL, step TEXT NOT NULL, code TEXT NOT NULL,
    reason TEXT NOT NULL);
CREATE TABLE listing(
    seq INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, address TEXT NOT NULL, stamp TEXT NOT NULL, name TEXT NOT NULL,
    tag TEXT NOT NULL, number INTEGER NOT NULL DEFAULT 1, picture_id TEXT);
"""

#: The tables that each version added.
_ADDED = {
    2: {"imported_embedding"},
    3: {"dataset"},
    4: {"placed", "placed_folder"},
    5: {"input", "listed", "listed_picture"},
    6: {"imported_key"},
}

# Embeddings of metadata files were among those computed here, and nothing says which they are.
_FROM_1 = """
DELETE FROM embedding WHERE EXISTS (SELECT 1 FROM imported);
DELETE FROM imported;
DELETE FROM finished WHERE work <> 'placing';
"""

# The listing has the address of each image. One that it lacks was found by an earlier run: its path is that of a plain
# file, or the image is read again.
_FROM_2 = f"""
DROP INDEX listing_picture;
ALTER TABLE image RENAME TO image_2;
ALTER TABLE failure RENAME TO failure_2;
ALTER TABLE listing RENAME TO listing_2;
{SCHEMA}
INSERT OR IGNORE INTO image
SELECT key_of(i.path, l.address), i.stamp, i.hash_id, i.picture_hash, i.format, i.size_bytes, i.width, i.height
FROM image_2 AS i LEFT JOIN listing_2 AS l ON l.path = i.path ORDER BY i.rowid;
INSERT OR IGNORE INTO failure
SELECT key_of(f.path, l.address), f.stamp, f.decoder, f.step, f.code, f.reason
FROM failure_2 AS f LEFT JOIN listing_2 AS l ON l.path = f.path ORDER BY f.rowid;
DROP TABLE image_2;
DROP TABLE failure_2;
DROP TABLE listing_2;
"""

# Tables were added, and nothing else.
_FROM_3 = ""

# Nothing says which input the listing was of, and what for: the next run lists its images again, and reads none.
_FROM_4 = """
DROP TABLE IF EXISTS listing;
DELETE FROM finished WHERE work NOT IN ('placing', 'placing, unfinished', 'training', 'encoder');
"""

# In the order of the keys: the index is there, or is made below, where the table was one of version 1.
_FROM_5 = f"""
ALTER TABLE imported_embedding RENAME TO imported_5;
DROP INDEX IF EXISTS imported_key;
{SCHEMA}
INSERT INTO imported_embedding SELECT key, encoder, vector FROM imported_5 ORDER BY key;
DROP TABLE imported_5;
"""

_MIGRATIONS = {1: _FROM_1, 2: _FROM_2, 3: _FROM_3, 4: _FROM_4, 5: _FROM_5}

VERSIONS = frozenset({*_MIGRATIONS, VERSION})


def statements_of(version: int) -> dict[str, str]:
    """Return the statements of the tables and indices of a version, as SQLite keeps them."""
    later = set().union(*(tables for number, tables in _ADDED.items() if number > version))
    with closing(sqlite3.connect(":memory:")) as db:
        if version <= 2:
            db.executescript(_TABLES_2)
        if version <= 4:
            db.executescript(_TABLES_4)
        if version <= 5:
            db.executescript(_TABLES_5)
        db.executescript(SCHEMA)
        rows = db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {name: sql for name, sql in rows if name not in later}


def steps_from(version: Optional[int]) -> str:
    """Return the statements that make a store of a version one of this version; ``None``: an empty file."""
    steps = [step for number, step in sorted(_MIGRATIONS.items()) if version is not None and number >= version]
    return "".join((*steps, SCHEMA, f"PRAGMA user_version = {VERSION};"))


def add_functions(db: sqlite3.Connection) -> None:
    """Make a database know the functions that the steps call."""
    db.create_function("key_of", 2, _key_of, deterministic=True)


def _key_of(path: str, address: Optional[str]) -> str:
    """Return the key of an image of version 2; without its address, that of the plain file at ``path``."""
    file, *members = json.loads(address) if address is not None else [path]
    return ImageRef(file, tuple(members)).key
