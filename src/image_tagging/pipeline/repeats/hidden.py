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

    Near-duplicates are those of training. No image is read: of the files of a group the one of the most pixels is kept,
    then the least compressed, then the first by path. :func:`.find_repeats` compares how sharp they are, too, and what
    it found is used from then on. The first call after a run writes ``image-tagging.repeats``.

    Raises
    ------
    InputError
        It is no output folder, or holds no picture.
    OutputError
        Another run works there, or the folder cannot be written.
    """
    table = open_table(absolute(user_path(output, "output")), say)
    return frozenset(table.name(row) for row in np.flatnonzero(is_hidden(table, say)).tolist())


def is_hidden(table: PictureTable, say: Say = say_nothing) -> NDArray[np.bool_]:
    """Return which pictures (N,) of a table repeat another one, which is kept; raises as above."""
    flags: NDArray[np.bool_] = find_kept(table, say).rows != np.arange(len(table))
    return flags
