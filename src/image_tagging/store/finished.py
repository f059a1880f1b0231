"""What is finished, and a digest of all that it was made from: it need not be done again while that is the same."""

from __future__ import annotations

from typing import Optional

from ..text import encodable
from .store_file import Database, StoreFile

#: The work of placing images in bins, finished from a set of models and a number of bins.
PLACING = "placing"

#: That images were placed by a run which did not come to its end: what it placed last is not in the records.
UNFINISHED_PLACING = "placing, unfinished"

#: The training of the tag models in the output folder, and the choice of the encoder there.
TRAINING, ENCODER = "training", "encoder"

#: What begins the name of a work that gives results of listed images: see ``Inputs.work``.
RESULTS = "results/"


class FinishedWork:
    """The part of the working store that holds what earlier runs finished, by a name of the work."""

    def __init__(self, file: StoreFile) -> None:
        self._file = file

    def is_finished(self, work: str, digest: str) -> bool:
        """Return whether this work was finished, from what the digest stands for."""
        return self.made_from(work) == digest

    def made_from(self, work: str) -> Optional[str]:
        """Return the digest of what this work was last finished from, ``None`` where it never was."""
        rows = self._file.rows("SELECT digest FROM finished WHERE work = ?", (encodable(work),))
        return str(rows[0][0]) if rows else None

    def finish(self, work: str, digest: str) -> None:
        """Remember that this work is finished."""
        with self._file.transaction() as db:
            db.execute("INSERT OR REPLACE INTO finished VALUES (?, ?)", (encodable(work), digest))

    def forget(self, work: str) -> None:
        """Forget that a work is finished."""
        with self._file.transaction() as db:
            db.execute("DELETE FROM finished WHERE work = ?", (encodable(work),))

    def forget_results(self, db: Database, begin: str = RESULTS) -> None:
        """Within a transaction: results may turn out otherwise now, all or those of works whose names begin so.

        What was placed in bins stays there.
        """
        db.execute("DELETE FROM finished WHERE substr(work, 1, ?) = ?", (len(begin), begin))
