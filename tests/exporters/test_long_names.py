"""Names that are longer than the file system takes are shortened, each to another and always to the same."""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from pathlib import Path

import pytest

from image_tagging import ClassifyConfig, ProcessConfig, classify_images, process_dataset
from image_tagging import files as files_module
from image_tagging.exporters.placing import Placer
from image_tagging.files import fitting_name, longest_name
from samples import at, png, written, zipped

LONG = {"ascii": "x" * 400, "kanji": "猫" * 300, "emoji": "🐈" * 200, "marks": "e\u0301" * 150, "dots": "a." * 200}


def units(name, encoding):
    return len(name.encode(encoding)) // (2 if encoding == "utf-16-le" else 1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"], ids=["POSIX", "Windows"])
@pytest.mark.parametrize("most", [255, 143, 40])
@pytest.mark.parametrize("stem", LONG.values(), ids=LONG)
def test_a_long_name_fits_and_keeps_its_suffix(stem, most, encoding):
    short = fitting_name(f"{stem}.png", most, encoding=encoding)
    assert units(short, encoding) <= most
    assert short.endswith(".png")
    assert short.startswith(stem[:5])
    assert not unicodedata.combining(stem[short.index("~")])  # no letter has lost its mark
    assert short == fitting_name(f"{stem}.png", most, encoding=encoding)


@pytest.mark.parametrize("name", ["cat.png", "x" * 251 + ".png", "猫" * 83 + ".png"])
def test_a_name_that_fits_is_left_alone(name):
    assert fitting_name(name, 255, encoding="utf-8") == name


def test_names_of_one_beginning_stay_different():
    names = {fitting_name(f"{'x' * 300}{number}.png", 255) for number in range(1000)}
    assert len(names) == 1000


def test_what_is_longer_than_any_suffix_is_none():
    assert units(fitting_name("a." + "x" * 300, 255, encoding="utf-8"), "utf-8") <= 255


def test_members_with_long_names_are_placed_and_named_in_full_in_the_results(trained, tmp_path):
    stem = "長い名前" * 30
    members = {f"{stem}{number}.png": png(number) for number in range(3)}
    path = written(tmp_path / "a.zip", zipped({**members, f"b/{stem}0.png": png(9)}))
    for _ in range(2):  # again: nothing is added
        done = classify_images(
            ClassifyConfig(directory=path, model=trained.models, output=tmp_path / "out", archives=True)
        )
        assert (done.embedding.images, done.place_failed) == (4, 0)
        placed = [file.read_bytes() for file in (tmp_path / "out" / "ovr-svm" / "tiles").rglob("*.png")]
        assert sorted(placed) == sorted([*map(png, range(3)), png(9)])
    results = json.loads((tmp_path / "out" / "output.json").read_text(encoding="utf-8")).values()
    assert {os.path.basename(entry["file_path"]) for entry in results} == set(members)


@pytest.mark.parametrize("how", ["copy", "hardlink", "symlink"])
def test_a_folder_of_short_names_gets_long_ones_shortened(tmp_path, monkeypatch, how):
    monkeypatch.setattr("image_tagging.exporters.placing.longest_name", lambda folder: 143)  # encrypted by the system
    name = "y" * 200 + ".png"
    source = written(tmp_path / "in" / name, png(1))
    (path,) = Placer(str(tmp_path / "out"), how).place(at(os.path.join("svm", "t" * 200, "0.1")), name, source)
    assert all(len(os.fsencode(part)) <= 143 for part in Path(path).relative_to(tmp_path).parts)
    assert Path(path).read_bytes() == png(1)
    (again,) = Placer(str(tmp_path / "out"), how).place(at(os.path.join("svm", "t" * 200, "0.1")), name, source)
    assert again == path


def test_a_file_called_like_a_shortened_one_is_kept_apart(tmp_path, monkeypatch):
    monkeypatch.setattr("image_tagging.exporters.placing.longest_name", lambda folder: 143)
    name = "y" * 200 + ".png"
    for names in ([name, fitting_name(name, 143)], [fitting_name(name, 143), name]):
        placer = Placer(str(tmp_path / str(len(names[0]))))
        paths = [placer.place(at("0.1"), each, png(seed))[0] for seed, each in enumerate(names)]
        assert [Path(path).read_bytes() for path in paths] == [png(0), png(1)]


def test_untagged_metadata_of_a_long_folder_is_written(tmp_path):
    written(tmp_path / ("ü" * 125) / "1.png", png(1))
    config = ProcessConfig(
        input_folder=tmp_path / ("ü" * 125), output_folder=tmp_path / "o", tagged_dataset=False, clip_model="builtin"
    )
    for _ in range(2):
        paths = process_dataset(config).files
        assert os.path.basename(paths[0]).endswith("-metadata.json")
        assert os.path.isfile(paths[0])
    assert len(list((tmp_path / "o" / "clip-cache").glob("*.json"))) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there the length of the path decides")
def test_the_length_of_names_is_that_of_the_file_system(tmp_path, monkeypatch):
    assert longest_name(str(tmp_path)) == min(255, os.pathconf(tmp_path, "PC_NAME_MAX"))
    monkeypatch.setattr(files_module.os, "pathconf", lambda folder, name: 143)
    assert longest_name(str(tmp_path)) == 143


# --- times ------------------------------------------------------------------------------------------------

LONG_AGO = 1_000_000_000_123_456_700


@pytest.mark.parametrize("held", [1 << 20, 0], ids=["held", "in pieces"])
def test_a_placed_copy_keeps_its_time(tmp_path, monkeypatch, held):
    monkeypatch.setattr("image_tagging.exporters.placing._HELD_BYTES", held)
    source = written(tmp_path / "in" / "1.png", png(1))
    os.utime(source, ns=(LONG_AGO, LONG_AGO))
    for path in Placer(str(tmp_path / "out")).place(at("0.1", "0.2"), "1.png", source):
        assert abs(os.stat(path).st_mtime_ns - LONG_AGO) < 1000


def test_stage_3_places_copies_with_their_times(trained, tmp_path):
    source = written(tmp_path / "in" / "1.png", png(1))
    os.utime(source, ns=(LONG_AGO, LONG_AGO))
    classify_images(ClassifyConfig(directory=tmp_path / "in", model=trained.models, output=tmp_path / "out"))
    placed = list((tmp_path / "out").glob("ovr-*/*/*/1.png"))
    assert len(placed) == 6
    assert {os.stat(path).st_mtime_ns // 1000 for path in placed} == {LONG_AGO // 1000}


def test_a_file_system_without_times_gets_the_copy(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(1, "Operation not permitted")

    source = written(tmp_path / "in" / "1.png", png(1))
    monkeypatch.setattr("image_tagging.writing.new_files.os.utime", refuse)
    (path,) = Placer(str(tmp_path / "out")).place(at("0.1"), "1.png", source)
    assert Path(path).read_bytes() == png(1)
