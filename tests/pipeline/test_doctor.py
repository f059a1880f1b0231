"""The diagnosis of a machine: each check says what is so, and what to do where it is not."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from image_tagging.encoders import inspection
from image_tagging.errors import EncoderUnavailableError
from image_tagging.pipeline.doctor import checks, child, places
from image_tagging.pipeline.doctor.finding import NOTE, OK, PROBLEM, without_home
from image_tagging.store import one_run_at_a_time


def library_that(tmp_path, monkeypatch, name, program):
    """Put a library with this program in front of the one that is installed."""
    (tmp_path / "libraries" / name).mkdir(parents=True)
    (tmp_path / "libraries" / name / "__init__.py").write_text(program, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path / "libraries")


def test_formats_decode_here():
    found = child.run_probe("decoding")
    assert found.state == OK, found.says
    assert found.says.startswith("PNG, BMP, TIFF, WEBP, JPEG decode as drawn")


def test_the_embedded_encoder_works_here():
    found = child.run_probe("builtin")
    assert found.state == OK, found.says
    assert "gives the embeddings that it should" in found.says


def test_wrong_embeddings_are_found(monkeypatch):
    monkeypatch.setattr(inspection, "_EXPECTED", tuple(reversed(inspection._EXPECTED)))
    with pytest.raises(EncoderUnavailableError, match=r"wrong embeddings here .* install"):
        inspection.inspect_builtin()


def test_devices_of_onnxruntime_are_named():
    found = child.run_probe("onnxruntime")
    assert "cpu (" in found.says
    assert "fp32, int8" in found.says


@pytest.mark.parametrize("check", ["builtin", "onnxruntime"])
@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("raise ImportError('DLL load failed')", "DLL load failed"),
        ("", "AttributeError"),  # what a broken uninstall leaves
        ("import os; os.kill(os.getpid(), 4)", "SIGILL"),
        ("import sys; sys.exit(3)", "exit code 3"),
    ],
    ids=["no library of the system", "empty", "crash", "exit"],
)
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGILL")
def test_a_broken_onnxruntime_is_named_with_its_cause_and_remedy(tmp_path, monkeypatch, check, program, why):
    library_that(tmp_path, monkeypatch, "onnxruntime", program)
    found = child.run_probe(check)
    assert found.state == PROBLEM
    assert why in found.says
    assert "pip install --force-reinstall onnxruntime" in found.says


def test_a_library_that_hangs_is_given_up(tmp_path, monkeypatch):
    library_that(tmp_path, monkeypatch, "openvino", "import time; time.sleep(100)")
    monkeypatch.setattr(child, "_SECONDS", 2)
    found = child.run_probe("openvino")
    assert (found.state, "no answer in 2 s" in found.says) == (PROBLEM, True)


def test_modules_of_the_current_folder_are_not_run(tmp_path, monkeypatch):
    for name in ("json", "sitecustomize", "onnxruntime"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", "")
    assert child.run_probe("onnxruntime").state != PROBLEM
    assert not (tmp_path / "ran").exists()


def test_weights_that_cannot_be_fetched_are_a_note(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    found = child.run_probe("CLIP")
    assert found.state == NOTE
    assert "HF_HUB_OFFLINE forbids to fetch them" in found.says
    assert "--pretrained=/path/to/file" in found.says


def test_an_output_folder_that_is_not_there_is_not_made(tmp_path):
    found = places.check_output(str(tmp_path / "new" / "sorted"))
    assert found.state == OK
    assert "can be made" in found.says
    assert list(tmp_path.iterdir()) == []


def test_the_disk_of_an_output_folder_is_named(tmp_path):
    assert "can be written" in places.check_output(str(tmp_path)).says
    assert " free" in places.check_output(str(tmp_path)).says


def test_a_file_in_place_of_the_output_folder_is_named(tmp_path):
    (tmp_path / "sorted").write_text("mine")
    assert "is no folder" in places.check_output(str(tmp_path / "sorted")).says
    below = places.check_output(str(tmp_path / "sorted" / "more"))
    assert (below.state, "a file is in its way" in below.says) == (PROBLEM, True)


def test_a_run_at_work_in_the_output_folder_is_named(tmp_path):
    with one_run_at_a_time(str(tmp_path)):
        found = places.check_output(str(tmp_path))
    assert (found.state, "another run works" in found.says) == (NOTE, True)


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(places.shutil, "disk_usage", lambda _folder: SimpleNamespace(free=1000))
    found = places.check_output(str(tmp_path))
    assert (found.state, "1.0 kB free" in found.says, "little" in found.says) == (NOTE, True, True)


def test_the_home_folder_is_not_named(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.setenv("USERPROFILE", "/home/ann")
    assert "ann" not in without_home("/home/ann/pictures can be written").replace("can", "")


def test_an_untried_python_is_a_note(monkeypatch):
    monkeypatch.setattr(checks, "_NEWEST", (3, 8))
    assert "the program is tried on 3.9 to 3.8" in checks._check_python().says
