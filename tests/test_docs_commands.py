"""Every command in the blocks of the pages is one that the program takes: names, flags, values and arguments.

Those of the README, the tutorial and some pages are run by tests of these pages; the others need clusters, buckets or
weeks of work.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer.main

from image_tagging.cli import app as cli

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = typer.main.get_command(cli.app)
PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]


def commands(page: Path) -> list[str]:
    """The lines of a page's blocks that start the program, joined where a line goes on."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)
    text = "".join(block for language, block in blocks if language in {"", "sh", "powershell"})
    return [line for line in text.replace("\\\n", " ").splitlines() if re.match("image-tagging [a-z]", line)]


def words(line: str) -> list[str]:
    """The words after the name of the program, to what a shell takes as the end of a command."""
    given = shlex.split(line, comments=True)[1:]
    ends = [place for place, word in enumerate(given) if re.fullmatch(r"[|&;]+|\d?>+.*|<.*", word)]
    return given[: min(ends, default=len(given))]


def parse(line: str) -> None:
    """Read a command as the program does, without doing it; what is wrong with it is an error of click."""
    command, rest = PROGRAM, words(line)
    while rest and rest[0] in getattr(command, "commands", {}):
        command, rest = command.commands[rest[0]], rest[1:]
    assert command is not PROGRAM, f"{line}: there is no such command"
    command.make_context(command.name, rest, parent=PROGRAM.make_context("image-tagging", words(line)))


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.name)
def test_every_command_of_a_page_is_one_that_the_program_takes(page):
    for line in commands(page):
        parse(line)


@pytest.mark.parametrize("wrong", ["sortt ./a ./b", "sort ./a", "sort ./a ./b --outputt x", "sort ./a ./b --place no"])
def test_a_command_that_the_program_does_not_take_is_found(wrong):
    with pytest.raises(Exception, match=r"no such command|Missing|No such option|not one of"):
        parse(f"image-tagging {wrong}")
