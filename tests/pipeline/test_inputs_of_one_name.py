"""Untagged inputs of one name in one output folder: none takes the metadata of another."""

from __future__ import annotations

import json
import os
import shutil
import zipfile

import pytest

from image_tagging import ProcessConfig, process_dataset
from image_tagging.cli import app as cli
from image_tagging.errors import OutputError
from image_tagging.exporters import read_table
from image_tagging.store import STORE_NAME
from samples import png, written


@pytest.fixture
def process(tmp_path):
    """``process(input)`` runs stage 1, untagged, into one output folder."""

    def run(source, **settings):
        defaults = {"tagged_dataset": False, "clip_model": "builtin", "output_folder": str(tmp_path / "out")}
        return process_dataset(ProcessConfig(input_folder=str(tmp_path / source), **{**defaults, **settings}))

    return run


@pytest.fixture(autouse=True)
def inputs(tmp_path):
    """Folders and archives called ``photos``, each with one picture."""
    for number, source in enumerate(("a/photos", "b/photos", "c/photos/photos", "c/photos")):
        written(tmp_path / source / f"{number}.png", png(number))
    for number, source in enumerate(("a/photos.zip", "d/photos.zip"), start=4):
        with zipfile.ZipFile(written(tmp_path / source, b""), "w") as archive:
            archive.writestr(f"{number}.png", png(number))


def held(tmp_path, folder="out/clip-cache"):
    """The images in each metadata file."""
    files = sorted((tmp_path / folder).glob("*-metadata.json"))
    return {
        path.name: sorted(record["file_name"] for record in json.loads(path.read_text()).values()) for path in files
    }


FIRST, SECOND, THIRD = "photos-metadata.json", "photos (2)-metadata.json", "photos (3)-metadata.json"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a/photos", "b/photos"),
        ("a/photos.zip", "d/photos.zip"),
        ("a/photos", "a/photos.zip"),
        ("d/photos.zip", "b/photos"),
    ],
    ids=["folders", "archives", "a folder, an archive", "an archive, a folder"],
)
def test_two_inputs_of_one_name_keep_two_metadata_files(process, tmp_path, first, second):
    process(first)
    before = held(tmp_path)
    summary = process(second)
    assert {**held(tmp_path), **before} == held(tmp_path)
    assert list(held(tmp_path)) == [SECOND, FIRST]
    assert summary.files[0] == str(tmp_path / "out" / "clip-cache" / SECOND)
    assert summary.namesake == str(tmp_path / first)
    rows = list(read_table(tmp_path / "out" / "clip-cache" / "stage1.db"))
    assert [row.input for row in rows] == [str(tmp_path / first), str(tmp_path / second)]


def test_each_input_has_its_file_in_every_run(process, tmp_path):
    sources = ("a/photos", "b/photos", "d/photos.zip")
    for source in (*sources, *reversed(sources), *sources):
        process(source)
    assert held(tmp_path) == {FIRST: ["0.png"], SECOND: ["1.png"], THIRD: ["5.png"]}
    (tmp_path / "out" / "clip-cache" / FIRST).unlink()
    process("b/photos")
    assert held(tmp_path) == {SECOND: ["1.png"], THIRD: ["5.png"]}
    process("a/photos")
    assert held(tmp_path) == {FIRST: ["0.png"], SECOND: ["1.png"], THIRD: ["5.png"]}


@pytest.mark.parametrize("sources", [("c/photos", "c/photos/photos"), ("c/photos/photos", "c/photos")])
def test_a_folder_in_one_of_its_name_has_another_file(process, tmp_path, sources):
    for source in sources * 2:
        process(source)
    expected = {"c/photos": ["2.png", "3.png"], "c/photos/photos": ["2.png"]}
    assert held(tmp_path) == {FIRST: expected[sources[0]], SECOND: expected[sources[1]]}


@pytest.mark.parametrize("metadata_format", ["parquet", "both"])
def test_in_another_format_the_number_is_the_same(process, tmp_path, metadata_format):
    pytest.importorskip("pyarrow")
    for source in ("a/photos", "b/photos"):
        process(source)
    for source, name in (("b/photos", "photos (2)"), ("a/photos", "photos")):
        files = process(source, metadata_format=metadata_format).files
        assert f"{name}-metadata.parquet" in {os.path.basename(file) for file in files}


def test_without_the_store_the_file_itself_says_whose_it_is(process, tmp_path):
    for source in ("a/photos", "b/photos"):
        process(source)
    (tmp_path / "out" / STORE_NAME).unlink()
    for source in ("b/photos", "a/photos"):
        process(source)
    assert held(tmp_path) == {FIRST: ["0.png"], SECOND: ["1.png"]}


def test_an_output_folder_that_was_moved_keeps_its_files(process, tmp_path):
    for source in ("a/photos", "b/photos"):
        process(source)
    shutil.move(tmp_path / "out", tmp_path / "moved")
    (tmp_path / "moved" / "clip-cache" / FIRST).unlink()
    for source in ("b/photos", "a/photos"):
        process(source, output_folder=str(tmp_path / "moved"))
    assert held(tmp_path, "moved/clip-cache") == {FIRST: ["0.png"], SECOND: ["1.png"]}


def test_an_input_by_another_path_is_the_same(process, tmp_path, monkeypatch):
    process("a/photos")
    monkeypatch.chdir(tmp_path / "a")
    for source in (os.path.join("..", "a", "photos"), "photos/"):
        settings = {"tagged_dataset": False, "clip_model": "builtin", "output_folder": str(tmp_path / "out")}
        assert process_dataset(ProcessConfig(input_folder=source, **settings)).namesake == ""
    assert held(tmp_path) == {FIRST: ["0.png"]}


def test_the_command_says_what_is_numbered(tmp_path, capsys):
    for source in ("a/photos", "b/photos"):
        arguments = (f"--input_folder={tmp_path / source}", f"--output_folder={tmp_path / 'out'}")
        assert cli.main(["process", *arguments, "--tagged_dataset=False", "--clip_model=builtin"]) == 0
    other = tmp_path / "a" / "photos"
    said = capsys.readouterr().out
    assert f"The metadata file is numbered: {other} has the same name, and keeps its own." in said


def test_a_file_of_the_user_under_a_number_is_left(process, tmp_path):
    process("a/photos")
    mine = tmp_path / "out" / "clip-cache" / SECOND
    mine.write_text("my notes", encoding="utf-8")
    with pytest.raises(OutputError, match="is not a file that this program wrote"):
        process("b/photos")
    assert mine.read_text(encoding="utf-8") == "my notes"
