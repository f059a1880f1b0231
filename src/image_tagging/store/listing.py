"""The images of the inputs of a role: what was found, and what is still to do.

A run replaces what is listed of its input; what is known of the images stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from typing import Any, Optional

from ..addresses import ImageRef
from ..failures import KILLED
from ..files import is_relinked, stamp_of
from ..records import EncoderSpec, Found, FoundImage
from .addresses import as_ref
from .encoders import Encoders
from .failures import Failures
from .finished import FinishedWork
from .found import FoundSorter, FoundSummary, first_rows
from .imported import HAS_EMBEDDING, Imported
from .inputs import Inputs
from .store_file import StoreFile

#: An image that another input of the role holds is one of this input from now on; one found twice is listed once.
_ADD = """
INSERT INTO listed(seq, role, address, stamp, name, tag) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT(address, role) DO UPDATE
SET seq = excluded.seq, stamp = excluded.stamp, name = excluded.name, tag = excluded.tag, picture_id = NULL
WHERE listed.seq NOT BETWEEN ?7 AND ?8
"""

_NUMBER_NAMES = """
UPDATE listed SET number = ranked.number FROM (
    SELECT seq, row_number() OVER (PARTITION BY name ORDER BY seq) AS number FROM listing) AS ranked
WHERE ranked.seq = listed.seq AND ranked.number <> listed.number
"""

_NOTE_EARLIER = "INSERT INTO earlier SELECT address FROM listed WHERE seq BETWEEN ? AND ?"
_COUNT_GONE = """
SELECT count(*) FROM earlier WHERE NOT EXISTS (
    SELECT 1 FROM listed WHERE (listed.address, listed.role) = (earlier.address, ?))
"""
_ROWS = "SELECT seq, address, stamp FROM listed WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?"
_STAMP = "SELECT seq, stamp FROM listing WHERE address = ?"
_OWN = "SELECT address, stamp, name, tag FROM listed WHERE seq BETWEEN ? AND ? ORDER BY seq"
_COUNT = "SELECT count(*) FROM listed WHERE seq BETWEEN ? AND ?"

#: A range of its own, and not that of the view ``listing``: SQLite would search by one bound alone, and read each page
#: from the begin of the listing.
_PENDING = f"""
FROM listed AS l
LEFT JOIN image AS i ON i.address = l.address AND i.stamp = l.stamp
WHERE l.seq BETWEEN :first AND :last AND NOT {HAS_EMBEDDING}
AND NOT EXISTS (SELECT 1 FROM absent WHERE l.seq BETWEEN absent.first AND absent.last)
AND NOT EXISTS (SELECT 1 FROM failure AS f WHERE f.address = l.address AND f.stamp = l.stamp
                AND f.step = 'decode' AND f.code <> '{KILLED}' AND f.decoder = :decoder)
