"""``stage3.db`` and ``stage4.db``: the documented tables as views over narrow ones, which hold each text once.

A row of the view takes some 42 bytes: the score itself, ordered by file, and once more in the index by tag and
probability, both by numbers; what is said of a file, a tag, a kind and a model is stored once. Whether an image has a
tag is no value of its own: it is what the threshold of the model says. An archive has one row in ``scores`` too,
without a tag.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any, Callable, NamedTuple

from ..records import FoundArchive, ListedFile
from ..text import encodable
from .tables import STAGE4, ResultTable, result_database

#: The number of no tag and no kind.
_NOTHING = -1

#: Models whose scores are one statement: SQLite takes 999 values in each, in its earlier versions.
_AT_ONCE = 800

_TABLES = (
    "CREATE TABLE files(id INTEGER PRIMARY KEY, file_name TEXT NOT NULL, file_path TEXT NOT NULL, archive_path TEXT, "
    "type TEXT NOT NULL, n_img_content INTEGER, hash_id TEXT, input TEXT)",
    "CREATE TABLE tags(id INTEGER PRIMARY KEY, tag_name TEXT NOT NULL UNIQUE)",
    "CREATE TABLE kinds(id INTEGER PRIMARY KEY, model_type TEXT NOT NULL UNIQUE)",
    "CREATE TABLE models(tag INTEGER NOT NULL, kind INTEGER NOT NULL, threshold REAL NOT NULL, "
    "PRIMARY KEY(tag, kind)) WITHOUT ROWID",
    "CREATE TABLE scores(file INTEGER NOT NULL, tag INTEGER NOT NULL, kind INTEGER NOT NULL, tag_prob REAL, "
    "PRIMARY KEY(file, tag, kind)) WITHOUT ROWID",
)

#: Made when all rows are there: sorting them once is quicker.
_INDEXES = (
    "CREATE INDEX files_by_hash ON files(hash_id)",
    "CREATE INDEX scores_by_tag ON scores(tag, tag_prob)",
)

#: How SQLite itself makes its table of statistics.
_STATISTICS = "CREATE TABLE sqlite_stat1(tbl,idx,stat)"

#: Outer joins, though every number has its row: a query that asks for a tag or a hash makes them inner ones, and begins
#: there; one that does not reads the scores in the order of the files.
_VIEW = (
    "CREATE VIEW {name} AS SELECT {columns} FROM scores LEFT JOIN tags ON tags.id = scores.tag "
    "LEFT JOIN kinds ON kinds.id = scores.kind "
    "LEFT JOIN models ON models.tag = scores.tag AND models.kind = scores.kind "
    "LEFT JOIN files ON files.id = scores.file"
)
_COMPUTED = {"tagged": "scores.tag_prob >= models.threshold AS tagged"}


def statements(table: ResultTable) -> tuple[str, ...]:
    """Return what makes an empty database of a stage, its indexes last."""
    names = (column.split(" ", 1)[0] for column in table.columns)
    columns = ", ".join(_COMPUTED.get(name, name) for name in names)
    return (*_TABLES, _VIEW.format(name=table.name, columns=columns), *_INDEXES)


def is_narrow(table: ResultTable, schema: Iterable[tuple[str, str, str]]) -> bool:
    """Return whether a database is one of a stage in this layout, to the letter, with or without inputs.

    ``schema`` has the type, the name and the SQL of all that it holds. A view of others could ask for anything.
    """
    found = {sql for _, _, sql in schema if sql}
    wanted = (set(statements(each)) for each in (table, table.with_input(True)))
    return any(found in (each, each | {_STATISTICS}) for each in wanted)


class ModelScores(NamedTuple):
    """Scores of one picture: by which models (numbers of :meth:`ScoreTableWriter.number`), and what they say."""

    models: Sequence[int]
    probabilities: Sequence[float]
    tagged: Sequence[int]


class ScoreTableWriter:
    """Writes the scores of a stage into a new database, file after file."""

    def __init__(self, connection: sqlite3.Connection, table: ResultTable) -> None:
        self._connection = connection
        self._table = table
        self._models: list[tuple[int, int]] = []  # tag and kind, by the number of a model
        self._numbers: dict[tuple[str, str], int] = {}
        self._tags: dict[str, int] = {}
        self._kinds: dict[str, int] = {}
        self._thresholds: dict[tuple[str, str], float] = {}
        self._whole: list[tuple[str, int, int]] = []
        self._in_order: Callable[[Sequence[Any]], Sequence[Any]] = list
        self._files = self._rows = 0
        for statement in statements(table)[: -len(_INDEXES)]:
            connection.execute(statement)

    def number(self, models: Iterable[tuple[str, str]]) -> list[int]:
        """Return the numbers of models, given by kind and tag."""
        return [self._number(*model) for model in models]

    def set_thresholds(self, thresholds: Mapping[tuple[str, str], float]) -> None:
        """Say from which probability on an image has the tag of a model, given by kind and tag; for all, by the end."""
        self._thresholds.update(thresholds)

    def _number(self, kind: str, tag: str) -> int:
        known = self._numbers.get((kind, tag))
        if known is not None:
            return known
        pair = (_numbered(self._tags, tag), _numbered(self._kinds, kind))
        self._models.append(pair)
        self._numbers[kind, tag] = len(self._models) - 1
        self._whole = []
        return len(self._models) - 1

    def add_archive(self, archive: FoundArchive) -> None:
        """Append an archive, with the number of images that lie in it directly."""
        ref = archive.ref
        self._add_file(ref.name, ref.path, ref.archive, ref.suffix, archive.images, None, archive.input)
        self._connection.execute("INSERT INTO scores VALUES (?, ?, ?, NULL)", (self._files, _NOTHING, _NOTHING))
        self._rows += 1

    def add(self, file: ListedFile, hash_id: str, scores: ModelScores) -> None:
        """Append an image file with its scores; none of them may be by a model that another is by."""
        ref = file.ref
        archive = ref.archive if self._table.name == STAGE4.name else None
        self._add_file(ref.name, ref.path, archive, ref.suffix, None, hash_id, file.input)
        self._rows += len(scores.models)
        if scores.models == range(len(self._models)):
            self._add_whole(scores)
            return
        pairs = (self._models[model] for model in scores.models)
        rows = [(self._files, *pair, probability) for pair, probability in zip(pairs, scores.probabilities)]
        self._connection.executemany("INSERT INTO scores VALUES (?, ?, ?, ?)", sorted(rows))

    def _add_whole(self, scores: ModelScores) -> None:
        """Append the scores by all models: a few long statements take a third of the time of many short ones."""
        if not self._whole:
            self._prepare_whole()
        values = self._in_order(scores.probabilities)
        for statement, start, end in self._whole:
            self._connection.execute(statement, [self._files, *values[start:end]])

    def _prepare_whole(self) -> None:
        order = sorted(range(len(self._models)), key=self._models.__getitem__)  # that of the table: rows go to its end
        self._in_order = itemgetter(*order) if len(order) > 1 else list
        for start in range(0, len(order), _AT_ONCE):
            some = [self._models[model] for model in order[start : start + _AT_ONCE]]
            rows = (f"(?1, {tag}, {kind}, ?{at})" for at, (tag, kind) in enumerate(some, start=2))
            self._whole.append((f"INSERT INTO scores VALUES {', '.join(rows)}", start, start + len(some)))

    def _add_file(self, *values: Any) -> None:
        self._files += 1
        *others, source = values
        self._connection.execute(
            "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (self._files, *others, encodable(source) if self._table.has_input else None),
        )

    def finish(self) -> None:
        """Write the names of tags and kinds, and the models with their thresholds, and make the indexes."""
        tags, kinds = ([(number, text) for text, number in each.items()] for each in (self._tags, self._kinds))
        self._connection.executemany("INSERT INTO tags VALUES (?, ?)", tags)
        self._connection.executemany("INSERT INTO kinds VALUES (?, ?)", kinds)
        models = ((*self._models[number], self._thresholds[model]) for model, number in self._numbers.items())
        self._connection.executemany("INSERT INTO models VALUES (?, ?, ?)", models)
        for statement in _INDEXES:
            self._connection.execute(statement)
        self._write_statistics()

    def _write_statistics(self) -> None:
        """Write what SQLite's ANALYZE would find by reading all: rows, and rows for each value of an index's columns.

        By them a query between two probabilities of any tag is one search for each tag. ``sz``, the width of a row, is
        given as large for the index by tag: in its order the files of all scores would be looked up at random.
        """
        rows = max(self._rows, 1)
        a_tag, a_file = -(-rows // max(len(self._tags), 1)), -(-rows // max(self._files, 1))
        found: Mapping[tuple[str, str], str] = {
            ("scores", "scores"): f"{rows} {a_file} {max(len(self._kinds), 1)} 1 sz=15",
            ("scores", "scores_by_tag"): f"{rows} {a_tag} {max(len(self._kinds), 1)} 1 1 sz=500",
            ("models", "models"): f"{max(len(self._models), 1)} {max(len(self._kinds), 1)} 1",
            ("files", "files_by_hash"): f"{max(self._files, 1)} 1",
            ("tags", "sqlite_autoindex_tags_1"): f"{max(len(self._tags), 1)} 1",
            ("kinds", "sqlite_autoindex_kinds_1"): f"{max(len(self._kinds), 1)} 1",
        }
        self._connection.execute("ANALYZE sqlite_schema")  # makes the table
        self._connection.executemany(
            "INSERT INTO sqlite_stat1 VALUES (?, ?, ?)", [(*names, stat) for names, stat in found.items()]
        )


@contextmanager
def score_table(path: str, table: ResultTable) -> Iterator[ScoreTableWriter]:
    """Write the table of stage 3 or 4 to a database at ``path``, which appears only when it is complete.

    Raises
    ------
    OutputError
        The database cannot be written, or another file is there.
    """
    with result_database(path, table) as connection:
        writer = ScoreTableWriter(connection, table)
        yield writer
        writer.finish()


def _numbered(numbers: dict[str, int], name: str) -> int:
    return numbers.setdefault(name, len(numbers))
