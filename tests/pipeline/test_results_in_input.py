"""What this program wrote is no input, wherever it lies, and what lies next to it is."""

from __future__ import annotations

import os
import shutil
import sqlite3
import zipfile
from contextlib import closing

import pytest

from image_tagging import ClassifyConfig, FileCache, ProcessConfig, classify_images, cli, process_dataset
from image_tagging.errors import NoImagesError
from image_tagging.store import STORE_NAME
from samples import png, written

MARKS = ("stage3.db", "output.json")


def process(folder, output, **settings):
    """The summary of stage 1."""
    config = ProcessConfig(input_folder=str(folder), output_folder=str(output), clip_model="builtin", **settings)
    return process_dataset(config)


def tags_of(folder, output, **settings):
    """The tags of stage 1, those without images too, and the codes of its failures."""
    summary = process(folder, output, **settings)
    return [*summary.tags, *summary.empty_tags], list(summary.embedding.failure_codes)


def left_out(summary):
    """What was left out by reason: folders and files."""
    return {count.reason: (count.folders, count.files) for count in summary.left_out}


@pytest.fixture
def folder(tmp_path):
    """Two tags of one image."""
    written(tmp_path / "in" / "cat" / "a.png", png(1))
    written(tmp_path / "in" / "dog" / "b.png", png(2))
    return tmp_path / "in"


@pytest.fixture
def classify(folder, trained):
    """``classify(output)`` sorts the images of the folder, and gives how many there were and what was left out."""

    def run(output, directory=folder, **settings):
        config = ClassifyConfig(directory=str(directory), model=str(trained.models), output=str(output), **settings)
        embedding = classify_images(config).embedding
        return embedding.images, left_out(embedding)

    return run


def test_results_of_any_run_are_left_out(folder, classify):
    assert classify(folder / "sorted") == (2, {})
    assert classify(folder / "sorted", output_bins=3) == (2, {"results": (2, 0)})
    assert classify(folder / "cat" / "other", output_bins=5, place="hardlink") == (2, {"results": (2, 0)})
    assert classify(folder, place="symlink") == (2, {"results": (4, 0)})
    assert classify(folder.parent / "outside") == (2, {"results": (6, 0)})
    assert tags_of(folder, folder.parent / "out") == (["cat", "dog"], [])


@pytest.mark.parametrize("kept", [STORE_NAME, *MARKS])
def test_results_are_known_by_each_file_that_lies_with_them(folder, classify, kept):
    classify(folder / "sorted")
    for name in {STORE_NAME, *MARKS} - {kept}:
        (folder / "sorted" / name).unlink()
    tags = ["cat", "dog", *(["sorted"] if kept == "output.json" else [])]  # any program may have written that
    assert tags_of(folder, folder.parent / "out") == (tags, [])


def test_results_of_stage_4_are_known_by_their_table(folder, classify, tmp_path):
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        archive.write(folder / "cat" / "a.png", "cat/a.png")
    classify(folder / "sorted", tmp_path / "pets.zip", archives=True)
    for name in ("output.json", STORE_NAME):
        (folder / "sorted" / name).unlink()
    assert (folder / "sorted" / "stage4.db").exists()
    assert process(folder, folder.parent / "out").embedding.images == 2


@pytest.mark.parametrize(
    ("packing", "above", "without"),
    [
        ("zip", "", ()),
        ("tar", "", (STORE_NAME, "stage3.db")),
        ("gztar", "backup/2024/", (STORE_NAME, "output.json")),
    ],
)
def test_results_in_an_archive_are_left_out(folder, classify, packing, above, without):
    classify(folder / "sorted")
    for name in without:
        (folder / "sorted" / name).unlink()
    written(folder / "sorted" / "owl" / "c.png", png(3))
    packed = folder / "packed" / above
    packed.mkdir(parents=True)
    shutil.move(folder / "sorted", packed / "sorted")
    shutil.make_archive(str(folder / "old"), packing, folder / "packed")
    shutil.rmtree(folder / "packed")
    summary = process(folder, folder.parent / "out")
    assert list(summary.tags) == ["cat", "dog", "owl"]
    assert left_out(summary.embedding) == {"results": (2, 0)}


def test_results_without_a_file_that_says_so_are_the_users_own(folder, classify):
    classify(folder / "sorted")
    for name in (STORE_NAME, *MARKS):
        (folder / "sorted" / name).unlink()
    assert process(folder, folder.parent / "out").embedding.images > 2


def test_results_that_are_named_are_read(folder, classify, tmp_path):
    classify(tmp_path / "sorted")
    (kind, *_) = (path for path in (tmp_path / "sorted").iterdir() if path.name.startswith("ovr-"))
    assert classify(tmp_path / "again", kind)[0] == 6
    with pytest.raises(
        NoImagesError, match=r"left out \(name it to have it read\): 2 folders of earlier results \(sorted/ovr-"
    ):
        process(tmp_path / "sorted", tmp_path / "out")


