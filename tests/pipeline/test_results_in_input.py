"""An output folder within the input hides no image without a word."""

from __future__ import annotations

import shutil

import pytest

from image_tagging import ClassifyConfig, ProcessConfig, classify_images, cli, process_dataset
from image_tagging.errors import NoImagesError
from samples import png, written


def process(folder, output):
    """The (file name, code) of each failure of stage 1."""
    config = ProcessConfig(input_folder=str(folder), output_folder=str(output), clip_model="builtin")
    return [(item.ref.name, item.code) for item in process_dataset(config).embedding.failures]


@pytest.fixture
def folder(tmp_path):
    """Two tags of one image."""
    written(tmp_path / "in" / "cat" / "a.png", png(1))
    written(tmp_path / "in" / "dog" / "b.png", png(2))
    return tmp_path / "in"


def test_images_where_results_go_are_reported_once(folder):
    assert process(folder, folder / "dog") == [("dog", "results-folder")]
    assert process(folder, folder / "dog") == []


def test_images_deep_in_the_output_folder_are_reported(folder):
    written(folder / "all" / "results" / "owl" / "c.png", png(3))
    assert process(folder, folder / "all" / "results") == [("results", "results-folder")]
    assert process(folder, folder / "all") == [("all", "results-folder")]


@pytest.mark.parametrize("name", ["out", "cat/out", ".out", "notes"])
def test_an_output_folder_without_images_is_not_reported(folder, name):
    (folder / "cat" / "out").mkdir()
    written(folder / ".out" / "a.png", png(3))
    written(folder / "notes" / "a.txt", b"")
    assert process(folder, folder / name) == []


def test_the_input_folder_may_take_the_results(folder):
    assert "results-folder" not in [code for _, code in process(folder, folder)]


def test_an_input_that_is_all_output_says_why_nothing_is_found(folder):
    shutil.rmtree(folder / "cat")
    with pytest.raises(NoImagesError, match="results go there: choose an output folder outside of the input"):
        process(folder, folder / "dog")


def test_stage_3_reports_images_where_results_go(folder, trained):
    config = ClassifyConfig(directory=str(folder), model=str(trained.models), output=str(folder / "dog"))
    assert [item.code for item in classify_images(config).embedding.failures] == ["results-folder"]
    assert [item.code for item in classify_images(config).embedding.failures] == []


def test_the_command_says_so_on_the_screen(folder, capsys):
    flags = (f"--input_folder={folder}", f"--output_folder={folder / 'dog'}", "--clip_model=builtin")
    assert cli.main(["process", *flags]) == 0
    assert "results go there" in " ".join(capsys.readouterr().out.split())
