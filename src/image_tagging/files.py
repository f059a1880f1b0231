"""Atomic writes of files, and the names and stamps of files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .errors import OutputError


def make_folder(path: str) -> str:
    """Make a folder and those above it; return its path.

    Raises
    ------
    OutputError
        It cannot be made, or a file has its name.
    """
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {path}: {_why(error)}. Choose another output folder.") from error
    return path


@contextmanager
def write_aside(path: str) -> Iterator[str]:
    """Yield a temporary path next to ``path``, and move the file written there into place at the end.

    The temporary path is free: a leftover of a killed run is removed. If the block fails, the temporary file is
    removed and an earlier ``path`` stays whole.

    Raises
    ------
    OutputError
        The file cannot be written or moved into place.
    """
    aside = f"{path}.part"
    make_folder(os.path.dirname(os.path.abspath(path)))
    _remove(aside)
    try:
        yield aside
        os.replace(aside, path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {_why(error)}. Free some space or choose another output.") from error
    finally:
        _remove(aside)


def _remove(path: str) -> None:
    with suppress(OSError):
        os.remove(path)


def _why(error: OSError) -> str:
    return error.strerror or str(error)


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
