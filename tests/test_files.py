"""A reader never meets half a file, and an earlier one stays whole."""

from __future__ import annotations

import os

import pytest

from image_tagging.errors import OutputError
from image_tagging.files import make_folder, write_aside


def test_a_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "new" / "folder" / "out.json"
    with write_aside(str(path)) as aside:
        with open(aside, "w") as file:
            file.write("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert os.listdir(path.parent) == ["out.json"]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_a_failure_leaves_the_earlier_file_whole_and_nothing_beside_it(tmp_path, error):
    path = tmp_path / "out.json"
    path.write_text("earlier")

    def interrupted():
        with write_aside(str(path)) as aside, open(aside, "w") as file:
            file.write("half")
            raise error

    with pytest.raises(type(error)):
        interrupted()
    assert path.read_text() == "earlier"
    assert os.listdir(tmp_path) == ["out.json"]


def test_what_a_killed_run_left_is_cleared_away_first(tmp_path):
    (tmp_path / "out.db.part").write_text("half of an earlier one")
    with write_aside(str(tmp_path / "out.db")) as aside:
        assert not os.path.exists(aside)
        with open(aside, "a") as file:
            file.write("new")
    assert (tmp_path / "out.db").read_text() == "new"


def test_a_target_that_cannot_be_written_is_named_in_one_line(tmp_path):
    (tmp_path / "out.json").mkdir()
    with pytest.raises(OutputError, match=r"cannot write .*out\.json: ") as raised:
        write_over(tmp_path / "out.json")
    assert "\n" not in str(raised.value)
    assert os.listdir(tmp_path) == ["out.json"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot make the folder .*file"):
        write_over(tmp_path / "file" / "below" / "out.json")
    with pytest.raises(OutputError, match="cannot make the folder"):
        make_folder(str(tmp_path / "file"))


def test_a_folder_that_is_there_is_fine(tmp_path):
    assert make_folder(str(tmp_path)) == str(tmp_path)


def test_an_error_of_writing_is_an_output_error(tmp_path):
    def full():
        with write_aside(str(tmp_path / "out.json")):
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="No space left on device"):
        full()


def write_over(path):
    with write_aside(str(path)) as aside, open(aside, "w") as file:
        file.write("new")
