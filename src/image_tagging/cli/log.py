"""The log of a run in its output folder: every skipped file, and the warnings of libraries."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper

from ..errors import OutputError
from ..text import escaped
from ..writing import appended_text, make_folder, require_plain

LOG_NAME = "image-tagging.log"


@contextmanager
def log_in(folder: str) -> Iterator[str]:
    """Write the log and the warnings of libraries to a file in the output folder; yield its path.

    Raises
    ------
    OutputError
        The folder cannot be created, the log is a link or no plain file or, during the run, it cannot be written.
    """
    path = os.path.join(make_folder(folder), LOG_NAME)
    require_plain(path)
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
        with suppress(OSError):  # a failed write has already raised OutputError
            handler.close()


class _LogFile(logging.FileHandler):
    """A log file with one line per message, for any names in it; the first message creates the file."""

    def __init__(self, path: str) -> None:
        super().__init__(path, delay=True)
        self.setFormatter(_OneLine("%(asctime)s %(levelname)s %(message)s"))

    def _open(self) -> TextIOWrapper:
        return appended_text(self.baseFilename)

    def emit(self, record: logging.LogRecord) -> None:
        """Append a message; raise OutputError where the file cannot be opened."""
        try:
            super().emit(record)
        except OSError as error:
            self._cannot_write(error)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  the name is the library's
        """Raise OutputError where writing fails; ``logging`` would print a traceback and continue without a log."""
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
