"""The verdicts of an output folder: an append-only table that a person's work is safe in.

A verdict never changes and is never deleted. A later one of the same picture and tag takes its place, and undoing a
batch fills in ``undone_by`` of its rows, which redoing empties again. That is a column and not rows of another sort: so
the table stays one list of what was said, what holds is one question to it, and undoing and redoing a thousand times
leaves nothing behind. The numbers of batches and of undos are one sequence, which says what may be redone: what was
undone after the last batch was given, as in any editor.

Each batch is one transaction, on the disk when :meth:`Verdicts.append` returns. A crash loses at most the batch in
hand.
"""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timezone
from itertools import groupby
from operator import attrgetter
from typing import Any, Optional

from typing_extensions import Self

from ..errors import VerdictsError
from ..text import as_tag, encodable
from .store_file import Database
from .verdict import (
    NO,
    UNSURE,
    YES,
    InForce,
    Verdict,
    as_stored,
    in_force,
    is_number,
    later,
    time_in_words,
    why_malformed,
)
from .verdict_file import VERDICTS_NAME, VerdictFile

_COLUMNS = "tag, hash_id, verdict, mode, file_path, before, score, model, position, id, time, batch, undone_by"
_ADD = f"INSERT INTO verdict({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_OF_ID = f"SELECT {_COLUMNS} FROM verdict WHERE id = ?"
_OF_PICTURE = f"SELECT {_COLUMNS} FROM verdict WHERE tag = ? AND hash_id = ?"
_EVERY = f"SELECT {_COLUMNS} FROM verdict WHERE undone_by IS NULL"
_OF_TAG = f"{_EVERY} AND tag = ?"
_HISTORY = f"SELECT {_COLUMNS} FROM verdict WHERE rowid < ? ORDER BY rowid DESC LIMIT ?"
_ROW_OF = "SELECT rowid FROM verdict WHERE id = ?"
_LATEST = "SELECT coalesce(max(batch), 0), coalesce(max(undone_by), 0) FROM verdict"

_LAST_BATCH = "SELECT max(batch) FROM verdict WHERE undone_by IS NULL"
_UNDONE_OF = "SELECT max(undone_by) FROM verdict WHERE batch = ?"
_TO_UNDO = f"SELECT {_COLUMNS} FROM verdict WHERE batch = ? AND undone_by IS NULL ORDER BY rowid"
_UNDO = "UPDATE verdict SET undone_by = ? WHERE batch = ? AND undone_by IS NULL"
_TAKE = "UPDATE verdict SET undone_by = ? WHERE id = ? AND undone_by IS NULL"
_TO_REDO = f"SELECT {_COLUMNS} FROM verdict WHERE undone_by = ? ORDER BY rowid"
_REDO = "UPDATE verdict SET undone_by = NULL WHERE undone_by = ?"

#: The values of a verdict, in the order of the columns above.
_VALUES = attrgetter(*(each.name for each in fields(Verdict)))

#: Beyond every row.
_END = (1 << 63) - 1


@dataclass(frozen=True)
class VerdictCounts:
    """The verdicts in force of one tag; ``checks`` counts those of them that are validation alone."""

    tag: str
    yes: int
    no: int
    unsure: int
    checks: int


