"""The pages of the site that are made: the help of every command, the docstrings of the public names, the decisions."""

from __future__ import annotations

import dataclasses
import inspect
import os
import subprocess
import sys
from collections.abc import Iterator

import typer.main
from pages import DOCS

import image_tagging
from image_tagging.cli import app

#: The headings of the page of public names, and which names stand under each.
GROUPS = {
    "The work": inspect.isfunction,
    "Settings": lambda thing: thing.__name__.endswith("Config"),
    "Results": lambda thing: thing.__name__.endswith("Summary") or thing.__name__ in {"ImageEmbeddings", "ImageScores"},
    "Everything else": lambda thing: True,
}


def help_page() -> str:
    """Return a page with what ``--help`` of every command says."""
    text = "# All flags\n\nWhat `--help` says of each command. [Commands](../commands.md) has more on most of them.\n"
    for words in [(), *_commands(typer.main.get_command(app.app), ())]:
        title = " ".join(words) or "image-tagging"
        text += f"\n{'##' if len(words) < 2 else '###'} {title}\n\n```text\n{_help(words)}\n```\n"
    return text


def _commands(group: object, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, command in getattr(group, "commands", {}).items():
        if not command.hidden:
            yield (*words, name)
            yield from _commands(command, (*words, name))


def _help(words: tuple[str, ...]) -> str:
    started = f"from {app.__name__} import app; app(prog_name='image-tagging')"
    return subprocess.run(
        [sys.executable, "-c", started, *words, "--help"],
        check=True,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "COLUMNS": "96", "PYTHONIOENCODING": "utf-8"},
    ).stdout.strip()


def names_page() -> str:
    """Return a page that asks mkdocstrings for the docstring of every public name, and has the settings of configs."""
    text = "# Python\n\nThe public names of `image_tagging`. [From Python](../python.md) shows them at work.\n"
    left = list(image_tagging.__all__)
    for heading, belongs in GROUPS.items():
        text += f"\n## {heading}\n"
        for name in [name for name in left if belongs(getattr(image_tagging, name))]:
            left.remove(name)
            text += f"\n::: image_tagging.{name}\n"
            if heading == "Settings":
                text += f"    options: {{members: false}}\n\n{_settings(getattr(image_tagging, name))}"
    return text


def _settings(config: type) -> str:
    rows = ["| setting | default | |", "|---|---|---|"]
    for field in dataclasses.fields(config):
        is_required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        said = field.metadata["flag"].help.replace("|", "\\|")
        rows.append(f"| `{field.name}` | {'required' if is_required else f'`{default!r}`'} | {said} |")
    return "\n".join(rows) + "\n"


def decisions_page() -> str:
    """Return a page that lists the decisions by their titles."""
    text = "# Decisions\n\nWhat was decided, each with its reasons and what was measured.\n\n"
    for path in sorted((DOCS / "decisions").glob("*.md")):
        title = path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
        text += f"- [{title}]({path.name})\n"
    return text
