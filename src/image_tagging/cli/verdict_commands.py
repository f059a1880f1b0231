"""The commands on the verdicts of an output folder: how many there are, and moving them as JSON Lines."""

# No `from __future__ import annotations` here: on Python 3.9 typer could not read the flags from strings.

from typing import Annotated, Any, Optional

import typer
from typer.core import TyperGroup

from .flags import path
from .versions import Version

_LIST = "list"

_Output = Annotated[
    str, typer.Argument(parser=path, metavar="OUTPUT", help="The output folder of earlier runs.", show_default=False)
]


class _ListUnlessNamed(TyperGroup):
    """A group whose command ``list`` need not be named: ``verdicts``, ``verdicts OUTPUT``, ``verdicts --json``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in {"--help", "-h", "--version"}):
            args = [_LIST, *args]
        return super().parse_args(ctx, args)


verdicts = typer.Typer(
    name="verdicts",
    cls=_ListUnlessNamed,
    help="Show how many verdicts an output folder has on each tag (OUTPUT, --json), or move them as JSON Lines.",
    add_completion=False,
    rich_markup_mode=None,
)


@verdicts.callback()
def _verdicts(version: Version = False) -> None:
    """Take the options that stand before the command."""


@verdicts.command(_LIST)
def list_of(
    output: Annotated[
        str, typer.Argument(parser=path, metavar="OUTPUT", help="The output folder of earlier runs.")
    ] = "./output",
    json: Annotated[bool, typer.Option("--json", help="Show the numbers as JSON, for programs.")] = False,
) -> None:
    """Show how many verdicts hold of each tag; the command without a name."""
    from ..pipeline import list_verdicts
    from . import verdict_screen

    counts = list_verdicts(output)
    if json:
        verdict_screen.print_json(counts)
    else:
        verdict_screen.show_counts(output, counts)


@verdicts.command()
def export(
    output: _Output,
    file: Annotated[
        Optional[str],
        typer.Argument(parser=path, metavar="[FILE]", help="The JSON Lines to write.  [default: the screen]"),
    ] = None,
) -> None:
    """Write the verdicts that hold as JSON Lines, one a line."""
    from ..pipeline import export_verdicts, verdict_records
    from . import verdict_screen

    if file is None:
        verdict_screen.print_lines(verdict_records(output))
    else:
        verdict_screen.show_exported(file, export_verdicts(output, file))


@verdicts.command("import")
def import_from(
    output: _Output,
    file: Annotated[
        str, typer.Argument(parser=path, metavar="FILE", help="JSON Lines, as export writes them.", show_default=False)
    ],
) -> None:
    """Add the verdicts of JSON Lines to those of an output folder; importing them twice adds nothing."""
    from ..pipeline import import_verdicts
    from . import verdict_screen

    verdict_screen.show_imported(import_verdicts(output, file))
