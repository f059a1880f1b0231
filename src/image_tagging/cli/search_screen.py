"""What the screen says of a search."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ..pipeline import FoundPictures, thumbnails_of_found
from ..records import Failure
from ..text import counted, short_path
from .console import complain
from .screen import line, screen
from .tables import Column, show_table
from .terminal_pictures import require_colours, show_pictures

_COLUMNS = (
    Column("score"),
    Column("picture", is_name=True, longest=400),
    Column("pixels", rank=2),
    Column("hash", rank=1),
)

#: So much of a hash is shown, which ``near:`` takes.
_HASH = 12


def show_found(found: FoundPictures) -> None:
    """Print the pictures that were found, as a table, and of how many."""
    console = screen()
    rows = (
        (
            "" if each.score is None else f"{each.score:.3f}",
            short_path(each.file_path),
            f"{each.width} x {each.height}",
            each.hash_id[:_HASH],
        )
        for each in found.pictures
    )
    if found.pictures:
        show_table(console, _COLUMNS, rows)
    _show_count(console, found)


def _show_count(console: Console, found: FoundPictures) -> None:
    if not found.pictures:
        line(console, f"No picture passes the filters, of {found.all:,}. Loosen one, or see what is there: --top 5.")
        return
    passed = "" if found.passed == found.all else f"{found.passed:,} that pass the filters, of "
    line(console, f"{counted(len(found.pictures), 'picture')} of {passed}{found.all:,}. More: --top.")


def show_thumbnails(found: FoundPictures) -> None:
    """Print the pictures themselves, each above its number, score and name; raise InputError where none can be."""
    captions = (
        f"{number} {'' if each.score is None else f'{each.score:.3f} '}{each.files[0].name}"
        for number, each in enumerate(found.pictures, start=1)
    )
    console = screen()
    require_colours(console)
    show_pictures(console, list(zip(thumbnails_of_found(found), captions)))
    _show_count(console, found)


def open_page(path: str, *, quiet: bool) -> None:
    """Show a page in the browser of the user, and say where it is."""
    import webbrowser

    shown = webbrowser.open(Path(path).as_uri())
    if not quiet:
        line(screen(), f"The page: {short_path(path)}")
    if not shown:
        complain(f"no browser could be started here: open {short_path(path)} in one.")


def print_json(found: FoundPictures) -> None:
    """Print what was found as JSON, the best first."""
    records = [{"hash_id": each.hash_id, "file_path": each.file_path, "score": each.score} for each in found.pictures]
    screen().print(Text(json.dumps(records, indent=2)), soft_wrap=True)


def show_copied(folder: str, copied: Sequence[str], failures: Sequence[Failure], *, quiet: bool) -> None:
    """Print how many pictures were copied, and which could not be."""
    for failure in failures:
        complain(f"not copied: {short_path(failure.ref.path)}: {failure.reason}")
    if not quiet:
        line(screen(), f"Copied {counted(len(copied), 'picture')} to {short_path(folder)}")
