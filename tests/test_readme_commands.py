"""Every command of the README runs as it stands, in the light install, in a folder that is not the checkout."""

from __future__ import annotations

import re
import shutil
import zipfile
from importlib.util import find_spec

import pytest

from documented.desks import end_when_it_serves, light_programs, run
from documented.reading import ROOT, Page

PAGE = Page("README.md")
README, COMMANDS = PAGE.text, PAGE.commands

#: Whether the extra that the review needs is installed, as it is by the tests' own.
HAS_REVIEW = all(map(find_spec, ("starlette", "uvicorn", "jinja2")))


@pytest.fixture(scope="module")
def place(tmp_path_factory, drawing):
    """A folder with what the README's commands name, and the environment of a light install."""
    folder, programs = tmp_path_factory.mktemp("newcomer"), tmp_path_factory.mktemp("programs")
    for kind in ("sprites", "tiles", "charts"):
        for number in range(6):
            for home in ("examples", "my-dataset"):
                drawing(folder / home / kind / f"{number}.png", kind, number)
            drawing(folder / "mountain" / f"{kind} {number}.png", kind, 100 + number)
    with zipfile.ZipFile(folder / "mountain.zip", "w") as archive:
        for path in (folder / "mountain").iterdir():
            archive.write(path, path.name)
    return folder, light_programs(programs / "light")


def test_shell_blocks_hold_commands_of_the_program_and_of_installing():
    assert len(COMMANDS) >= 8
    typed = {line.split()[0] for block in PAGE.blocks("sh") for line in block.splitlines()}
    assert typed <= {"image-tagging", "make", "pip"}


def test_every_command_of_the_table_of_stages_is_shown():
    assert {line.split()[1] for line in COMMANDS} >= {"sort", "process", "train", "classify", "classify-zip", "models"}


def test_the_first_command_is_the_whole_job_and_its_pictures_are_there():
    assert COMMANDS[0].startswith("image-tagging sort ")
    pictures = re.findall(r"!\[([^]]+)\]\(([^)]+)\)", README)
    assert len(pictures) >= 3
    for words, path in pictures:
        assert len(words) > 20
        assert 1000 < (ROOT / path).stat().st_size < 100_000


@pytest.mark.skipif(shutil.which("sh") is None, reason="the shell of the README's blocks is not here")
def test_the_light_environment_says_which_models_need_more(place):
    done = run("image-tagging process --input_folder ./my-dataset --output_folder ./clip --clip_model RN50", *place)
    assert done.returncode == 1
    assert "pip install 'image-tagging-tools[torch]'" in done.stderr
    assert "--clip_model=builtin" in done.stderr


@pytest.mark.slow
@pytest.mark.xdist_group("port 8765")
@pytest.mark.skipif(shutil.which("sh") is None, reason="the shell of the README's blocks is not here")
def test_the_commands_of_the_readme_run_one_after_the_other(place):
    for line in COMMANDS:
        serves = line.startswith("image-tagging review")
        done = (end_when_it_serves if serves and HAS_REVIEW else run)(line, *place)
        if serves and not HAS_REVIEW:
            assert "pip install 'image-tagging-tools[review]'" in done.stderr
            continue
        assert (line, done.returncode, done.stderr) == (line, 0, "")
    folder, _ = place
    assert (folder / "sorted" / "reports" / "index.html").exists()
    assert (folder / "output" / "stage4.db").exists()
    assert not list((folder / "sorted" / "models").glob("*tiles*"))
