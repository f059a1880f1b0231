"""Files that are there already and are written to: the log, and what SQLite opens. They must be plain files."""

from __future__ import annotations

import io
import os
import stat

from ..errors import OutputError
from .base import FLAGS, MOVE_AWAY, sort_of

_APPEND: int = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NONBLOCK", 0) | FLAGS

#: The endings of what SQLite keeps next to a database, and opens to write even where it only reads that.
_JOURNALS = ("-wal", "-shm", "-journal")


def require_plain(path: str) -> None:
    """Raise OutputError where something is at ``path`` that is no plain file with one name, and must not be opened."""
    try:
        status = os.lstat(path)
    except OSError:  # nothing is there, or what opens it says why it cannot
        return
    if not stat.S_ISREG(status.st_mode):
        raise OutputError(f"{path} is {sort_of(status)}, and is not written to. {MOVE_AWAY}")
    if status.st_nlink > 1:
        raise OutputError(
            f"{path} has another name as well (a hard link), and is not written to: copy it, or move it away."
        )


def require_plain_journals(path: str) -> None:
    """Raise OutputError as :func:`require_plain` does, for the files that SQLite writes next to a database."""
    for ending in _JOURNALS:
        require_plain(path + ending)


def require_plain_database(path: str) -> None:
    """Raise OutputError as :func:`require_plain` does, for a database and the files that SQLite writes next to it."""
    require_plain(path)
    require_plain_journals(path)


def require_no_journal(path: str) -> None:
    """Raise OutputError where something next to a database would change what it holds once it is read."""
    for ending in _JOURNALS:
        if os.path.lexists(path + ending):
            raise OutputError(
                f"{path}{ending} would change {path}: another program has it open, or left it. Close that program, or "
                "move the file away."
            )


def appended_text(path: str) -> io.TextIOWrapper:
    """Open a text file (UTF-8) to append to.

    Raises
    ------
    OutputError
        What is there is no plain file with one name.
    OSError
        It cannot be opened.
    """
    require_plain(path)
    return open(os.open(path, _APPEND, 0o666), "a", encoding="utf-8", errors="backslashreplace")
