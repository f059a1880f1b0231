"""What an export does, in numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Counts:
    """How many files an export writes: new ones, changed ones, those that stay as they are, and those it removes.

    ``inside`` counts images in archives and at URLs, next to which no file can be written, ``gone`` those whose folder
    is no longer there, ``untagged`` pictures that have nothing to say, and ``unread`` images that cannot be read any
    more.
    """

    pictures: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    inside: int = 0
    gone: int = 0
    untagged: int = 0
    unread: int = 0
