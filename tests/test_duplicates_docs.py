"""The JSON and the Python of the page on repeats are as it says."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from image_tagging import ProcessConfig, process_dataset
from image_tagging.cli import main

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "duplicates.md").read_text(encoding="utf-8")


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
