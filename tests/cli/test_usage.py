"""A command that is given its output folder in the way of another says how it takes it."""

from __future__ import annotations

import pytest

from image_tagging.cli import main
from image_tagging.cli.tag_screen import tag_command


@pytest.mark.parametrize("command", ["inputs", "duplicates", "review", "doctor", "verdicts export"])
def test_commands_on_an_output_folder_say_that_it_is_an_argument(command, capsys):
    assert main([*command.split(), "--output", "sorted"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert f"The output folder is an argument here: image-tagging {command} FOLDER" in said


@pytest.mark.parametrize("line", ["export txt sorted", "threshold sorted cats 0.8", "forget sorted cats"])
def test_commands_with_a_flag_for_it_name_the_flag(line, capsys):
    assert main(line.split()) == 2
    assert "The output folder is given by --output FOLDER" in " ".join(capsys.readouterr().err.split())


def test_other_errors_stay_as_they_are(capsys):
    assert main(["inputs", "sorted", "--outputt", "x"]) == 2
    assert main(["sort", "a", "b", "--top"]) == 2
    assert "output folder is" not in capsys.readouterr().err


def test_a_command_about_a_tag_that_begins_as_a_flag_can_be_typed():
    assert tag_command("forget", "--help", output="./o") == "image-tagging forget --output ./o -- --help"
    assert tag_command("threshold", "cats", "auto", output="./o") == "image-tagging threshold cats auto --output ./o"
