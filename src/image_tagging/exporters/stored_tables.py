"""Read the tables of stages 1, 3 and 4 that lie in an output folder, of this layout and of those before it."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Optional

from ..datasets import FileErrors
from ..errors import ImageTaggingError, OutputError
from ..files import StrPath, user_path
from ..records import TagScore
from .score_tables import is_narrow
from .tables import STAGE3, STAGE4, TABLES, ResultTable

#: A stranger's file may hold any number.
_MOST_TABLES = 1000

#: Bytes at the begin of a database that are searched for how its table is made.
_SEARCHED = 1 << 16

_HAS_MODELS = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'models'"
_THRESHOLDS = (
    "SELECT model_type, tag_name, threshold FROM models JOIN tags ON tags.id = models.tag "
    "JOIN kinds ON kinds.id = models.kind"
)

_MODELS = (
    "SELECT models.tag, models.kind, tag_name, model_type, threshold FROM models JOIN tags ON tags.id = models.tag "
    "JOIN kinds ON kinds.id = models.kind"
)

#: Along the index of names, so that nothing is sorted; the order within a picture is that of :meth:`StoredScores.of`.
_IN_ORDER = (
    "SELECT f.hash_id, s.tag, s.kind, s.tag_prob, s.file FROM files AS f CROSS JOIN scores AS s ON s.file = f.id "
    "WHERE f.hash_id IS NOT NULL ORDER BY f.hash_id"
)

#: A score: the name of the picture, the numbers of tag and kind, the probability, and the number of the file.
Numbered = tuple[str, int, int, float, int]

_REMEDY = "Move it away, or use another output folder."


def stored_rows(errors: FileErrors) -> Iterator[dict[str, Any]]:
    """Yield the rows of a stored table by the names of its columns.

    Raises
    ------
    ImageTaggingError
        One of ``errors``, which name the file: it is missing, or no database with exactly one of the tables.
    """
    with _opened(errors) as (connection, table):
        rows = connection.execute(f"SELECT * FROM {table.name}")
        columns = [column for column, *_ in rows.description]
        for row in rows:
            yield dict(zip(columns, row))


def rows_to_keep(path: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of images of a stored table that a run keeps, none where there is no file; raise OutputError."""
    if os.path.exists(path):
        errors = FileErrors(path, OutputError, "a table of results", _REMEDY)
        yield from (row for row in stored_rows(errors) if row.get("model_type") is not None)


def is_of_earlier_layout(path: str) -> bool:
    """Return whether a table of ours is in the layout of earlier versions, which had every text in every row."""
    name = os.path.splitext(os.path.basename(path))[0].encode()
    try:
        with open(path, "rb") as file:
            return re.search(rb"CREATE TABLE \W?" + re.escape(name) + rb"\b", file.read(_SEARCHED)) is not None
    except FileNotFoundError:
        return False


