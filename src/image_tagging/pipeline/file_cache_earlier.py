"""File caches of earlier versions, which knew each file by its path: a path through archives can mean two images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..addresses import ImageRef
from ..text import unescape_surrogates

if TYPE_CHECKING:
    import sqlite3

#: The table that held the path and the stamp of each row of ``file_cache``; a stranger may have put anything there, so
#: they are read as texts.
EARLIER_TABLE = "file_cache_stamp"

_EXISTS = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'file_cache_stamp'"
#: Number, path, and the characters of the name in the archive that directly holds the file: none of a plain file.
_ROWS = """
SELECT known.number, CAST(known.address AS TEXT), known.stamp,
       CASE WHEN container_archive IS NULL THEN 0 ELSE max(0, length(path) - length(container_archive) - 1) END,
       is_archive
FROM file_cache_stamp AS known JOIN file_cache ON file_cache.rowid = known.number ORDER BY known.number
"""
_ADD = "INSERT OR IGNORE INTO file_cache_address VALUES (?, ?, ?)"


def convert(db: sqlite3.Connection) -> None:
    """Give each row of a cache of an earlier version the exact address of its file, so that none is added again.

    Members whose names are read otherwise now, in another encoding, are added under their right names.
    """
    if not db.execute(_EXISTS).fetchone():
        return
    with db:
        db.execute("BEGIN IMMEDIATE")
        if db.execute(_EXISTS).fetchone():  # another program may have done it in between
            archives = {path: length for _, path, _, length, is_archive in db.execute(_ROWS) if is_archive and length}
            for number, path, stamp, length, _ in db.execute(_ROWS):
                db.execute(_ADD, (number, _key(path, length or 0, archives), stamp))
            db.execute("DROP TABLE file_cache_stamp")


def _key(path: str, length: int, archives: Mapping[str, int]) -> str:
    """Return the key of the file at a path, of which the last ``length`` characters are a name in an archive.

    ``archives`` are those that lie in another one, with the length of their names in it.
    """
    members: list[str] = []
    while length and path:
        members.insert(0, path[-length:])
        path = path[: -length - 1]
        length = archives.get(path, 0)
    file, *names = map(unescape_surrogates, (path, *members))
    return ImageRef(file, tuple(names)).key
