"""The report of a training: for programs, and as a page with the images that are worth a look."""

from __future__ import annotations

import dataclasses
import json
import os

import numpy as np
import pytest

from image_tagging.datasets.audit.audit import Advice
from image_tagging.datasets.splits import Splitter
from image_tagging.datasets.tagged_embeddings import gather
from image_tagging.errors import OutputError
from image_tagging.images.decode import content_hash
from image_tagging.records import EncoderSpec, ImageRef, ImportedEmbedding
from image_tagging.reports.run import RunReport
from image_tagging.training.evaluation.thresholds import parse_aim
from image_tagging.training.learner import TagLearner
from labelled import tag_lists

DIM = 8
ENCODER = EncoderSpec("builtin", "test", DIM, "")
AIM = parse_aim("f1")
HOSTILE = "</script><b>\u2028\u202e"
ADVICE = (Advice("few-images", (HOSTILE,), (0, 1), "look at these"),)


@pytest.fixture
def images(drawing, tmp_path):
    """Forty drawn images of two tags, one of a hostile name, with embeddings; the last is not there."""
    random = np.random.default_rng(0)
    brought = []
    for number in range(40):
        kind = "sprites" if number < 20 else "tiles"
        path = drawing(tmp_path / "in" / kind / f"{number}.png", kind, number)
        vector = random.normal(size=DIM) + (2 if number < 20 else 0)
        hash_id = content_hash(path.read_bytes())
        brought.append(ImportedEmbedding(hash_id, str(path), vector.astype(np.float32)))
    os.unlink(brought[-1].file_path)
    return brought


def written(images, folder):
    hashes = [image.hash_id for image in images]
    data = gather(iter(images), tag_lists({HOSTILE: hashes[:20], "tiles": hashes[20:]}))
    learner, splitter = TagLearner(data, ENCODER, seed=0, aim=AIM), Splitter(data, test_share=0.1, seed=0)
    report = RunReport(data, ENCODER, seed=0, aim=AIM)
    for tag in data.tags:
        for model in learner.learn(tag, splitter.split(tag)):
            report.add(model.entry, model.examples)
    return report.write(str(folder), iter(images), ADVICE, [("rare", "it has no image")])


@pytest.mark.slow
def test_programs_are_told_of_every_model_and_its_images(images, tmp_path):
    file, _ = written(images, tmp_path / "reports")
    run = json.loads((tmp_path / "reports" / "reports.json").read_text(encoding="utf-8"))
    assert file == str(tmp_path / "reports" / "reports.json")
    assert (run["images"], run["threshold_for"], run["version"]) == (40, "f1", 1)
    assert run["skipped"] == [{"tag": "rare", "reason": "it has no image"}]
    assert run["advice"][0]["images"] == [images[0].file_path, images[1].file_path]
    assert [(each["tag"], each["kind"][4:7]) for each in run["models"]] == [
        (tag, kind) for tag in (HOSTILE, "tiles") for kind in ("log", "svm")
    ]
    paths = {image.file_path for image in images}
    for model in run["models"]:
        assert model["hits"]
        for hit in model["hits"]:
            assert hit["file_path"] in paths
            assert hit["file_name"] == os.path.basename(hit["file_path"])
            assert hit["tags"] == [model["tag"]]
            assert 0 <= hit["probability"] <= 1


@pytest.mark.slow
def test_the_page_holds_the_pictures_and_no_markup_of_strangers(images, tmp_path):
    _, page = written(images, tmp_path / "reports")
    text = (tmp_path / "reports" / "index.html").read_text(encoding="utf-8")
    assert page == str(tmp_path / "reports" / "index.html")
    assert "data:image/png;base64," in text
    assert "<b>\u2028" not in text
    assert "\u2028" not in text


def test_pictures_that_share_a_path_are_not_taken_for_each_other(images, tmp_path):
    one = [
        dataclasses.replace(image, file_path="/a.zip/b.zip/1.png", address=ImageRef(image.file_path))
        for image in images
    ]
    written(one, tmp_path / "reports")
    assert "data:image/png;base64," not in (tmp_path / "reports" / "index.html").read_text(encoding="utf-8")
    apart = [dataclasses.replace(image, file_path=f"/a.zip/{image.hash_id}", address=image.address) for image in one]
    written(apart, tmp_path / "reports")
    assert "data:image/png;base64," in (tmp_path / "reports" / "index.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_same_training_is_told_in_the_same_words(images, tmp_path):
    files = []
    for name in ("one", "two"):
        written(images, tmp_path / name)
        files.append(json.loads((tmp_path / name / "reports.json").read_text(encoding="utf-8")))
    assert {**files[0], "created": ""} == {**files[1], "created": ""}


def test_names_that_are_no_text_are_written_all_the_same(images, tmp_path):
    odd = [ImportedEmbedding(image.hash_id, image.file_path + "\udcff", image.embedding) for image in images]
    written(odd, tmp_path / "reports")
    assert json.loads((tmp_path / "reports" / "reports.json").read_bytes().decode("utf-8"))["models"]


def test_a_folder_that_cannot_be_written_is_told_of(images, tmp_path):
    (tmp_path / "reports").write_text("a file")
    with pytest.raises(OutputError):
        written(images, tmp_path / "reports")