@pytest.mark.parametrize(
    ("names", "is_results"),
    [
        (["cat/0.1/a.png", "cat/1.0/b.png"], True),
        (["cat/0.1/a.png", "dog/0.2/b.png", "dog/desktop.ini"], True),
        (["pack/1.0/a.png"], False),
        (["pack/1.0/a.png", "pack/2.0/b.png"], False),
        (["cat/0.1/a.png", "cat/0.2/b.png", "cat/c.png"], False),
        (["cat/0.1/a.png", "cat/0.2/b.png", "c.png"], False),
        (["cat/0.1/a.png", "cat/0.2/b.png", "dog/red/c.png"], False),
    ],
)
@pytest.mark.parametrize("in_archive", [False, True], ids=["folder", "zip"])
def test_a_kind_that_nobody_registered_is_known_by_its_bins_alone(tmp_path, names, is_results, in_archive):
    root = tmp_path / "x" if in_archive else tmp_path / "in"
    for number, name in enumerate(names):
        written(root / "my-kind" / name, png(number))
    written(root / "owl" / "z.png", png(99))
    written(root / "output.json", b"{}")
    if in_archive:
        (tmp_path / "in").mkdir()
        shutil.make_archive(str(tmp_path / "in" / "a"), "zip", root)
    summary = process(tmp_path / "in", tmp_path / "out")
    assert left_out(summary.embedding) == ({"results": (1, 0)} if is_results else {})
    assert "owl" in summary.tags


@pytest.mark.parametrize("name", ["output", "dog", "all/results"])
def test_a_tag_folder_that_takes_the_results_is_a_tag(folder, name):
    written(folder / name / "c.png", png(3))
    expected = sorted({"cat", "dog", os.path.basename(name)})
    for _ in range(3):
        assert tags_of(folder, folder / name)[0][: len(expected)] == expected
    assert process(folder, folder / name).embedding.failure_codes == {}


def test_the_default_output_folder_is_a_tag_where_it_holds_images(folder, monkeypatch, capsys):
    written(folder / "output" / "c.png", png(3))
    monkeypatch.chdir(folder)
    for _ in range(2):
        assert cli.main(["process", "--input_folder=.", "--clip_model=builtin"]) == 0
        assert "output" in capsys.readouterr().out.split()


@pytest.mark.parametrize("name", ["out", "cat/out", "all/out", ".out", "."])
def test_an_output_folder_in_the_input_adds_no_tag_and_no_failure(folder, trained, name):
    """Nor do its working files, models and reports: the store of a run lies next to its journal."""
    shutil.copytree(trained.models, folder / name / "models")
    written(folder / name / "reports" / "reports.json", b"{}")
    for tagged in (True, False, True):
        tags, codes = tags_of(folder, folder / name, tagged_dataset=tagged)
        assert tags == ((["cat", "dog"] if name != "all/out" else ["cat", "dog", "all"]) if tagged else [])
        assert codes == []


@pytest.mark.parametrize("name", ["models", "reports", "clip-cache"])
def test_a_tag_may_be_called_like_a_folder_of_results(folder, name):
    written(folder / name / "c.png", png(3))
    assert tags_of(folder, folder) == (sorted(["cat", "dog", name]), [])
    assert tags_of(folder, folder) == (sorted(["cat", "dog", name]), [])


def test_images_next_to_results_are_read(folder, classify):
    classify(folder)
    written(folder / "ovr-svm-2" / "c.png", png(3))
    assert classify(folder) == (3, {"results": (2, 0)})


def test_a_run_that_meets_its_own_results_writes_nothing_new(folder, classify):
    classify(folder)
    before = sorted(str(path) for path in folder.rglob("*"))
    classify(folder)
    assert sorted(str(path) for path in folder.rglob("*")) == before


def test_the_file_cache_takes_no_results(folder, classify, tmp_path):
    classify(folder / "sorted")
    FileCache().add_folder_to_file_cache(folder, tmp_path / "cache")
    with closing(sqlite3.connect(tmp_path / "cache" / "file_cache.sqlite")) as cache:
        assert cache.execute("SELECT file_name FROM file_cache").fetchall() == [("a.png",), ("b.png",)]


def test_the_command_counts_earlier_results_on_the_screen(folder, classify, capsys, tmp_path):
    classify(folder / "sorted")
    flags = (f"--input_folder={folder}", f"--output_folder={tmp_path / 'out'}", "--clip_model=builtin")
    assert cli.main(["process", *flags]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "Left out: 2 folders of earlier results (sorted/ovr-logistic-regression)." in shown
    log = (tmp_path / "out" / "image-tagging.log").read_text(encoding="utf-8")
    assert f"left out 2 folders of earlier results (sorted/ovr-logistic-regression); the first: {folder}" in log


def test_folders_of_tags_are_no_input(folder, classify, tmp_path):
    classify(folder / "sorted", name_with_score=True)
    assert (folder / "sorted" / "by-tag").is_dir()
    assert tags_of(folder, tmp_path / "out") == (["cat", "dog"], [])
    assert classify(folder / "sorted") == (2, {"results": (1, 0)})
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        for name in ("out/output.json", "out/by-tag/tiles/0027_0.9973_a.png", "cat/a.png", "by-tag/0027_0.9973_b.png"):
            archive.writestr(name, png(1))
    assert tags_of(tmp_path / "z.zip", tmp_path / "out-2") == (["by-tag", "cat"], [])


def test_a_folder_of_that_name_is_a_tag_where_names_have_no_scores(folder, classify, tmp_path):
    classify(folder, name_with_score=False)
    written(folder / "by-tag" / "mine" / "c.png", png(3))
    assert "mine" in tags_of(folder, tmp_path / "out")[0]
    written(folder / "by-tag" / "mine" / "0027_0.9973_c.png", png(3))
    assert "mine" not in tags_of(folder, tmp_path / "out")[0]
