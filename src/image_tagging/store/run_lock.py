"""One run of several steps at a time in an output folder: between steps the working store is not held."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from ..errors import OutputError
from ..writing import make_folder, require_plain_database

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
    require_plain_database(path)
    try:
        lock = sqlite3.connect(path, timeout=_WAIT, isolation_level=None)
    except sqlite3.Error as error:
        raise _cannot_hold(path, error) from error
    with closing(lock):
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            raise _cannot_hold(path, error) from error
        yield


def _cannot_hold(path: str, error: sqlite3.Error) -> OutputError:
    folder = os.path.dirname(path)
    if "locked" in str(error):
        return OutputError(f"another run works in {folder}. Wait for it, or use another output folder.")
    return OutputError(f"cannot hold {path}: {error}. Make it and its folder writable, or use another output folder.")
