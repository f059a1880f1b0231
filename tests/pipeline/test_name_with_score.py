"""Folders that a person can use: one per tag, the best first, without the examples, and no more than fits the disk."""

from __future__ import annotations

import json
import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from image_tagging import ClassifyConfig, ProcessConfig, classify_images, process_dataset
from image_tagging.datasets import HASH_TO_TAGS
from image_tagging.errors import MetadataError, OutputError
from image_tagging.exporters import read_results
from image_tagging.tag_models import answering_kinds, load_tag_models
from samples import png, written, zipped

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def mountain(tmp_path, trained):
    """Three examples of the trained tags, and drawings that are none."""
    folder = tmp_path / "mountain"
    folder.mkdir()
    for tag in ("isometric", "sprites", "tiles"):
        shutil.copy(trained.images / tag / f"{tag}-0.png", folder / f"known-{tag}.png")
    for number in range(3):
        written(folder / f"new-{number}.png", png(number))
    return folder


@pytest.fixture
def output(tmp_path, trained):
    """An output folder with the models and the tag lists of the examples."""
    return Path(shutil.copytree(trained.output, tmp_path / "output"))


@pytest.fixture
def classify(mountain, output):
    """``classify(…)`` runs stage 3 over the mountain, and keeps what was said."""

    def run(**settings):
        run.said = []
        settings = {"directory": str(mountain), "output": str(output), "model": str(output / "models"), **settings}
        return classify_images(ClassifyConfig(**settings), say=run.said.append)

    return run


def files(folder):
    return {path.relative_to(folder).as_posix() for path in (folder).rglob("*.png")}


def entries(output):
    found = json.loads((output / "output.json").read_text(encoding="utf-8")).values()
    return {os.path.basename(entry["file_path"]): entry for entry in found}


def test_each_tag_has_one_folder_with_the_score_of_its_answer(classify, output):
    summary = classify(name_with_score=True)
    kinds = answering_kinds(load_tag_models(output / "models").models)
    scores = {
        (entry["file_path"], score["tag_name"]): score["tag_prob"]
        for entry in entries(output).values()
        for score in entry["classifiers_output"]
        if kinds[score["tag_name"]] == score["model_type"] and "example_of" not in entry
    }
    named = {
        f"by-tag/{tag}/{10000 - round(p * 10000):04}_{p:.4f}_{os.path.basename(f)}" for (f, tag), p in scores.items()
    }
    assert files(output) == named
    assert [(answer.folder, answer.placed, answer.best) for answer in summary.answers] == [
        (f"by-tag/{tag}", 3, f"by-tag/{tag}") for tag in ("isometric", "sprites", "tiles")
    ]


def test_examples_are_marked_and_not_placed_again(classify, output):
    summary = classify(name_with_score=True)
    assert summary.examples == 3
    assert not [name for name in files(output) if "known" in name]
    marked = {name: entry.get("example_of") for name, entry in entries(output).items()}
    assert marked == {
        **{f"known-{tag}.png": [tag] for tag in ("isometric", "sprites", "tiles")},
        **{f"new-{number}.png": None for number in range(3)},
    }
    read = {os.path.basename(each.file_paths[0]): each.example_of for each in read_results(output / "output.json")}
    assert (read["known-tiles.png"], read["new-0.png"]) == (("tiles",), ())


def test_bins_hold_the_examples_too(classify, output):
    summary = classify()
    assert summary.examples == 3
    assert len([name for name in files(output) if "known" in name]) == 3 * 6
    assert entries(output)["known-tiles.png"]["example_of"] == ["tiles"]


def test_without_examples_the_results_are_as_they_were(classify, output):
    classify()
    with_examples = (output / "output.json").read_bytes()
    (output / HASH_TO_TAGS).unlink()
    assert classify().examples == 0
    plain = [{key: each[key] for key in each if key != "example_of"} for each in json.loads(with_examples).values()]
    assert list(json.loads((output / "output.json").read_text(encoding="utf-8")).values()) == plain


