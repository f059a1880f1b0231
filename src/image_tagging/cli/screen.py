"""The screen, as all that is shown reaches it: text of strangers made harmless, tables, a reader who stops early."""

from __future__ import annotations

import os
import sys
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..errors import OutputError
from ..text import marked


class Screen(Console):
    """Standard output or error. Whoever reads it may stop early (``| head``): nobody misses what is left to say."""

    def print(self, *objects: Any, **options: Any) -> None:
        """As ``Console.print``; OutputError where the output is a file that cannot be written."""
        try:
            super().print(*objects, **options)
        except BrokenPipeError:  # rich before 13.8 lets it through
            self.on_broken_pipe()
        except OSError as error:
            self._let_go()
            why = error.strerror or str(error)
            raise OutputError(
                f"cannot show what was done: {why}. It is done all the same; see the output folder."
            ) from error

    def on_broken_pipe(self) -> None:
        """Called by rich, which would end the program with exit code 1."""
        self._let_go()

    def _let_go(self) -> None:
        """Write the rest nowhere, what Python itself writes out at its end included."""
        self.quiet = True
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), self.file.fileno())


def screen() -> Console:
    """Standard output."""
    return Screen(file=sys.stdout, force_jupyter=False, soft_wrap=True, highlight=False)


def line(console: Console, text: str = "", style: str = "") -> None:
    """Print a line, with one mark for each character that would not stay on it."""
    console.print(Text(marked(text)), style=style)


def tag_table(*figures: str) -> Table:
    """A table of tags, which are broken over lines where they are long, with columns of figures."""
    table = Table(box=None, pad_edge=False)
    table.add_column("tag", overflow="fold")
    for figure in figures:
        table.add_column(figure, justify="right", no_wrap=True)
    return table
