"""Groups of near-duplicates among the pictures of an output folder, kept in a file that is mapped the next time."""

from __future__ import annotations

import hashlib
import os
from typing import Any, NamedTuple, Optional

import numpy as np
from numpy.typing import NDArray

from ...datasets import Rows, near_duplicate_groups
from ...encoders import near_duplicate_cosine
from ...progress import Say
from ...store import REPEATS_NAME, CollectedFile, WorkingStore, open_array, write_array
from ..collected_embeddings import MANY
from ..search.table import PictureTable
from .ranking import best_first


class KeptRows(NamedTuple):
    """The row (N,) int64 of the picture that is kept of the repeats of each, its own where it has none.

    ``sharpness`` (N,) int64 is that of pictures that were compared by it, in thousandths, -1 of all others.
    """

    rows: Rows
    sharpness: Rows

    def members(self) -> Rows:
        """Return the rows of the pictures that have near-duplicates, in order."""
        sizes: Rows = np.bincount(self.rows, minlength=len(self.rows))[self.rows]
        return np.flatnonzero(sizes > 1)


def find_kept(table: PictureTable, say: Say) -> KeptRows:
    """Return which picture is kept of each group; what was found for these pictures before is read from a file.

    Raises
    ------
    OutputError
        Another run works there, or the file cannot be written.
    """
    known = open_array(_path(table), _stamp(table))
    if known is not None and _is_of(table, known):
        return KeptRows(*known)
    if len(table) >= MANY:
        say(f"Looking for repeats among {len(table):,} pictures; only when there are new ones …")
    groups = near_duplicate_groups(table.embeddings, cosine=near_duplicate_cosine(table.encoder))
    kept = KeptRows(groups, np.full(len(groups), -1, dtype=np.int64))
    if len(members := kept.members()):
        with WorkingStore(table.folder) as store:
            kept = KeptRows(_best_rows(table, groups, members, store), kept.sharpness)
    write_kept(table, kept)
    return kept


def _is_of(table: PictureTable, known: NDArray[Any]) -> bool:
    count = len(table)
    is_pair = known.dtype == np.int64 and known.shape == (2, count)
    return is_pair and bool(((known[0] >= 0) & (known[0] < count)).all())


def write_kept(table: PictureTable, kept: KeptRows) -> None:
    """Keep what was found for the next time; raise OutputError where it cannot be written."""
    rows = np.stack(kept)
    write_array(_path(table), _stamp(table), rows.shape, [rows])


def _best_rows(table: PictureTable, groups: Rows, members: Rows, store: WorkingStore) -> Rows:
    """Return the kept row of each group, by what the store knows of the files: no image is read."""
    names = {table.name(row): row for row in members.tolist()}
    best: dict[int, CollectedFile] = {}
    for file in store.collection.files_of(names):
        group = int(groups[names[file.hash_id]])
        if group not in best or best_first(file) < best_first(best[group]):
            best[group] = file
    rows: Rows = groups.copy()
    for row in names.values():
        file_of_group: Optional[CollectedFile] = best.get(int(groups[row]))
        rows[row] = groups[row] if file_of_group is None else names[file_of_group.hash_id]
    return rows


def _path(table: PictureTable) -> str:
    return os.path.join(table.folder, REPEATS_NAME)


def _stamp(table: PictureTable) -> str:
    """Return what changes when the groups, or the files of the pictures, may be others."""
    limit = near_duplicate_cosine(table.encoder)
    return hashlib.blake2b(f"{table.stamp} {limit}".encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()