class Verdicts:
    """The verdicts in an output folder, which is made where it is missing; several processes may have it open.

    Raises
    ------
    VerdictsError
        The file cannot be opened, or is something else or of another version.
    OutputError
        The folder cannot be made, or a link is in the place of the file.
    """

    def __init__(self, folder: str) -> None:
        self._file = VerdictFile(os.path.join(folder, VERDICTS_NAME), is_new=True)
        self.path = self._file.path
        self._taken = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._file.__exit__(*exc_info)

    def append(self, verdicts: Sequence[Verdict]) -> int:
        """Add verdicts that a person gives now, as one batch; return its number, 0 where there are none.

        They get their ``id``, and a time that is later than that of every verdict on the same picture and tag, also
        where the clock was set back. ``before`` is the verdict in force where there is one.

        Raises
        ------
        VerdictsError
            One is malformed, or the file cannot be written: then none is added.
        """
        given = [as_stored(verdict) for verdict in verdicts]
        for verdict in given:
            if why := why_malformed(verdict):
                raise VerdictsError(f"a verdict on {verdict.hash_id!r:.100} is malformed: {why}.")
        if not given:
            return 0
        with self._file.transaction() as db:
            batch = self._next_number(db)
            earlier = [self._verdicts(db.execute(_OF_PICTURE, (each.tag, each.hash_id))) for each in given]
            first = max(
                time_in_words(datetime.now(timezone.utc)),
                *(later(verdict.time, 1) for known in earlier for verdict in known),
                "",
            )
            for position, (verdict, known) in enumerate(zip(given, earlier)):
                held = in_force(known)
                before = held[0].verdict.verdict if held else verdict.before
                new = replace(verdict, before=before, batch=batch, undone_by=None)
                new = replace(new, id=secrets.token_hex(16), time=later(first, position))
                db.execute(_ADD, _VALUES(new))
            return batch

    def add(self, verdicts: Iterable[Verdict], conflict: Callable[[str], VerdictsError]) -> tuple[int, int]:
        """Add verdicts that were given elsewhere, with their ``id`` and time, as one batch, or none of them.

        Return how many are new, and how many were there already. Where one has the ``id`` of another that says
        something else, what ``conflict`` makes of the reason is raised.
        """
        new = known = 0
        with self._file.transaction() as db:
            batch = self._next_number(db)
            for verdict in map(as_stored, verdicts):
                there = list(self._verdicts(db.execute(_OF_ID, (verdict.id,))))
                if not there:
                    db.execute(_ADD, _VALUES(replace(verdict, batch=batch, undone_by=None)))
                    new += 1
                elif there[0].identity == verdict.identity:
                    known += 1
                else:
                    raise conflict(f"the verdict {verdict.id} is there already and says something else")
        return new, known

    def undo(self, batch: Optional[int] = None) -> tuple[Verdict, ...]:
        """Undo a batch, the last one that is not undone unless another is named; return its verdicts, none if none."""
        with self._file.transaction() as db:
            if batch is None:
                ((batch,),) = db.execute(_LAST_BATCH).fetchall()
            undone = self._verdicts(db.execute(_TO_UNDO, (batch,)))
            db.execute(_UNDO, (self._next_number(db), batch))
        return tuple(undone)

    def redo(self, batch: Optional[int] = None) -> tuple[Verdict, ...]:
        """Take the last undo back, unless a batch was given after it, or that of a named batch; return its verdicts."""
        with self._file.transaction() as db:
            last_batch, last_undo = db.execute(_LATEST).fetchall()[0]
            number = last_undo if last_undo > last_batch else None
            if batch is not None:
                ((number,),) = db.execute(_UNDONE_OF, (batch,)).fetchall()
            return self._given_again(db, number)

    def take_back(self, verdicts: Iterable[Verdict]) -> None:
        """Undo some verdicts, of any batches, as one step; the others of their batches hold as before."""
        with self._file.transaction() as db:
            self._taken = self._next_number(db)
            db.executemany(_TAKE, [(self._taken, verdict.id) for verdict in verdicts])

    def give_back(self) -> tuple[Verdict, ...]:
        """Give again what was taken back here last, unless anything was given or undone since; return its verdicts."""
        with self._file.transaction() as db:
            number, self._taken = self._taken, 0
            return self._given_again(db, number) if number == self._next_number(db) - 1 else ()

    def in_force(self, tag: Optional[str] = None) -> list[InForce]:
        """Return what holds of each picture, of all tags or of one, as :func:`.verdict.in_force` does."""
        found = self._file.rows(_EVERY) if tag is None else self._file.rows(_OF_TAG, (encodable(as_tag(tag)),))
        return in_force(self._verdicts(found))

    def history(self, most: int, before: str = "") -> list[Verdict]:
        """Return the latest ``most`` verdicts in the order given, the last first, undone ones too.

        With the ``id`` of one as ``before``, those before that.
        """
        row = next(iter(self._file.rows(_ROW_OF, (before,))), (_END,))[0]
        return self._verdicts(self._file.rows(_HISTORY, (row, most)))

    def counts(self) -> list[VerdictCounts]:
        """Return how many verdicts of each tag are in force, tags in alphabetical order."""
        return count_verdicts(self.in_force())

    def _given_again(self, db: Database, number: object) -> tuple[Verdict, ...]:
        undone = self._verdicts(db.execute(_TO_REDO, (number,)))
        db.execute(_REDO, (number,))
        return tuple(replace(verdict, undone_by=None) for verdict in undone)

    def _next_number(self, db: Database) -> int:
        """Return the number that follows those of all batches and undos."""
        numbers = db.execute(_LATEST).fetchall()[0]
        if not all(map(is_number, numbers)):
            raise self._file.damaged("a number of a batch is none")
        return 1 + int(max(numbers))

    def _verdicts(self, rows: Iterable[Any]) -> list[Verdict]:
        return list(_read(self._file, rows))


def read_verdicts(path: str) -> list[Verdict]:
    """Return the verdicts in a database at ``path`` that are not undone; nothing is written there.

    Raises
    ------
    VerdictsError
        It is missing, damaged, something else or of another version.
    """
    if os.path.isfile(path) and os.path.getsize(path) == 0:  # what was going to make it was killed
        return []
    with VerdictFile(path) as file:
        return list(_read(file, file.rows(_EVERY)))


def count_verdicts(held: Iterable[InForce]) -> list[VerdictCounts]:
    """Return how many verdicts in force each tag has, tags in alphabetical order."""
    ordered = sorted(held, key=lambda each: each.verdict.tag)
    return [_counts(tag, list(of_tag)) for tag, of_tag in groupby(ordered, key=lambda each: each.verdict.tag)]


def _counts(tag: str, of_tag: Sequence[InForce]) -> VerdictCounts:
    words = Counter(each.verdict.verdict for each in of_tag)
    return VerdictCounts(tag, words[YES], words[NO], words[UNSURE], sum(each.check is not None for each in of_tag))


def _read(file: VerdictFile, rows: Iterable[Any]) -> Iterator[Verdict]:
    """Yield the verdicts of rows; VerdictsError where a row was never written by this program."""
    for row in rows:
        verdict = Verdict(*row)
        if why := why_malformed(verdict):
            raise file.damaged(f"of one {why}")
        yield verdict
