"""Find the repeats of an output folder: near-duplicates, one picture in several files, and the one of each to keep.

:mod:`.found` is the use-case, :mod:`.groups` finds near-duplicates by the embeddings, as training does,
:mod:`.ranking` says which file of a group is the best, and why, :mod:`.sharpest` compares those that nothing else tells
apart, :mod:`.hidden` names the pictures that a search or an export leaves out. :mod:`.script` writes what moves repeats
away, in the words of :mod:`.shells`, and :mod:`.shown` a page of the groups.
"""

from __future__ import annotations

from .found import Repeat, RepeatGroup, Repeats, find_repeats
from .hidden import hidden_repeats
from .script import RepeatsScript, write_script
from .shown import write_repeats_page

__all__ = [
    "Repeat",
    "RepeatGroup",
    "Repeats",
    "RepeatsScript",
    "find_repeats",
    "hidden_repeats",
    "write_repeats_page",
    "write_script",
]
