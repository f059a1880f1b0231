"""The command that shows the repeats of an output folder."""

# No `from __future__ import annotations` here: on Python 3.9 typer could not read the flags from strings.

from typing import Annotated, Optional

import typer

from .flags import path
from .versions import Version


def duplicates(  # noqa: PLR0913, PLR0917 - the flags of the command
    output: Annotated[
        str, typer.Argument(parser=path, metavar="OUTPUT", help="The output folder of sort, process or classify.")
    ] = "./output",
    top: Annotated[
        int, typer.Option(metavar="NUMBER", min=1, max=100_000, help="How many groups to show, at most.")
    ] = 20,
    json: Annotated[bool, typer.Option("--json", help="Show all groups as JSON, for programs.")] = False,
    page: Annotated[
        Optional[str],
        typer.Option(parser=path, metavar="FILE", help="Write the groups as a page with thumbnails, an HTML file."),
    ] = None,
    open: Annotated[
        bool,
        typer.Option("--open", help="Show that page in a browser; without --page it is duplicates.html in OUTPUT."),
    ] = False,
    script: Annotated[
        Optional[str],
        typer.Option(
            parser=path,
            metavar="FILE",
            help="Write a script that moves all repeats to the folder of --move_to, and replaces nothing: .sh or .ps1.",
        ),
    ] = None,
    move_to: Annotated[
        Optional[str],
        typer.Option(parser=path, metavar="FOLDER", help="Where the script moves repeats; their folders are mirrored."),
    ] = None,
    version: Version = False,
) -> None:
    """Show near-duplicates and equal pictures in groups, and which file of each to keep; nothing is changed."""
    from ..pipeline import find_repeats, write_repeats_page, write_script
    from ..text import short_path
    from . import duplicates_screen, search_screen
    from .console import complain, say

    if (script is None) != (move_to is None):
        raise typer.BadParameter("--script and --move_to go together: what to write, and where it moves repeats.")
    found = find_repeats(output, say=complain if json else say)
    if json:
        duplicates_screen.print_json(found)
    else:
        duplicates_screen.show_repeats(found, top)
    if page is not None or open:
        written = write_repeats_page(found, page or "", top=top)
        if open:
            search_screen.open_page(written, quiet=json)
        elif not json:
            say(f"The page: {short_path(written)}")
    if script is not None and move_to is not None:
        duplicates_screen.show_script(write_script(found, script, move_to), quiet=json)
