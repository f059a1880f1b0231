"""Repeats of a review: one picture of each group is shown in searches and in orders by score, if a person says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...errors import OutputError
from ...progress import say_nothing
from ..repeats.groups import find_kept
from ..search import open_table
from .collected import Collected


def with_repeats(collected: Collected, *, hide: bool) -> Collected:
    """Return the pictures with their repeats hidden, or shown.

    Raises
    ------
    OutputError
        Another run works in the folder or has changed it, or it cannot be written.
    """
    if not hide:
        return replace(collected, kept=np.arange(len(collected.pictures)))
    table = open_table(collected.folder, say_nothing)
    if [picture.hash_id.encode() for picture in collected.pictures] != table.names.tolist():
        raise OutputError("another run has changed the pictures: they are read again, and repeats can be hidden then.")
    return replace(collected, kept=find_kept(table, say_nothing).rows)


def is_repeat(collected: Collected) -> NDArray[np.bool_]:
    """Return which pictures (N,) are hidden since they repeat another one."""
    flags: NDArray[np.bool_] = collected.kept != np.arange(len(collected.kept))
    return flags
