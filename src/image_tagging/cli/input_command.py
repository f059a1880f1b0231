"""The command that shows and changes the inputs of an output folder."""

# No `from __future__ import annotations` here: on Python 3.9 typer could not read the flags from strings.

from typing import Annotated, Optional

import typer

from .flags import path


def inputs(
    output: Annotated[str, typer.Argument(parser=path, metavar="OUTPUT", help="The output folder of earlier runs.")],
    forget: Annotated[
        Optional[str],
        typer.Option(parser=path, metavar="INPUT", help="Take this folder or archive out of all results."),
    ] = None,
    moved: Annotated[
        Optional[tuple[str, str]],
        typer.Option(metavar="OLD NEW", help="Give an input the path that it was moved to; nothing is computed again."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Show the inputs as JSON, for programs.")] = False,
) -> None:
    """Show the inputs of an output folder, take one out, or give one the path that it was moved to."""
    from ..pipeline import forget_input, list_inputs, move_input
    from . import input_screen

    if forget and moved:
        raise typer.BadParameter("give --forget or --moved, not both")
    if forget:
        changed = forget_input(output, forget)
        if not json:
            input_screen.show_forgotten(output, forget, changed)
    if moved:
        old, new = map(path, moved)
        changed = move_input(output, old, new)
        if not json:
            input_screen.show_moved(new, changed)
    if json:
        input_screen.print_json(list_inputs(output))
    elif not (forget or moved):
        input_screen.show_output_inputs(output, list_inputs(output))
