"""A fresh machine follows the tutorial word for word: each line of its blocks, in one shell."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from installed import plain

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
LINES = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.S) for line in block.splitlines()]
REPOSITORY = "https://github.com/kk-digital/image-tagging-tools"

#: With it pip installs everything from the index, as for a stranger; without it the libraries that are here serve.
FRESH = bool(os.environ.get("TUTORIAL_INSTALLS_EVERYTHING"))

NEEDED = ("pip", "setuptools", "setuptools_scm", "starlette", "uvicorn", "jinja2")


class Shell:
    """One shell that takes the lines of the tutorial as a person types them."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            ["sh"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C reaches what it runs, and not the tests
        )
        self._send("trap : INT")

    def _send(self, line: str) -> None:
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def run(self, line: str, meanwhile=None) -> str:
        """Run a line to its end, return what it said; ``meanwhile`` is called with the first address in that."""
        self._send(line)
        self._send("status=$?; echo; echo done: $status")
        said = ""
        for text in self.process.stdout:
            if text.startswith("done: "):
                assert text == "done: 0\n", f"{line}\n{said}"
                return said
            said += text
            if meanwhile and (address := re.search(r"http://\S+", text)):
                meanwhile(address[0])
                os.killpg(self.process.pid, signal.SIGINT)
                meanwhile = None
        raise AssertionError(f"the shell ended at {line}\n{said}")

    def end(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


def fresh_machine(folder: Path) -> dict[str, str]:
    """The environment of a machine with Python, git and pictures, where the repository's address is this checkout."""
    (folder / "programs").mkdir()
    python = folder / "programs" / "python3"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    environment = plain(
        HOME=str(folder / "home"),
        PATH=f"{folder / 'programs'}{os.pathsep}{os.environ['PATH']}",
        GIT_CONFIG_COUNT="1",
        GIT_CONFIG_KEY_0=f"url.{ROOT.as_uri()}.insteadOf",
        GIT_CONFIG_VALUE_0=REPOSITORY,
        BROWSER="true",
    )
    if FRESH:
        return environment
    libraries = os.pathsep.join([str(ROOT / "src"), *(path for path in sys.path if "site-packages" in path)])
    light = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "HF_HUB_OFFLINE": "1"}
    return {**environment, **light, "PYTHONPATH": libraries}


def fill(folder: Path, drawing) -> None:
    """Do what the tutorial asks for by words: pictures, and examples that are copied into the folders."""
    for kind, number in ((kind, number) for kind in ("sprites", "tiles", "charts") for number in range(8)):
        drawing(folder / "home" / "Pictures" / "2024" / f"{kind} {number}.jpg", kind, 100 + number)
    for tag, kind in {"dogs": "sprites", "beach": "tiles"}.items():
        for number in range(6):
            drawing(folder / "work" / "tags" / tag / f"IMG_{number}.jpg", kind, number)
    drawing(folder / "work" / "like-this.jpg", "charts", 3)


def open_page(address: str) -> None:
    with build_opener(HTTPCookieProcessor()).open(address, timeout=60) as page:
        assert b"dogs" in page.read()


def test_the_tutorial_names_every_step_from_installing_to_exporting():
    commands = [line.split()[1] for line in LINES if line.startswith("image-tagging ")]
    order = ["sort", "models", "review", "sort", "search", "duplicates", "export"]
    steps = iter(commands)
    assert [step for step in order if step in steps] == order
    assert {line.split()[0] for line in LINES} == {"git", "python3", ".", "pip", "mkdir", "ls", "image-tagging"}


@pytest.mark.slow
@pytest.mark.xdist_group("port 8765")
@pytest.mark.skipif(os.name == "nt", reason="the tutorial's shell is that of Linux and macOS")
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this checkout cannot be cloned")
def test_a_fresh_machine_follows_the_tutorial_word_for_word(tmp_path, drawing):
    missing = [name for name in NEEDED if find_spec(name) is None] if not FRESH else []
    if missing or shutil.which("git") is None or shutil.which("sh") is None:
        pytest.skip(f"the tutorial needs git, sh and {', '.join(NEEDED)}")
    (tmp_path / "work").mkdir()
    shell = Shell(tmp_path / "work", fresh_machine(tmp_path))
    try:
        for line in LINES:
            shell.run(line, meanwhile=open_page if " review " in line else None)
            if line.startswith("mkdir"):
                fill(tmp_path, drawing)
    finally:
        shell.end()
    assert len(list((tmp_path / "work" / "sorted" / "by-tag" / "dogs").iterdir())) >= 4
    captions = [path.read_text("utf-8") for path in (tmp_path / "work" / "sorted" / "export" / "txt").rglob("*.txt")]
    assert any("dogs" in caption for caption in captions)
