"""Find the repeats of an output folder: near-duplicates, one picture in several files, and the one of each to keep.

:mod:`.groups` finds the near-duplicates by the embeddings, as training does, :mod:`.ranking` says which file is the
best of a group, :mod:`.hidden` names the pictures that a search or an export leaves out.
"""

from __future__ import annotations

from .hidden import hidden_repeats

__all__ = ["hidden_repeats"]
