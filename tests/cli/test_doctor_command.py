"""The screen and the JSON of ``doctor``, and the commands of its page."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from image_tagging.cli import doctor_screen, main
from image_tagging.pipeline import Diagnosis, Finding

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "doctor.md").read_text(encoding="utf-8")
COMMANDS = [line.partition("#")[0] for line in re.search(r"```sh\n(.*?)```", PAGE, re.S)[1].splitlines()]


def diagnosis(*findings):
    return Diagnosis("1.2.3", "3.12.1", "Linux x86_64", {"numpy": "2.0"}, {"heif": True}, findings)


def test_what_a_problem_says_is_shown_whole(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    says = "cannot write in /data (Read-only file system): choose another output folder (--output)"
    doctor_screen.show_diagnosis(diagnosis(Finding("output", "problem", says), Finding("builtin", "ok", "it works")))
    shown = " ".join(capsys.readouterr().out.split())
    assert "image-tagging 1.2.3 numpy 2.0" in shown
    assert says in shown
    assert shown.endswith("1 problem: do what the line says, and run doctor again.")


def test_control_characters_of_a_path_are_not_printed(capsys):
    doctor_screen.show_diagnosis(diagnosis(Finding("output", "ok", "/data/\x1b[31m can be written")))
    assert "\x1b" not in capsys.readouterr().out


def test_json_holds_all_of_it(capsys):
    doctor_screen.print_json(diagnosis(Finding("output", "problem", "no")))
    record = json.loads(capsys.readouterr().out)
    assert record["findings"] == [{"check": "output", "state": "problem", "says": "no"}]
    assert (record["problems"], record["program"], record["versions"]) == (1, "1.2.3", {"numpy": "2.0"})


@pytest.mark.slow
def test_the_commands_of_the_page_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for command in COMMANDS:
        assert main(shlex.split(command)[1:]) == 0, capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
