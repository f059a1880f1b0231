"""Tables of the screen: names come first, and what a narrow terminal has no room for is left out and named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..text import marked
from .screen import line

#: Spaces between two columns.
_GAP = 2


@dataclass(frozen=True)
class Column:
    """A column of a table: the larger ``rank`` is, the earlier it is left out; at 0 it never is.

    A name and a note may be broken over lines, where there is no room, after ``least`` characters or more; a name is
    broken after ``longest`` in any case. A figure is never broken.
    """

    heading: str
    rank: int = 0
    is_name: bool = False
    is_note: bool = False
    least: int = 16
    longest: int = 60

    def widths(self, cells: Iterable[str]) -> tuple[int, int]:
        """Return the least width of the column, and the width at which no more of it is of use."""
        widest = max([cell_len(self.heading), *map(cell_len, cells)])
        most = min(widest, self.longest) if self.is_name else widest
        return (min(widest, self.least) if self.is_name or self.is_note else widest), most


def show_table(console: Console, columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
    """Print a table, and in a line below it the columns that there is no room for."""
    cells = [[marked(cell) for cell in row] for row in rows]
    shown = _shown(columns, cells, console.width)
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0))
    for number, width in shown.items():
        column = columns[number]
        if column.is_name or column.is_note:
            table.add_column(column.heading, overflow="fold", width=width)
        else:
            table.add_column(column.heading, justify="right", no_wrap=True)
    for row in cells:
        table.add_row(*(Text(row[number]) for number in shown))
    console.print(table)
    if left_out := [column.heading for number, column in enumerate(columns) if number not in shown]:
        line(console, f"no room for: {', '.join(left_out)} (a wider terminal shows more)")


def _shown(columns: Sequence[Column], cells: Sequence[Sequence[str]], room: int) -> dict[int, int]:
    """Return the columns that fit into so many characters, by their numbers, and the width of each."""
    widths = [column.widths(row[number] for row in cells) for number, column in enumerate(columns)]
    kept = sorted(range(len(columns)), key=lambda number: (columns[number].rank, number))
    while columns[kept[-1]].rank and sum(widths[number][0] + _GAP for number in kept) - _GAP > room:
        kept.pop()
    spare = room + _GAP - sum(widths[number][0] + _GAP for number in kept)
    if spare < 0:  # no room for what cannot be left out: each gets an equal part
        return {number: min(widths[number][0], max(1, room // len(kept) - _GAP)) for number in sorted(kept)}
    shown = {number: widths[number][0] for number in sorted(kept)}
    for number in sorted(kept, key=lambda number: (columns[number].is_note, number)):  # names before notes
        least, most = widths[number]
        more = min(spare, most - least)
        spare -= more
        shown[number] += more
    return shown
