"""Errors of wrong usage, which say how a command takes its output folder where it was given in the other way."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

#: Of click, which newer versions of typer have in themselves.
_UsageError: Any = typer.BadParameter.__base__


class Commands(TyperGroup):
    """The commands of the program: some take the output folder as an argument, others by ``--output``."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except _UsageError as error:
            error.message += _right_way(error)
            raise


def _right_way(error: Any) -> str:
    """Return how the command of an error takes its output folder, if that may be what is wrong; else nothing."""
    if error.ctx is None:
        return ""
    is_argument = {param.name: param.param_type_name == "argument" for param in error.ctx.command.params}.get("output")
    if is_argument and getattr(error, "option_name", "") == "--output":
        return f". The output folder is an argument here: image-tagging {_name(error.ctx)} FOLDER"
    if is_argument is False and "unexpected extra argument" in error.message:
        return ". The output folder is given by --output FOLDER"
    return ""


def _name(ctx: Any) -> str:
    """Return the name of a command, with that of its group: ``verdicts export``."""
    is_inner = ctx.parent is not None and ctx.parent.parent is not None
    return f"{_name(ctx.parent)} {ctx.info_name}" if is_inner else str(ctx.info_name)
