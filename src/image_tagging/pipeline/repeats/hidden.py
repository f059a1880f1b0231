"""The pictures that are left out where repeats are hidden: all but the kept one of each group of near-duplicates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...files import StrPath, absolute, user_path
from ...progress import Say, say_nothing
from ..search.table import PictureTable, open_table
from .groups import find_kept


def hidden_repeats(output: StrPath, say: Say = say_nothing) -> frozenset[str]:
    """Return the names (``hash_id``) of the pictures of an output folder that repeat another one, which is kept.

    Which file of a group is kept, and what is raised, is that of :func:`.find_repeats`, but for the sharpness: no image
    is read, and only what that has measured before is used. The first call after a run writes
    ``image-tagging.repeats``.
    """
    table = open_table(absolute(user_path(output, "output")), say)
    return frozenset(table.name(row) for row in np.flatnonzero(is_hidden(table, say)).tolist())


def is_hidden(table: PictureTable, say: Say = say_nothing) -> NDArray[np.bool_]:
    """Return which pictures (N,) of a table repeat another one, which is kept; raises as above."""
    flags: NDArray[np.bool_] = find_kept(table, say).rows != np.arange(len(table))
    return flags
