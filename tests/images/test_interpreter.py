"""How decoding processes are started, whatever the program around made of ``sys.path`` and ``sys.executable``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from image_tagging import FileCache, ProcessConfig, process_dataset
from image_tagging.addresses import ImageRef
from image_tagging.errors import DecoderError
from image_tagging.images.decoders import Decoders
from image_tagging.images.interpreter import environment, import_folders, interpreter
from image_tagging.records import Failure
from samples import png, written, zipped


@pytest.fixture
def images(tmp_path):
    """A folder of one tag, and a zip in it."""
    for number in range(3):
        written(tmp_path / "in" / "a" / f"{number}.png", png(number))
    written(tmp_path / "in" / "b" / "more.zip", zipped({"3.png": png(3)}))
    return tmp_path / "in"


def width():
    """The width of a picture that a new process decodes."""
    with Decoders() as decoders, decoders.decoded(ImageRef("a.png"), png(1)) as image:
        assert not isinstance(image, Failure), image
        return image.facts.width


@pytest.mark.parametrize(
    "entry",
    [Path("."), Path("/nowhere"), b"/nowhere", None, 7, (), "", ".", "./", "no such folder", "\udce9", "a\nb"],
    ids=repr,
)
@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
def test_any_entry_of_the_search_path_is_borne(monkeypatch, entry, first):
    monkeypatch.setattr(sys, "path", [entry, *sys.path] if first else [*sys.path, entry])
    assert width() == 12


@pytest.mark.parametrize("value", [None, "", "/usr/bin/uwsgi", "/no/such/python", "python", "/bin", __file__], ids=repr)
def test_where_the_executable_is_no_python_that_of_the_prefix_is_used(monkeypatch, value):
    monkeypatch.setattr(sys, "executable", value)
    assert width() == 12


def test_the_program_that_holds_a_frozen_python_is_not_started_again(monkeypatch):
    given = sys.executable
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    assert interpreter() != given


def nowhere(monkeypatch, folder):
    """As in a program that embeds Python, of which there is none on its own."""
    for name in ("prefix", "exec_prefix", "base_prefix", "base_exec_prefix"):
        monkeypatch.setattr(sys, name, str(folder))
    monkeypatch.setattr(sys, "_base_executable", None)


@pytest.mark.parametrize("value", [None, "/usr/sbin/apache2"])
def test_where_there_is_no_python_one_sentence_says_what_to_set(monkeypatch, images, tmp_path, value):
    nowhere(monkeypatch, tmp_path)
    monkeypatch.setattr(sys, "executable", value)
    ways = [
        lambda: process_dataset(ProcessConfig(input_folder=str(images), output_folder=str(tmp_path / "out"),
                                              clip_model="builtin")),
        lambda: FileCache().add_folder_to_file_cache(images, tmp_path / "cache"),
    ]  # fmt: skip
    for way in ways:
        with pytest.raises(DecoderError, match=f"sys.executable is {str(value)!r}, which is no Python") as caught:
            way()
        assert f"Set sys.executable to the path of the Python 3.{sys.version_info[1]}" in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.name == "nt", reason="a script is no program on Windows")
@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("#!/bin/sh\nexit 3\n", "does not start (exit code 3)"),
        ("#!/bin/sh\necho 'No module named PIL' >&2; exit 1\n", "does not start (exit code 1: No module named PIL)"),
        ("#!/no/such/shell\n", "cannot start a process to decode images"),
    ],
)
def test_a_python_that_does_not_start_is_named_with_what_it_said(monkeypatch, tmp_path, script, words):
    python = tmp_path / "python3"
    python.write_text(script)
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(DecoderError) as caught:
        width()
    assert words in str(caught.value)
    assert "Set sys.executable" in str(caught.value)


def test_a_python_without_what_the_program_needs_is_named(monkeypatch, tmp_path):
    """As another version, for which the compiled libraries are not."""
    monkeypatch.setattr("image_tagging.images.decoding_process.PROGRAM", "import no_such_module")
    with pytest.raises(DecoderError, match=r"No module named 'no_such_module'\)\. It is one of .*Set sys.executable"):
        width()


def test_the_current_folder_is_for_the_modules_of_the_user_alone(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [os.getcwd(), "", "/library", "."])
    folders = import_folders()
    assert (folders.folders, folders.own) == (["/library"], [os.getcwd()])


def test_where_the_libraries_lie_in_the_current_folder_they_are_found(monkeypatch):
    """As where everything was installed into one folder, in which the program is started."""
    import PIL

    monkeypatch.chdir(Path(PIL.__file__).parents[1])
    monkeypatch.setattr(sys, "path", [os.getcwd(), *sys.path])
    assert import_folders().own == []
    assert width() == 12


@pytest.mark.usefixtures("removed_folder")
def test_a_removed_current_folder_is_no_hindrance(monkeypatch):
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    assert width() == 12


def test_python_is_not_told_to_look_into_other_folders(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep)
    assert "PYTHONPATH" not in environment()
    asked = [interpreter(), "-c", "import sys; print('' in sys.path)"]
    said = subprocess.run(asked, check=True, capture_output=True, encoding="utf-8", env=environment())
    assert said.stdout.strip() == str(sys.version_info < (3, 11))
