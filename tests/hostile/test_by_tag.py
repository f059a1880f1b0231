"""Folders of tags where something is in their way: others' files, links, tags and kinds of their own name."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from image_tagging import ClassifyConfig, ProcessConfig, TrainConfig, classify_images, process_dataset, train_tag_models
from image_tagging.errors import OutputError
from image_tagging.tag_models.names import parse_model_name
from samples import png, written


@pytest.fixture
def classify(tmp_path, trained):
    """``classify(…)`` places two drawings by tag."""
    for number in range(2):
        written(tmp_path / "in" / f"{number}.png", png(number))

    def run(**settings):
        settings = {"directory": str(tmp_path / "in"), "output": str(tmp_path / "out"), **settings}
        return classify_images(ClassifyConfig(model=str(trained.models), name_with_score=True, **settings))

    return run


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file())


def test_what_others_keep_in_the_folder_stays(classify, tmp_path):
    theirs = Path(written(tmp_path / "out" / "by-tag" / "tiles" / "mine.png", b"mine"))
    written(tmp_path / "out" / "by-tag" / "notes.txt", b"notes")
    for _ in range(2):
        classify()
    classify(placed="tagged")
    assert theirs.read_bytes() == b"mine"
    assert (tmp_path / "out" / "by-tag" / "notes.txt").exists()


def test_a_file_in_place_of_the_folder_is_named_in_one_line(classify, tmp_path):
    written(tmp_path / "out" / "by-tag", b"mine")
    with pytest.raises(OutputError, match="by-tag") as error:
        classify()
    assert "\n" not in str(error.value)
    assert (tmp_path / "out" / "by-tag").read_bytes() == b"mine"
    assert not (tmp_path / "out" / "output.json").exists()


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
@pytest.mark.parametrize("level", ["by-tag", "by-tag/tiles"])
def test_no_image_is_placed_through_a_link(classify, tmp_path, level):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    link = tmp_path / "out" / level
    link.parent.mkdir(parents=True)
    link.symlink_to(theirs)
    with pytest.raises(OutputError, match="is a link that leads out of"):
        classify()
    assert names(theirs) == []


@pytest.mark.skipif(sys.platform == "win32" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_folder_that_may_not_be_written_is_named(classify, tmp_path):
    folder = tmp_path / "out" / "by-tag"
    folder.mkdir(parents=True)
    folder.chmod(0o500)
    with pytest.raises(OutputError, match="by-tag"):
        classify()


def test_no_kind_is_called_like_the_folder():
    assert parse_model_name("model-BY-TAG-tag-cat.pkl") is None
    assert parse_model_name("model-ovr-svm-tag-by-tag.pkl") == ("ovr-svm", "by-tag")


def test_a_tag_may_be_called_by_tag(tmp_path, trained):
    examples = Path(shutil.copytree(trained.images, tmp_path / "examples"))
    (examples / "tiles").rename(examples / "by-tag")
    out = tmp_path / "out"
    process_dataset(ProcessConfig(input_folder=str(examples), output_folder=str(out), clip_model="builtin"))
    lists = out / "input-tag-to-image-hash-list.json"
    train_tag_models(
        TrainConfig(metadata_json=str(out / "input-metadata.json"), tag_to_hash_json=str(lists), output=str(out))
    )
    written(tmp_path / "in" / "0.png", png(0))
    config = {"directory": str(tmp_path / "in"), "output": str(out), "model": str(out / "models")}
    for by_tag in (True, False, True):
        summary = classify_images(ClassifyConfig(name_with_score=by_tag, **config))
        assert (summary.stayed, summary.mixed_bins) == (0, False)
    assert sorted(os.listdir(out / "by-tag")) == ["by-tag", "isometric", "sprites"]
    assert len(names(out / "by-tag")) == 3


def test_a_long_tag_and_a_long_name_are_shortened(tmp_path, trained):
    models = Path(shutil.copytree(trained.models, tmp_path / "models"))
    written(tmp_path / "in" / ("猫" * 80 + ".png"), png(0))
    config = {"directory": str(tmp_path / "in"), "output": str(tmp_path / "out"), "model": str(models)}
    for _ in range(2):
        summary = classify_images(ClassifyConfig(name_with_score=True, **config))
        assert summary.place_failed == 0
        placed = names(tmp_path / "out" / "by-tag")
        assert len(placed) == 3
        assert all(len(os.fsencode(os.path.basename(name))) <= 255 and name.endswith(".png") for name in placed)
