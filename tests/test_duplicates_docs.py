"""The commands of the page on repeats run as they stand."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from image_tagging import ProcessConfig, process_dataset
from image_tagging.cli import main

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "duplicates.md").read_text(encoding="utf-8")
COMMANDS = [
    line.partition(" #")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.S)
    for line in block.splitlines()
]


@pytest.fixture(scope="module")
def place(tmp_path_factory, drawing):
    """A folder with an output folder of pictures of which two are there twice."""
    folder = tmp_path_factory.mktemp("repeats")
    for number in range(2):
        picture = Image.open(drawing(folder / "photos" / f"{number}.png", "isometric", 10 * number))
        (folder / "photos" / "old").mkdir(exist_ok=True)
        picture.save(folder / "photos" / "old" / f"{number}.png")
    config = ProcessConfig(
        input_folder=str(folder / "photos"), output_folder=str(folder / "sorted"), clip_model="builtin"
    )
    process_dataset(config)
    return folder


def test_every_command_of_the_page_runs(place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    assert len(COMMANDS) >= 5
    for command in COMMANDS:
        name, *arguments = shlex.split(command)
        assert name == "image-tagging"
        assert main(arguments) == 0, capsys.readouterr().err
        assert "old/1.png" in capsys.readouterr().out.replace("\\", "/")
    assert (place / "repeats.html").read_text(encoding="utf-8").count("<img ") == 4
    assert (place / "move.sh").read_text().count("/repeats/old/") == 2


def test_json_has_the_keys_of_the_page(place, capsys):
    assert main(["duplicates", str(place / "sorted"), "--json"]) == 0
    for group in json.loads(capsys.readouterr().out):
        assert all(f'"{key}"' in PAGE for key in group)
        assert all(f"`{key}`" in PAGE for file in group["repeats"] for key in file)


@pytest.mark.slow
def test_the_python_of_the_page_runs(place):
    code = re.search(r"```python\n(.*?)```", PAGE, re.S)[1]
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=120, cwd=place
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "the pixels are the same" in done.stdout
