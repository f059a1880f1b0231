"""What failed, at which step and why, so that what cannot be decoded is not tried by every run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..records import Failure
from .addresses import as_ref
from .finished import FinishedWork
from .inputs import Inputs
from .store_file import Database, StoreFile

# The stamp comes from the listing: a file that changes between finding and reading is read again by the next run.
_ADD = """
INSERT OR REPLACE INTO failure
SELECT address, stamp, :decoder, :step, :code, :reason FROM listing WHERE address = :address
"""

_ADD_UNOPENED = "INSERT OR REPLACE INTO failure VALUES (:address, '', :decoder, :step, :code, :reason)"

_OF_LISTED = """
SELECT l.address, f.step, f.code, f.reason FROM listing AS l
JOIN failure AS f ON f.address = l.address AND f.stamp = l.stamp
WHERE l.picture_id IS NULL AND l.seq BETWEEN ? AND ? ORDER BY l.seq
"""


class Failures:
    """The part of the working store that holds failures.

    ``decoder`` names what decides which images can be decoded, limits included: what one decoder could not decode is
    tried again by another.
    """

    def __init__(self, file: StoreFile, inputs: Inputs, finished: FinishedWork, decoder: str) -> None:
        self._file = file
        self._inputs = inputs
        self._finished = finished
        self.decoder = decoder

    def of_listed(self) -> Iterator[Failure]:
        """Yield what failed of the images of the chosen input that have no name, in order.

        A failure of one encoder is not another's: an image that has a name did not fail.
        """
        rows = self._file.stream(_OF_LISTED, self._inputs.own_range)
        return (Failure(as_ref(self._file, address), step, code, reason) for address, step, code, reason in rows)

    def add(self, db: Database, failure: Failure) -> None:
        """Within a transaction: remember the failure of a listed image."""
        db.execute(_ADD, self._values(failure))

    def replace_unopened(self, failures: Iterable[Failure]) -> None:
        """Remember what finding could not open, in place of what it could not open before.

        Those are no images of the listing: they are kept without a stamp, for the record.
        """
        with self._file.transaction() as db:
            db.execute("DELETE FROM failure WHERE stamp = ''")
            db.executemany(_ADD_UNOPENED, map(self._values, failures))

    def forget(self) -> None:
        """Make every image that ever failed worth another try."""
        with self._file.transaction() as db:
            db.execute("DELETE FROM failure")
            self._finished.forget_results(db)

    def _values(self, failure: Failure) -> dict[str, str]:
        """Return the columns of a failure, all but its stamp."""
        fields = {"step": failure.step, "code": failure.code, "reason": failure.reason}
        return {"address": failure.ref.key, "decoder": self.decoder, **fields}
