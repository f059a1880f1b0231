"""Every command of the pages runs as it stands, one after the other, in a folder that has what it names."""

from __future__ import annotations

import re

import pytest

from documented.desks import Desk
from documented.prose import IN_SENTENCES, STANDS_FOR
from documented.worlds import WORLDS

CASES = [pytest.param(world, id=str(world), marks=[pytest.mark.slow, *world.marks]) for world in WORLDS]


@pytest.fixture
def desk(tmp_path, request, monkeypatch):
    """A folder to work in, on a machine that fetches no weights."""
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    (tmp_path / "desk").mkdir()
    return Desk(tmp_path / "desk", request)


def run_lines(world, lines, desk):
    for name in world.needs:
        pytest.importorskip(name, reason=f"THE COMMANDS OF {world.page} WERE NOT RUN: {name} is not installed")
    world.fill(desk)
    for line in lines:
        if line in world.before:
            world.before[line](desk)
        said = desk.runs(line)
        for part, pattern in world.says.items():
            assert not re.search(part, line) or re.search(pattern, said), f"{line}\n{said}"
    world.then(desk)


@pytest.mark.parametrize("world", CASES)
def test_the_commands_of_a_page_run_one_after_the_other(world, desk):
    run_lines(world, world.lines, desk)


@pytest.mark.parametrize("world", [pytest.param(IN_SENTENCES, marks=[pytest.mark.slow, *IN_SENTENCES.marks])])
def test_the_commands_in_sentences_run(world, desk):
    run_lines(world, STANDS_FOR.values(), desk)
