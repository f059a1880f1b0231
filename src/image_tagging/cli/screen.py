"""Print to the screen: harmful characters replaced, tables, and output that is closed early."""

from __future__ import annotations

import io
import os
import shutil
import sys
from contextlib import suppress
from typing import IO, Any, cast

from rich.console import Console
from rich.text import Text

from ..errors import OutputError
from ..text import marked

#: Characters of a line where nobody's terminal sets the end: `grep` then finds a row of a table whole.
_WIDE = 200


class Screen(Console):
    """Standard output or error; where its reader stops early (``| head``), the rest is discarded without an error."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        if self.width < 1:  # COLUMNS=0, as some terminals set it before they know
            self.width = shutil.get_terminal_size().columns

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as ``Console.print`` does; raise OutputError where the output is a file that cannot be written."""
        try:
            super().print(*objects, **options)
        except BrokenPipeError:  # rich before 13.8 lets it through
            self.on_broken_pipe()
        except OSError as error:
            self._discard_rest()
            why = error.strerror or str(error)
            raise OutputError(f"cannot print the summary: {why}. The work is done; see the output folder.") from error

    def on_broken_pipe(self) -> None:
        """Discard the rest; rich would end the program with exit code 1."""
        self._discard_rest()

    def _discard_rest(self) -> None:
        """Redirect the rest of the output, including what Python flushes at exit, to the null device."""
        self.quiet = True
        with suppress(io.UnsupportedOperation), open(os.devnull, "w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), self.file.fileno())


class _Bare(io.TextIOBase):
    """A standard stream that a program made of an object with ``write`` alone, or took away: then nothing is shown."""

    def __init__(self, stream: Any) -> None:
        self._write = getattr(stream, "write", None)
        self._flush = getattr(stream, "flush", None)

    def write(self, text: str) -> int:
        if self._write:
            self._write(text)
        return len(text)

    def flush(self) -> None:
        if self._flush:
            self._flush()


def usable(stream: Any) -> IO[str]:
    """Return a standard stream with all methods that printing needs; windowed programs have none, or make their own."""
    if _is_closed(stream):
        stream = None
    if all(hasattr(stream, name) for name in ("write", "flush", "isatty", "fileno")):
        return cast("IO[str]", stream)
    return cast("IO[str]", _Bare(stream))


def _is_closed(stream: Any) -> bool:
    try:
        return bool(getattr(stream, "closed", False))
    except ValueError:  # what it wrote to was taken from it
        return True


def screen() -> Console:
    """Return a console for standard output: as wide as the terminal or ``COLUMNS``, and wide where neither is."""
    console = Screen(file=usable(sys.stdout), force_jupyter=False, soft_wrap=True, highlight=False)
    if not console.is_terminal and not _is_width(os.environ.get("COLUMNS", "")):
        console.width = _WIDE
    return console


def _is_width(columns: str) -> bool:
    return columns.isdigit() and int(columns) > 0


def line(console: Console, text: str = "", style: str = "") -> None:
    """Print a line, with one ``�`` for each control character."""
    console.print(Text(marked(text)), style=style)