def test_a_picture_that_shares_its_hash_with_an_example_is_no_example(classify, output, mountain, tmp_path):
    """A palette swap: the tag lists do not say which of the two is the example."""
    from PIL import Image

    for folder, colour in ((tmp_path / "swapped" / "tiles", (255, 0, 0)), (mountain, (0, 0, 255))):
        folder.mkdir(parents=True, exist_ok=True)
        picture = Image.new("P", (9, 7))
        picture.putpalette([0, 0, 0, *colour])
        picture.putdata([number % 2 for number in range(63)])
        picture.save(folder / "swap.png")
    process_dataset(
        ProcessConfig(input_folder=str(tmp_path / "swapped"), output_folder=str(output), clip_model="builtin")
    )
    assert classify(name_with_score=True).examples == 3  # those of the other input
    assert "example_of" not in entries(output)["swap.png"]


def test_a_second_run_says_nothing_and_changes_nothing(classify, output):
    classify(name_with_score=True)
    assert classify.said == [f"Placing 9 files, {_size(output)}, in {output / 'by-tag'}"]
    before = {path: os.stat(output / path).st_mtime_ns for path in files(output)}
    summary = classify(name_with_score=True)
    assert classify.said == []
    assert (summary.moved, summary.removed, summary.stayed, summary.mixed_bins) == (0, 0, 0, False)
    assert {path: os.stat(output / path).st_mtime_ns for path in files(output)} == before


def _size(output):
    size = sum(os.path.getsize(output / path) for path in files(output))
    return f"{size / 1000:.1f} kB" if size < 9950 else f"{size / 1000:.0f} kB"


def test_files_follow_from_bins_to_folders_of_tags_and_back(classify, output):
    classify()
    bins = files(output)
    summary = classify(name_with_score=True)
    assert (summary.moved + summary.removed, summary.stayed, summary.mixed_bins) == (len(bins), 0, False)
    assert all(name.startswith("by-tag/") for name in files(output))
    assert not (output / "ovr-svm").exists()
    summary = classify()
    assert files(output) == bins
    assert (summary.stayed, summary.mixed_bins) == (0, False)


def test_an_image_of_an_archive_is_placed_by_tag(classify, output, tmp_path):
    written(tmp_path / "z.zip", zipped({"a/one.png": png(7), "b/one.png": png(8)}))
    for _ in range(2):
        classify(name_with_score=True, directory=str(tmp_path / "z.zip"), archives=True)
        assert len(files(output)) == 6


def test_a_small_disk_is_refused_before_any_result_is_written(classify, output, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 1000))
    with pytest.raises(OutputError, match=r"cannot place 36 files in .*1\.0 kB are free.*--placed tagged"):
        classify()
    assert not {"output.json", "stage3.db", "ovr-svm", "by-tag"} & set(os.listdir(output))
    assert classify.said == []
    assert classify(place="none").answers
    assert classify(place="symlink").answers
    monkeypatch.undo()
    summary = classify()
    assert (summary.plan.files, summary.stayed, summary.mixed_bins) == (0, 0, False)


def test_a_damaged_tag_list_is_refused_in_one_line(classify, output):
    for content in ("{", '{"a": "cat"}', '{"a": [1]}'):
        (output / HASH_TO_TAGS).write_text(content, encoding="utf-8")
        with pytest.raises(MetadataError, match=HASH_TO_TAGS) as error:
            classify()
        assert "\n" not in str(error.value)
        assert not (output / "output.json").exists()


def test_the_scores_of_a_few_images_are_in_the_summary(classify, mountain):
    assert classify(place="none").few == ()
    for name in ("new-0.png", "new-1.png"):
        (mountain / name).unlink()
    few = classify(place="none").few
    assert [os.path.basename(image.path) for image in few] == [
        *(f"known-{tag}.png" for tag in ("isometric", "sprites", "tiles")),
        "new-2.png",
    ]
    for image in few:
        assert [score.tag for score in image.scores] != []
        assert list(image.scores) == sorted(image.scores, key=lambda score: -score.probability)
    assert [image.scores[0].tag for image in few[:3]] == ["isometric", "sprites", "tiles"]
    assert [image.scores[0].tagged for image in few[:3]] == [True, True, True]
