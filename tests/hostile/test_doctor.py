"""The command ``doctor`` on machines that lack something."""

from __future__ import annotations

import json
import os

import pytest


def findings(done):
    """The findings of JSON by their checks, as state and sentence."""
    return {each["check"]: (each["state"], each["says"]) for each in json.loads(done.stdout)["findings"]}


@pytest.mark.slow
def test_no_write_rights_are_a_problem_that_is_named(without_rights, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o555)
    done = without_rights("doctor", tmp_path / "locked" / "sorted", "--json")
    state, says = findings(done)["output"]
    assert (done.returncode, state) == (1, "problem")
    assert f"cannot write in {tmp_path / 'locked'} (Permission denied): choose another output folder" in says


@pytest.mark.slow
def test_a_broken_onnxruntime_does_not_break_the_doctor(command, tmp_path):
    (tmp_path / "onnxruntime").mkdir()
    (tmp_path / "onnxruntime" / "__init__.py").write_text("raise ImportError('DLL load failed')", encoding="utf-8")
    path = f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    done = command("doctor", tmp_path / "sorted", env={**os.environ, "PYTHONPATH": path, "HF_HUB_OFFLINE": "1"})
    assert (done.returncode, done.stderr) == (1, "")
    assert "DLL load failed" in done.stdout
    assert "2 problems: do what the line says" in done.stdout


@pytest.mark.slow
def test_a_machine_without_clip_has_no_problem(command, tmp_path):
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    done = command("doctor", tmp_path / "sorted", "--json", env=environment)
    state, says = findings(done)["CLIP"]
    assert (done.returncode, done.stderr, state) == (0, "", "note")
    assert "sort takes the embedded encoder" in says
    assert not (tmp_path / "sorted").exists()
    assert set(json.loads(done.stdout)) >= {"program", "python", "system", "versions", "extras", "problems"}
