"""The option that every command has: the versions that a bug report should name."""

# No `from __future__ import annotations` here: on Python 3.9 typer could not read the flags from strings.

from typing import Annotated

import typer

from .. import __version__


def _show_versions(wanted: bool) -> None:
    """Print the versions of the program, Python, and the installed libraries, and end the command."""
    if not wanted:
        return
    import platform

    from ..pipeline import installed_versions

    typer.echo(f"image-tagging {__version__}")
    typer.echo(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
    for name, version in installed_versions().items():
        typer.echo(f"{name} {version}")
    raise typer.Exit


#: Before a command and after it: a stage script has no place before its command.
Version = Annotated[
    bool,
    typer.Option(
        "--version", callback=_show_versions, is_eager=True, help="Show the versions a bug report should name."
    ),
]
