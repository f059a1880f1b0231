"""Groups of near-duplicates among the pictures of an output folder, kept in a file that is mapped the next time."""

from __future__ import annotations

import hashlib
import os
from typing import Optional

import numpy as np

from ...datasets import Rows, near_duplicate_groups
from ...encoders import near_duplicate_cosine
from ...progress import Say
from ...store import NAMES_NAME, REPEATS_NAME, CollectedFile, WorkingStore, open_array, stamp_of_array, write_array
from ..collected_embeddings import MANY
from ..search import PictureTable
from .ranking import best_first


def kept_rows(table: PictureTable, store: Optional[WorkingStore], say: Say) -> Rows:
    """Return the row (N,) int64 of the picture that is kept of the repeats of each; its own where it has none.

    What was found for these pictures before is read from a file; ``store`` is opened where it is ``None`` and needed.

    Raises
    ------
    OutputError
        Another run works there, or the file cannot be written.
    """
    path, stamp = os.path.join(table.folder, REPEATS_NAME), _stamp(table)
    known = open_array(path, stamp)
    if known is not None and known.shape == (len(table),):
        return np.asarray(known, dtype=np.int64)
    if len(table) >= MANY:
        say(f"Looking for repeats among {len(table):,} pictures; only when there are new ones …")
    groups = near_duplicate_groups(table.embeddings, cosine=near_duplicate_cosine(table.encoder))
    if store is None:
        with WorkingStore(table.folder) as opened:
            kept = _kept(table, groups, opened)
    else:
        kept = _kept(table, groups, store)
    write_array(path, stamp, kept.shape, [kept])
    return kept


def members(kept: Rows) -> Rows:
    """Return the rows of the pictures that have near-duplicates, in order."""
    return np.flatnonzero(np.bincount(kept, minlength=len(kept))[kept] > 1)


def _kept(table: PictureTable, groups: Rows, store: WorkingStore) -> Rows:
    """Return the kept row of each group, by what the store knows of the files: no image is read."""
    kept = np.arange(len(groups))
    names = {table.name(row): row for row in members(groups).tolist()}
    best: dict[int, CollectedFile] = {}
    for file in store.collection.files_of(names):
        group = int(groups[names[file.hash_id]])
        if group not in best or best_first(file) < best_first(best[group]):
            best[group] = file
    for row in names.values():
        file_of_group = best.get(int(groups[row]))
        kept[row] = row if file_of_group is None else names[file_of_group.hash_id]
    return kept


def _stamp(table: PictureTable) -> str:
    """Return what changes when the groups, or the files of the pictures, may be others."""
    made_from = stamp_of_array(os.path.join(table.folder, NAMES_NAME))
    limit = near_duplicate_cosine(table.encoder)
    return hashlib.blake2b(f"{made_from} {limit}".encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()
