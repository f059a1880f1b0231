"""The commands of the page on exports run as they stand."""

import re
import shlex
from pathlib import Path

import pytest

from image_tagging import SortConfig, sort_images
from image_tagging.cli import main

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "export.md").read_text(encoding="utf-8")
LINES = "".join(re.findall(r"```sh\n(.*?)```", PAGE, re.S)).splitlines()
COMMANDS = [line.partition(" #")[0].strip() for line in LINES]


@pytest.fixture(scope="module")
def place(tmp_path_factory, drawing):
    """A folder that was sorted."""
    folder = tmp_path_factory.mktemp("exported")
    for tag, kind in {"castles": "isometric", "sprites": "sprites"}.items():
        for number in range(6):
            drawing(folder / "examples" / tag / f"{number}.png", kind, number)
            drawing(folder / "photos" / f"{tag} {number}.png", kind, 100 + number)
    examples, mountain, output = (str(folder / name) for name in ("examples", "photos", "sorted"))
    sort_images(SortConfig(examples=examples, mountain=mountain, output=output, clip_model="builtin", place="none"))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_page_exports(command, place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    name, *arguments = shlex.split(command)
    assert name == "image-tagging"
    assert main(arguments) == 0, capsys.readouterr().err
    assert re.search("(Wrote|Would write) [1-9]", capsys.readouterr().out)


def test_every_format_has_a_command_and_a_description():
    from image_tagging.pipeline.export_config import FORMATS

    assert {shlex.split(command)[2] for command in COMMANDS} == {*FORMATS}
    assert set(re.findall(r"^(?:\*\*|\| )`([a-z-]+)`", PAGE, re.M)) == {*FORMATS}