class StoredScores:
    """The scores of pictures in the table at ``path``, looked up by their names; none where there is no file.

    Raises
    ------
    OutputError
        The file is damaged or something else.
    """

    def __init__(self, path: str) -> None:
        self._errors = FileErrors(path, OutputError, "a table of results", _REMEDY)
        self._opened = _opened(self._errors)
        self._query = ""
        if os.path.exists(path):
            self._connection, table = self._opened.__enter__()
            self._query = f"SELECT tag_name, model_type, tag_prob, tagged FROM {table.name} WHERE hash_id = ?"
            self._of_tag = f"""
                SELECT hash_id, max(tag_prob) FROM {table.name} WHERE tag_name = :tag
                AND (:kind IS NULL OR model_type = :kind) AND tag_prob BETWEEN :least AND :most
                AND (tagged OR NOT :tagged_only) AND hash_id IS NOT NULL GROUP BY hash_id"""

    def of(self, hash_id: str) -> Optional[list[TagScore]]:
        """Return the scores of a picture, their bins unknown; ``None`` where there is none."""
        try:
            found = dict.fromkeys(self._connection.execute(self._query, (hash_id,))) if self._query else ()
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise self._errors.malformed(f"cannot be read: {error}") from error
        return [TagScore(tag, kind, probability, 0, bool(tagged)) for tag, kind, probability, tagged in found] or None

    def of_tag(
        self, tag: str, kind: Optional[str], bounds: tuple[float, float], *, tagged_only: bool
    ) -> list[tuple[str, float]]:
        """Return the names and the probabilities of the pictures of a tag: see :func:`.pictures_of_tag`."""
        values = {"tag": tag, "kind": kind, "least": bounds[0], "most": bounds[1], "tagged_only": tagged_only}
        try:
            return self._connection.execute(self._of_tag, values).fetchall() if self._query else []
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise self._errors.malformed(f"cannot be read: {error}") from error

    def thresholds(self) -> dict[tuple[str, str], float]:
        """Return the threshold of each model, by kind and tag; none in the layout of earlier versions."""
        if not self._query or not self._connection.execute(_HAS_MODELS).fetchone():
            return {}
        return {(kind, tag): threshold for kind, tag, threshold in self._connection.execute(_THRESHOLDS)}

    @property
    def is_narrow(self) -> bool:
        """Whether the texts of scores stand for numbers, as :meth:`models` and :meth:`in_order` need it."""
        return bool(self._query and self._connection.execute(_HAS_MODELS).fetchone())

    def models(self) -> dict[tuple[int, int], tuple[str, str, float]]:
        """Return the tag, the kind and the threshold of each model by the numbers of tag and kind."""
        try:
            found = self._connection.execute(_MODELS).fetchall()
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise self.malformed(f"cannot be read: {error}") from error
        return {(tag, kind): (str(name), str(kind_name), least) for tag, kind, name, kind_name, least in found}

    def in_order(self) -> Iterator[tuple[str, list[Numbered]]]:
        """Yield the scores of every picture in the order of the names, those of all its files once."""
        try:
            for hash_id, group in groupby(self._connection.execute(_IN_ORDER), key=itemgetter(0)):
                rows = list(group)
                if rows[0][-1] != rows[-1][-1]:  # several files
                    rows = list({row[:-1]: row for row in rows}.values())
                yield str(hash_id), rows
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise self.malformed(f"cannot be read: {error}") from error

    def malformed(self, why: str) -> ImageTaggingError:
        """Return the error for a file that holds what was never written there."""
        return self._errors.malformed(why)

    def close(self) -> None:
        """Close the file."""
        if self._query:
            self._query = ""
            self._opened.__exit__(None, None, None)


def open_tables(folder: StrPath, closing: ExitStack) -> Iterator[StoredScores]:
    """Yield the tables of both stages in an output folder, in the order in which they are asked; ``closing`` gets them.

    Raises
    ------
    OutputError
        A table is damaged or something else.
    """
    path = user_path(folder, "output")
    for table in (STAGE3, STAGE4):
        stored = StoredScores(os.path.join(path, table.file_name))
        closing.callback(stored.close)
        yield stored


@contextmanager
def _opened(errors: FileErrors) -> Iterator[tuple[sqlite3.Connection, ResultTable]]:
    """Give an open database with exactly one of the tables, and which that is; raise one of ``errors``."""
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
            yield connection, _table_of(connection, errors)
    except (sqlite3.Error, UnicodeDecodeError) as error:  # what a damaged file says need not be text
        raise errors.malformed(f"cannot be read: {error}") from error


def _table_of(connection: sqlite3.Connection, errors: FileErrors) -> ResultTable:
    """Return the table that a database holds: as it is, or as a view over the narrow tables and nothing else."""
    schema = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchmany(_MOST_TABLES)
    names = [name for _, name, _ in schema if name in TABLES]
    if len(names) == 1:
        table = TABLES[names[0]]
        if all(kind in {"table", "index"} for kind, *_ in schema) or is_narrow(table, schema):
            return table
    raise errors.foreign(f"it holds {' and '.join(names) or 'none'} of {', '.join(TABLES)}, or more than tables")
