"""Every command of the README runs as it stands, in the light install, in a folder that is not the checkout."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")

#: The lines of its shell blocks, without comments.
LINES = [
    line.split("  #")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", README, re.S)
    for line in block.splitlines()
]
COMMANDS = [line for line in LINES if line.startswith("image-tagging ")]

#: Whether the extra that the review needs is installed, as it is by the tests' own.
HAS_REVIEW = all(map(find_spec, ("starlette", "uvicorn", "jinja2")))

#: What the light install lacks is not found; what starts Python reads this first.
WITHOUT_CLIP = """
import sys
from importlib.machinery import PathFinder


class Light(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "torchvision", "open_clip", "open_clip_train", "timm"}:
            return None
        return super().find_spec(name, path, target)


sys.meta_path[:] = [Light if finder is PathFinder else finder for finder in sys.meta_path]
"""


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
    (programs / "sitecustomize.py").write_text(WITHOUT_CLIP, encoding="utf-8")
    command = programs / "image-tagging"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m image_tagging "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    paths = os.pathsep.join([str(programs), str(ROOT / "src")])
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": paths}
    return folder, environment


def run(line, place):
    folder, environment = place
    return subprocess.run(
        ["sh", "-c", line], cwd=folder, env=environment, check=False, capture_output=True, encoding="utf-8", timeout=600
    )


def end_when_it_serves(line, place):
    """Run a command that serves until Ctrl-C, and end it so once it says where."""
    folder, environment = place
    with subprocess.Popen(
        ["sh", "-c", f"exec {line}"],
        cwd=folder,
        env={**environment, "PYTHONFAULTHANDLER": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        try:
            while (said := process.stdout.readline()) and "http://" not in said:
                pass
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)  # faulthandler says where each thread is
            pytest.fail(f"{line} did not end on Ctrl-C: {process.communicate()}")
        finally:
            process.kill()
    return subprocess.CompletedProcess(line, process.returncode, said + output, errors)


def test_shell_blocks_hold_commands_of_the_program_and_of_installing():
    assert len(COMMANDS) >= 8
    assert {line.split()[0] for line in LINES} <= {"image-tagging", "make", "pip"}


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
    done = run("image-tagging process --input_folder ./my-dataset --output_folder ./clip --clip_model RN50", place)
    assert done.returncode == 1
    assert "pip install 'image-tagging-tools[torch]'" in done.stderr
    assert "--clip_model=builtin" in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("sh") is None, reason="the shell of the README's blocks is not here")
def test_the_commands_of_the_readme_run_one_after_the_other(place):
    for line in COMMANDS:
        serves = line.startswith("image-tagging review")
        done = end_when_it_serves(line, place) if serves and HAS_REVIEW else run(line, place)
        if serves and not HAS_REVIEW:
            assert "pip install 'image-tagging-tools[review]'" in done.stderr
            continue
        assert (line, done.returncode, done.stderr) == (line, 0, "")
    folder, _ = place
    assert (folder / "sorted" / "reports" / "index.html").exists()
    assert (folder / "output" / "stage4.db").exists()
    assert not list((folder / "sorted" / "models").glob("*tiles*"))
