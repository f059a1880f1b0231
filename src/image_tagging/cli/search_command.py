"""The command that finds pictures of an output folder."""

# No `from __future__ import annotations` here: on Python 3.9 typer could not read the flags from strings.

from typing import Annotated, Any, Optional

import typer
from typer.core import TyperCommand

from .completion import tags_in
from .flags import path
from .versions import Version

#: ``-house`` is a term: no letter may be a flag, and what is no flag is left to the query.
SETTINGS = {"ignore_unknown_options": True, "help_option_names": ["--help"]}


Query = Annotated[
    list[str],
    typer.Argument(
        metavar="QUERY...",
        help='What to find: words (castle at night), pictures (./a.png, near:HASH), "+" and "-" between them, a '
        "weight in front (2:castle), filters (tag:NAME, tag:NAME:0.8.., not tag:NAME, path:photos/*, width:..64).",
        show_default=False,
        autocompletion=tags_in("output", begin="tag:"),
    ),
]

_HideRepeats = Annotated[
    bool, typer.Option("--hide-repeats", help="Show one picture of each group of near-duplicates: the best.")
]


class SearchCommand(TyperCommand):
    """A command whose ``-h`` is help only where it stands alone."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Return the arguments that are left."""
        return super().parse_args(ctx, ["--help" if each == "-h" else each for each in args])


def search(  # noqa: PLR0913, PLR0917 - the flags of the command
    query: Query,
    output: Annotated[
        str, typer.Option(parser=path, metavar="FOLDER", help="The output folder to search in.")
    ] = "./output",
    top: Annotated[
        int, typer.Option(metavar="NUMBER", min=1, max=100_000, help="How many pictures to show, at most.")
    ] = 50,
    json: Annotated[bool, typer.Option("--json", help="Show what was found as JSON, for programs.")] = False,
    copy_to: Annotated[
        Optional[str],
        typer.Option(parser=path, metavar="FOLDER", help="Copy what was found there; the folder must be new or empty."),
    ] = None,
    thumbnails: Annotated[
        bool, typer.Option("--thumbnails", help="Show the pictures themselves, in a terminal with colours.")
    ] = False,
    open: Annotated[
        bool,
        typer.Option("--open", help="Write what was found as a page, search.html in FOLDER, and show it in a browser."),
    ] = False,
    hide_repeats: _HideRepeats = False,
    pretrained: Annotated[
        str,
        typer.Option(metavar="FILE", help="The weights file of the encoder, if it is a local one.", show_default=False),
    ] = "",
    version: Version = False,
) -> None:
    """Find pictures of an output folder by words, by pictures like them, by tag, path or size."""
    from ..pipeline import copy_found, search_pictures, write_found_page
    from ..search import parse_arguments
    from . import search_screen
    from .console import complain, say

    if unknown := next((each for each in query if each.startswith("--")), None):
        raise typer.BadParameter(f"there is no flag {unknown}.")
    given: dict[str, Any] = {"top": top, "pretrained": pretrained, "hide_repeats": hide_repeats}
    found = search_pictures(parse_arguments(query), output, **given, say=complain if json else say)
    if json:
        search_screen.print_json(found)
    elif thumbnails:
        search_screen.show_thumbnails(found)
    else:
        search_screen.show_found(found)
    if open:
        search_screen.open_page(write_found_page(found, " ".join(query), output), quiet=json)
    if copy_to is not None:
        search_screen.show_copied(copy_to, *copy_found(found.pictures, copy_to), quiet=json)