"""

_RENEW_LISTED = "UPDATE listed SET stamp = ? WHERE address = ? AND stamp = ?"
_RENEW_IMAGE = "UPDATE image SET stamp = ? WHERE address = ? AND stamp = ?"
_RENEW_FAILURE = "UPDATE failure SET stamp = ? WHERE address = ? AND stamp = ?"

#: Rows fetched at a time while the store is also written: enough to hide the query, few enough to hold.
_PAGE = 2048


class Listing:
    """The part of the working store that holds the images of the role and the input that are chosen."""

    def __init__(
        self,
        file: StoreFile,
        inputs: Inputs,
        encoders: Encoders,
        failures: Failures,
        finished: FinishedWork,
        imported: Imported,
    ) -> None:
        self._file = file
        self._inputs = inputs
        self._encoders = encoders
        self._failures = failures
        self._finished = finished
        self._imported = imported

    def replace(self, found: Iterable[Found], *, fresh: bool = False, may_be_empty: bool = True) -> FoundSummary:
        """Replace what is listed of the input by what was found now; with ``fresh``, all that the role has.

        Nothing that is known of the images is forgotten. Where no image was found and it may not be empty, all stays.
        """
        sorter = FoundSorter()
        images = sorter.images(found)
        first = list(first_rows(images))
        new = gone = 0
        is_kept = not first and not may_be_empty
        if not is_kept and (not sorter.is_done or not self._holds(first, fresh=fresh)):
            new, gone = self._write(chain(first, images), sorter, fresh=fresh)
        elif not is_kept and not self._inputs.holds(sorter.notes):
            with self._file.transaction() as db:
                self._inputs.remember(db, sorter.notes)
        self._inputs.see()
        self._failures.replace_unopened(sorter.failures.held)
        return FoundSummary(
            images=0 if is_kept else self._count(self._inputs.own_range),
            new=new,
            gone=gone,
            archives=self._inputs.archives(),
            failures=tuple(sorter.failures.held),
            failure_codes=dict(sorter.failures.codes),
            passed_over=dict(sorter.passed_over),
            left_out=tuple(sorter.left_out.values()),
            bare_folders=self._inputs.folders(),
            merged_tags={tag: tuple(tops) for tag, tops in sorter.tops.items() if len(tops) > 1},
            digest=self._inputs.digest(),
        )

    def forget(self, *, all_inputs: bool = False) -> None:
        """Take the chosen input, or all, out of the role; what is known of the images stays."""
        inputs = self._inputs
        with self._file.transaction() as db:
            inputs.forget(db, None if all_inputs else inputs.number)
            db.execute(_NUMBER_NAMES)
            self._finished.forget_results(db, inputs.work())
        inputs.see()

    def images(self) -> Iterator[FoundImage]:
        """Yield the images of the chosen input with their stamps, in order; meanwhile the store may be written."""
        for rows in self._pages(*self._inputs.own_range):
            yield from (FoundImage(as_ref(self._file, address), stamp) for _, address, stamp in rows)

    def keys(self) -> Iterator[str]:
        """Yield the keys of the addresses of all images of the role, in order; meanwhile the store may be written."""
        for rows in self._pages(*self._inputs.range):
            yield from (address for _, address, _ in rows)

    def _pages(self, start: int, end: int) -> Iterator[list[tuple[int, str, str]]]:
        """Yield the rows (seq, address, stamp) from one ``seq`` to another, a page at a time."""
        while rows := self._file.rows(_ROWS, (start, end, _PAGE)):
            start = rows[-1][0] + 1
            yield rows

    def renew_stamps(self) -> None:
        """Give listed files their present stamp where only their change time is another than when they were listed.

        A hard link to a file changes that, and not the file: without this the next run would read it again.
        """
        for rows in self._pages(*self._inputs.range):
            renewed = list(self._renewed(rows))
            if renewed:
                with self._file.transaction() as db:
                    db.executemany(_RENEW_LISTED, renewed)
                    db.executemany(_RENEW_IMAGE, renewed)
                    db.executemany(_RENEW_FAILURE, renewed)

    def _renewed(self, rows: Iterable[tuple[int, str, str]]) -> Iterator[tuple[str, str, str]]:
        """Yield the new stamp, the address and the old stamp of each file that got a further name."""
        for _, address, stamp in rows:
            ref = as_ref(self._file, address)
            with suppress(OSError):  # it is gone: the next run sees that
                if not ref.members and is_relinked(stamp, later := stamp_of(ref.file)):
                    yield later, address, stamp

    def _holds(self, images: list[tuple[str, ...]], *, fresh: bool) -> bool:
        """Return whether these images are listed: a stranger may have filled the store with others."""
        if fresh and any(each.number != self._inputs.number for each in self._inputs.of(self._inputs.role)):
            return False
        rows = self._file.rows(_OWN, self._inputs.own_range)
        listed: dict[str, tuple[str, ...]] = {}
        for row in images:
            listed.setdefault(row[0], row)
        return bool(rows == list(listed.values()))

    def _write(self, images: Iterable[tuple[str, ...]], sorter: FoundSorter, *, fresh: bool) -> tuple[int, int]:
        """List the images; return how many of them are new in the role, and how many are gone from it."""
        inputs, role = self._inputs, self._inputs.role
        (start, end), all_of_role = inputs.own_range, inputs.role_range
        with self._file.transaction() as db:
            before = self._count(all_of_role)
            db.execute("DELETE FROM earlier")
            db.execute(_NOTE_EARLIER, all_of_role if fresh else (start, end))
            inputs.forget(db, None if fresh else inputs.number)
            rows = ((start + position, role, *row, start, end) for position, row in enumerate(images))
            db.executemany(_ADD, rows)
            db.execute(_NUMBER_NAMES)
            inputs.remember(db, sorter.notes)
            self._finished.forget_results(db, inputs.work())
            ((gone,),) = db.execute(_COUNT_GONE, (role,)).fetchall()
            db.execute("DELETE FROM earlier")
            return self._count(all_of_role) - before + gone, gone

    def _count(self, rows: tuple[int, int]) -> int:
        return int(self._file.rows(_COUNT, rows)[0][0])

    def stamp_of_other(self, ref: ImageRef) -> Optional[str]:
        """Return the stamp of an image of another input than the chosen one; ``None`` for an image of that."""
        start, end = self._inputs.own_range
        rows = self._file.rows(_STAMP, (ref.key,)) if self._inputs.origins else ()
        return None if not rows or start <= rows[0][0] <= end else str(rows[0][1])

    def count_pending(self, encoder: Optional[EncoderSpec]) -> int:
        """Return how many images ``pending`` gives."""
        (count,) = self._file.rows(f"SELECT count(*) {_PENDING}", self._pending_values(encoder))[0]
        return int(count)

    def pending(self, encoder: Optional[EncoderSpec]) -> Iterator[FoundImage]:
        """Yield the listed images that have no embedding by this encoder and are worth a try, in order."""
        values = self._pending_values(encoder)
        query = f"SELECT l.seq, l.address, l.stamp {_PENDING} ORDER BY l.seq LIMIT {_PAGE}"
        while rows := self._file.rows(query, values):
            values["first"] = rows[-1][0] + 1
            yield from (FoundImage(as_ref(self._file, address), stamp) for _, address, stamp in rows)

    def _pending_values(self, encoder: Optional[EncoderSpec]) -> dict[str, Any]:
        first, last = self._inputs.range
        return {
            "encoder": self._encoders.number(encoder),
            "imported": self._imported.is_used,
            "decoder": self._failures.decoder,
            "first": first,
            "last": last,
        }
