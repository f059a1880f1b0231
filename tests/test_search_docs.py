"""The commands of the page on searching run as they stand."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from clip_models import saved_clip
from image_tagging import SortConfig, sort_images
from image_tagging.cli import main
from image_tagging.pipeline import search_pictures
from image_tagging.search import parse_arguments

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "search.md").read_text(encoding="utf-8")
COMMANDS = [line.partition(" #")[0].strip() for line in re.findall(r"```sh\n(.*?)```", PAGE, re.S)[0].splitlines()]


@pytest.fixture(scope="module")
def place(tmp_path_factory, drawing):
    """A folder sorted by a CLIP model of random weights, and the picture that the page names."""
    folder = tmp_path_factory.mktemp("searched")
    for tag, kind in {"castles": "isometric", "sprites": "sprites"}.items():
        for number in range(6):
            drawing(folder / "examples" / tag / f"{number}.png", kind, number)
            drawing(folder / "photos" / "2024" / f"{tag} {number}.png", kind, 100 + number)
    drawing(folder / "castle.png", "isometric", 3)
    weights = saved_clip(folder / "clip.pt", "ViT-S-32-alt", 1)
    config = SortConfig(
        examples=str(folder / "examples"),
        mountain=str(folder / "photos"),
        output=str(folder / "sorted"),
        clip_model="ViT-S-32-alt",
        pretrained=str(weights),
        place="none",
    )
    sort_images(config)
    return folder


@pytest.mark.slow
@pytest.mark.clip
def test_every_command_of_the_page_finds_pictures(place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    assert len(COMMANDS) >= 6
    hash_id = search_pictures(parse_arguments(["path:castles*"]), "sorted").pictures[0].hash_id
    for command in COMMANDS:
        name, *arguments = shlex.split(command.replace("3f2a90c1", hash_id[:8]))
        assert name == "image-tagging"
        assert main(arguments) == 0, capsys.readouterr().err
        assert " of " in capsys.readouterr().out


def test_every_filter_of_the_page_is_one():
    for filters in re.findall(r"^\| (`.*?`) \|", PAGE, re.M):
        for each in re.findall(r"`(.*?)`", filters):
            assert parse_arguments(shlex.split(each)).filters


@pytest.mark.slow
def test_the_python_of_the_page_runs(output):
    code = (
        re.search(r"```python\n(.*?)```", PAGE, re.S)[1].replace("./sorted", str(output)).replace("tag:", "not path:")
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert ".png" in done.stdout
