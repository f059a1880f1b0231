"""The command that says what works on this machine."""

# No `from __future__ import annotations` here: on Python 3.9 typer could not read the flags from strings.

from typing import Annotated

import typer

from .flags import path
from .versions import Version


def doctor(
    output: Annotated[
        str, typer.Argument(parser=path, metavar="OUTPUT", help="The output folder that is to be written to.")
    ] = "./output",
    json: Annotated[bool, typer.Option("--json", help="Show it as JSON, for a bug report or a program.")] = False,
    version: Version = False,
) -> None:
    """Check this machine: libraries, encoders, devices, decoding, and whether OUTPUT can be written to."""
    from ..pipeline import diagnose
    from . import doctor_screen

    diagnosis = diagnose(output)
    if json:
        doctor_screen.print_json(diagnosis)
    else:
        doctor_screen.show_diagnosis(diagnosis)
    if diagnosis.problems:
        raise typer.Exit(1)
