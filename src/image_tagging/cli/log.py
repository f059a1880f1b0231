"""The log of an output folder: every skipped file, and the warnings of libraries.

What is as it was is said once: a file that a run skips as an earlier one did is in the log already.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper

from ..errors import OutputError
from ..text import counted, escaped
from ..writing import appended_text, make_folder, require_plain

LOG_NAME = "image-tagging.log"

_DATE, _MESSAGE = "%(asctime)s ", "%(levelname)s %(message)s"

#: Characters of a date as ``logging`` writes it, with the space after it.
_DATE_LENGTH = len("2026-01-31 23:59:59,999 ")

#: Bytes at the end of a log that are searched for what is said again. Those of 100,000 failures take less.
_SEARCHED = 32 << 20


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
        handler.count_repeated()
    finally:
        logging.captureWarnings(False)
        for logger in loggers:
            logger.removeHandler(handler)
            logger.propagate = True
        with suppress(OSError):  # a failed write has already raised OutputError
            handler.close()


class _LogFile(logging.FileHandler):
    """A log file with one line per message, for any names in it; the first message creates the file.

    Messages of earlier runs are not written again, but counted.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path, delay=True)
        self.setFormatter(_OneLine(_DATE + _MESSAGE))
        self._undated = _OneLine(_MESSAGE)
        self._earlier = _messages_in(path)
        self._repeated = 0

    def _open(self) -> TextIOWrapper:
        return appended_text(self.baseFilename)

    def emit(self, record: logging.LogRecord) -> None:
        """Append a message that is new; raise OutputError where the file cannot be opened."""
        if self._earlier and hash(self._undated.format(record)) in self._earlier:
            self._repeated += 1
            return
        try:
            super().emit(record)
        except OSError as error:
            self._cannot_write(error)

    def count_repeated(self) -> None:
        """Write how many messages are as in earlier runs."""
        if self._repeated:
            self._earlier = frozenset()  # of earlier runs this one says nothing
            message = f"{counted(self._repeated, 'message')} as before, which this log holds already"
            self.handle(logging.LogRecord(__name__, logging.INFO, __file__, 0, message, None, None))

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


def _messages_in(path: str) -> frozenset[int]:
    """Return the hashes of the messages in a log; none where it is not there, or cannot be read."""
    try:
        with open(path, "rb") as file:
            start = max(0, os.fstat(file.fileno()).st_size - _SEARCHED)
            file.seek(start)
            lines = file.read(_SEARCHED).decode("utf-8", "replace").split("\n")
    except OSError:
        return frozenset()
    return frozenset(hash(line[_DATE_LENGTH:]) for line in lines[bool(start) :] if len(line) > _DATE_LENGTH)
