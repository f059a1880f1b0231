"""No command of a page is left out: each is one that the program takes, and a test runs it, or says why none does."""

from __future__ import annotations

import ast
import importlib
import re

import pytest
import typer.main

from documented.prose import IN_SENTENCES, NOT_RUN, RUN_BY, STANDS_FOR
from documented.reading import PAGES, ROOT, program_words
from documented.worlds import WORLDS
from image_tagging.cli import app as cli

PROGRAM = typer.main.get_command(cli.app)
RUN = {(world.page, line) for world in WORLDS for line in world.lines}
RUN_SOMEWHERE = {line for _, line in RUN}


def parse(line: str) -> None:
    """Read a command as the program does, without doing it; what is wrong with it is an error of click."""
    words = program_words(line)
    command, rest = PROGRAM, words
    while rest and rest[0] in getattr(command, "commands", {}):
        command, rest = command.commands[rest[0]], rest[1:]
    assert command is not PROGRAM, f"{line}: there is no such command"
    command.make_context(command.name, rest, parent=PROGRAM.make_context("image-tagging", words))


def in_sentences(page) -> list[str]:
    """The commands in a page's sentences that say more than the name of one."""
    found = [code for code in page.code_in_prose if program_words(code)]
    return [code for code in found if code.split()[1] not in PROGRAM.commands or len(code.split()) > 2]


@pytest.mark.parametrize("page", [page for page in PAGES if page.commands], ids=lambda page: page.name)
def test_every_command_of_a_page_is_one_that_the_program_takes(page):
    for line in page.commands:
        parse(line)


@pytest.mark.parametrize("wrong", ["sortt ./a ./b", "sort ./a", "sort ./a ./b --outputt x", "sort ./a ./b --place no"])
def test_a_command_that_the_program_does_not_take_is_found(wrong):
    with pytest.raises(Exception, match=r"no such command|Missing|No such option|not one of"):
        parse(f"image-tagging {wrong}")


@pytest.mark.parametrize("page", [page for page in PAGES if page.commands], ids=lambda page: page.name)
def test_every_command_of_a_page_is_run(page):
    if page.name in RUN_BY:
        module, _, lines = RUN_BY[page.name]
        run = {" ".join(line.split()) for line in getattr(importlib.import_module(module), lines)}
    else:
        run = RUN_SOMEWHERE | {*NOT_RUN}
    assert [line for line in page.commands if line not in run] == []


@pytest.mark.parametrize("page", [page for page in PAGES if in_sentences(page)], ids=lambda page: page.name)
def test_every_command_in_the_sentences_of_a_page_is_run(page):
    run = {*RUN_SOMEWHERE, *STANDS_FOR, *NOT_RUN, *page.commands}
    assert [code for code in in_sentences(page) if code not in run] == []


@pytest.mark.parametrize(("written", "run"), STANDS_FOR.items())
def test_what_runs_for_a_command_in_a_sentence_is_that_command(written, run):
    pattern = re.sub(r"\\?\b[A-Z]{2,}\b…?|…", ".+", re.escape(written).replace(r"\ ", " "))
    assert re.fullmatch(rf"{pattern}( --output \./sorted)?", run), pattern


@pytest.mark.parametrize("page", RUN_BY)
def test_a_test_of_a_page_goes_through_all_of_its_lines(page):
    module, function, lines = RUN_BY[page]
    tree = ast.parse((ROOT / "tests" / f"{module}.py").read_text(encoding="utf-8"))
    (test,) = [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef) and each.name == function]
    loops = [each for each in ast.walk(test) if isinstance(each, ast.For)]
    assert any(isinstance(loop.iter, ast.Name) and loop.iter.id == lines for loop in loops)


def test_no_world_is_left_over_from_an_earlier_page():
    pages = {page.name: page for page in PAGES}
    written = {line for page in PAGES for line in (*page.lines, *page.code_in_prose)}
    assert [line for line in (*NOT_RUN, *STANDS_FOR) if line not in written] == []
    for world in WORLDS:
        assert world.lines, f"{world.page}: {world.takes}"
        assert [line for line in world.before if line not in world.lines] == []
        assert [part for part in world.says if not any(re.search(part, line) for line in world.lines)] == []
        others = {line for each in WORLDS if each is not world and each.page == world.page for line in each.lines}
        assert not others & {*world.lines}, "two worlds run one line"
    assert {world.page for world in WORLDS} <= {*pages}
    assert [line for line in IN_SENTENCES.before if line not in STANDS_FOR.values()] == []
