"""The log of a run in its output folder: every file that was skipped, and what libraries warn of."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ..errors import OutputError
from ..files import make_folder
from ..text import escaped

LOG_NAME = "image-tagging.log"


@contextmanager
def log_in(folder: str) -> Iterator[str]:
    """Write the log, and what libraries warn of, to a file in the output folder instead of the screen; its path.

    Raises
    ------
    OutputError
        The folder cannot be made; while the run goes on, that the log cannot be written.
    """
    path = os.path.join(make_folder(folder), LOG_NAME)
    handler = _LogFile(path)
    loggers = [logging.getLogger("image_tagging"), logging.getLogger("py.warnings")]
    logging.captureWarnings(True)
    for logger in loggers:
        logger.setLevel(logging.INFO)
        logger.addHandler(handler)
        logger.propagate = False
    try:
        yield path
    finally:
        logging.captureWarnings(False)
        for logger in loggers:
            logger.removeHandler(handler)
            logger.propagate = True
        with suppress(OSError):  # that it cannot be written was said when it was tried
            handler.close()


class _LogFile(logging.FileHandler):
    """A log in which every message is one line, whatever names it holds. The file is made by the first message."""

    def __init__(self, path: str) -> None:
        super().__init__(path, encoding="utf-8", errors="backslashreplace", delay=True)
        self.setFormatter(_OneLine("%(asctime)s %(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Append a message; OutputError where the file cannot be opened, which the library lets through as it is."""
        try:
            super().emit(record)
        except OSError as error:
            self._cannot_write(error)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  the name is the library's
        """Called where writing fails: the library would print the traceback and go on without a log."""
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            self._cannot_write(error)
        super().handleError(record)

    def _cannot_write(self, error: OSError) -> None:
        raise OutputError(
            f"cannot write the log {self.baseFilename}: {error.strerror or error}. "
            "Move it away, free some space, or choose another output folder."
        ) from error


class _OneLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return escaped(super().format(record).rstrip("\n"))
