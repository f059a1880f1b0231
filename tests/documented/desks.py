"""The folder in which the commands of a page run one after the other, and how each is run."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

import pytest

from documented.reading import ROOT, Page, program_words
from image_tagging.cli import main

#: What the light install lacks is not found; what starts Python reads this first.
_WITHOUT_CLIP = """
import sys
from importlib.machinery import PathFinder


class Light(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "torchvision", "open_clip", "open_clip_train", "timm", "openvino"}:
            return None
        return super().find_spec(name, path, target)


sys.meta_path[:] = [Light if finder is PathFinder else finder for finder in sys.meta_path]
"""


@dataclass
class Desk:
    """A folder; what its names and addresses are called in the page; and the fixtures of the test that works there.

    ``words`` are replaced in each line before it runs, in their order; ``adds`` are flags that a command is given
    where the line does not have them.
    """

    folder: Path
    request: pytest.FixtureRequest
    words: dict[str, str] = field(default_factory=dict)
    adds: dict[str, str] = field(default_factory=dict)

    def draws(self, folder: str, kinds: Mapping[str, str], count: int = 6, first: int = 0) -> None:
        """Save drawings of kinds: ``{"dogs": "sprites"}`` fills the folder dogs with sprites."""
        drawing = self.request.getfixturevalue("drawing")
        for name, kind in kinds.items():
            for number in range(count):
                drawing(self.folder / folder / name / f"{number}.png", kind, first + number)

    def runs(self, line: str) -> str:
        """Run a line of a page, which must succeed; what it said on standard output."""
        here = self.in_words_of_here(line)
        words = program_words(here)
        if not words:
            return succeeded(run(here, self.folder, dict(os.environ)))
        if words[0] == "review":
            return succeeded(end_when_it_serves(shlex.join(["image-tagging", *words]), self.folder, self._light))
        if words[0] == "doctor":  # as in the light install: elsewhere it loads all of PyTorch each time
            return succeeded(run(shlex.join(["image-tagging", *words]), self.folder, self._light))
        return self._run_here(here, words)

    @property
    def _light(self) -> dict[str, str]:
        return light_programs(self.folder.parent / "programs")

    def in_words_of_here(self, line: str) -> str:
        """The line with the names and addresses of this desk."""
        for of_page, of_desk in self.words.items():
            line = line.replace(of_page, of_desk)
        words = program_words(line)
        for name, flags in self.adds.items():
            if words and words[0] == name and flags.split()[0] not in words:
                line += f" {flags}"
        return line

    def _run_here(self, line: str, words: list[str]) -> str:
        monkeypatch = self.request.getfixturevalue("monkeypatch")
        capsys = self.request.getfixturevalue("capsys")
        monkeypatch.chdir(self.folder)
        capsys.readouterr()
        code = main(words)
        said = capsys.readouterr()
        errors = re.sub(r"(?m)^Ray cluster of .*\n", "", said.err)
        assert (code, errors) == (0, ""), f"{line}\n{said.out}{said.err}"
        return said.out


@dataclass(frozen=True)
class World:
    """A desk for the commands of a page that ``takes`` finds something in, and for other lines that ``shell`` does.

    ``fill`` prepares it; ``before`` does, ahead of a line, what the page says in words there, and ``then`` what is
    left at the end. Where a pattern of ``says`` is found in a line, its other one must be in what the line says.
    Without the modules in ``needs`` the test skips.
    """

    page: str
    fill: Callable[[Desk], None]
    takes: str = ""
    shell: str = "^$"
    before: Mapping[str, Callable[[Desk], None]] = field(default_factory=dict)
    then: Callable[[Desk], None] = lambda desk: None
    says: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    marks: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return f"{self.page} {self.fill.__name__}"

    @property
    def lines(self) -> list[str]:
        return [
            line for line in Page(self.page).lines if re.search(self.takes if program_words(line) else self.shell, line)
        ]


def light_programs(programs: Path) -> dict[str, str]:
    """The environment in which ``image-tagging`` is the program of this checkout in the light install.

    It stands in a new folder ``programs``. No weights are fetched there.
    """
    if not programs.exists():
        programs.mkdir()
        (programs / "sitecustomize.py").write_text(_WITHOUT_CLIP, encoding="utf-8")
        command = programs / "image-tagging"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m image_tagging "$@"\n', encoding="utf-8")
        command.chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    modules = os.pathsep.join([str(programs), str(ROOT / "src")])
    return {**os.environ, "PATH": path, "PYTHONPATH": modules, "HF_HUB_OFFLINE": "1"}


def run(line: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a line in the shell."""
    return subprocess.run(
        ["sh", "-c", line],
        cwd=folder,
        env=environment,
        check=False,
        capture_output=True,
        encoding="utf-8",
        timeout=600,
    )


def end_when_it_serves(line: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command that serves until Ctrl-C, and end it so once it says where."""
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


def succeeded(done: subprocess.CompletedProcess[str]) -> str:
    """What a command said that has succeeded without a word on standard error."""
    assert (done.args, done.returncode, done.stderr) == (done.args, 0, ""), done.stdout
    return done.stdout
