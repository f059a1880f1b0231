"""One run of several steps at a time in an output folder: between steps the working store is not held."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from ..errors import OutputError
from ..writing import make_folder, require_plain_database
from .store_file import STORE_NAME

#: An empty database: the system frees its lock however a run ends.
LOCK_NAME = "image-tagging.lock"

#: Seconds to wait for another run, which may be about to end.
_WAIT = 1.0


@contextmanager
def one_run_at_a_time(folder: str) -> Iterator[None]:
    """Hold the folder for the steps of one run.

    Raises
    ------
    OutputError
        Another run holds it, or its lock cannot be written.
    """
    path = os.path.join(make_folder(folder), LOCK_NAME)
    with closing(_opened(path, _WAIT)) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            raise _cannot_hold(path, error) from error
        yield


def is_run_at_work(folder: str) -> bool:
    """Return at once whether a run holds the folder, or the working store in it, now.

    Raises
    ------
    OutputError
        Something else is in the place of one of the two files, or it cannot be read.
    """
    return any(_is_held(path) for path in (os.path.join(folder, LOCK_NAME), os.path.join(folder, STORE_NAME)))


def _is_held(path: str) -> bool:
    if not os.path.lexists(path):
        return False
    with closing(_opened(path, 0)) as database:
        try:
            database.execute("BEGIN")
            database.execute("SELECT count(*) FROM sqlite_master").fetchall()
        except sqlite3.Error as error:
            if "locked" in str(error):
                return True
            raise _cannot_hold(path, error) from error
    return False


def _opened(path: str, wait: float) -> sqlite3.Connection:
    require_plain_database(path)
    try:
        return sqlite3.connect(path, timeout=wait, isolation_level=None)
    except sqlite3.Error as error:
        raise _cannot_hold(path, error) from error


def _cannot_hold(path: str, error: sqlite3.Error) -> OutputError:
    folder = os.path.dirname(path)
    if "locked" in str(error):
        return OutputError(f"another run works in {folder}. Wait for it, or use another output folder.")
    return OutputError(f"cannot hold {path}: {error}. Make it and its folder writable, or use another output folder.")
