"""Names and stamps of files."""

from __future__ import annotations

import os


def stamp_of(path: str) -> str:
    """Return size and time of a file as text that changes when the file does. Raises OSError if it cannot be read."""
    status = os.stat(path)
    return f"{status.st_size}:{status.st_mtime_ns}"


def numbered_name(name: str, number: int) -> str:
    """Return the name of the ``number``-th file called ``name``: ``cat.png``, ``cat (2).png``, ``cat (3).png`` …"""
    if number == 1:
        return name
    stem, suffix = os.path.splitext(name)
    return f"{stem} ({number}){suffix}"
