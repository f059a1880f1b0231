"""The report of a training: for programs, and as a page with the images that are worth a look."""

from __future__ import annotations

import dataclasses
import json
import os
from collections import deque

import numpy as np
import pytest

import report_runs
from image_tagging.addresses import ImageRef
from image_tagging.datasets import Background, NotedImages
from image_tagging.datasets.audit.audit import Advice
from image_tagging.datasets.splits import Splitter
from image_tagging.datasets.tagged_embeddings import TaggedEmbeddings, gather
from image_tagging.errors import OutputError
from image_tagging.images.decode import content_hash
from image_tagging.records import EncoderSpec, ImportedEmbedding
from image_tagging.reports.run import RunReport
from image_tagging.training.described import LearnedModel
from image_tagging.training.evaluation.thresholds import parse_aim
from image_tagging.training.learner import TagLearner
from labelled import tag_lists

DIM = 8
ENCODER = EncoderSpec("builtin", "test", DIM, "")
AIM = parse_aim("f1")
HOSTILE = "</script><b>\u2028\u202e"
SHOWN = ("surest", "at_threshold", "just_below")
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


def noted(images):
    notes = NotedImages()
    deque(notes.of(images), maxlen=0)
    return notes


def written(images, folder):
    hashes = [image.hash_id for image in images]
    data = gather(iter(images), tag_lists({HOSTILE: hashes[:20], "tiles": hashes[20:]}))
    learner, splitter = TagLearner(data, ENCODER, seed=0, aim=AIM), Splitter(data, test_share=0.1, seed=0)
    report = RunReport(data, ENCODER, seed=0, aim=AIM)
    for tag in data.tags:
        for model in learner.learn(tag, splitter.split(tag)):
            report.add(model)
    return report.write(str(folder), noted(images), ADVICE, [("rare", "it has no image")])


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


def learned_model(entry, examples, on_mountain=None):
    """A model as the report of a run takes it; what is written elsewhere of it is left out."""
    return LearnedModel(None, None, {}, entry, examples, on_mountain or {})


def report_of(images, tags, folder, sort="hits"):
    """The report of a run in which each tag has one model, and each model shows all images as one sort of example."""
    rows = {tag: np.arange(len(images)) for tag in tags}
    x = np.stack([image.embedding for image in images])
    report = RunReport(TaggedEmbeddings(x, rows, np.arange(len(images), dtype=np.uint64), 0), ENCODER, seed=0, aim=AIM)
    nothing = {"hits": [], "misses": [], "label_errors": []}
    for tag in tags:
        confused = [{"tag": other, "images": 1} for other in tags[:2]]
        entry = {"tag": tag, "kind": "ovr-svm", "confused_with": confused}
        shown = {**nothing, sort: [(row, 0.5) for row in range(len(images))]}
        report.add(learned_model(report_runs.model(**entry, mountain=None), shown))
    advice = (Advice("few-images", (), tuple(range(len(images)))[:6], "look"),)
    report.write(str(folder), noted(images), advice, ())
    return json.loads((folder / "reports.json").read_text(encoding="utf-8"))


def unread(*paths):
    return [ImportedEmbedding(f"h{row}", path, np.ones(DIM, np.float32)) for row, path in enumerate(paths)]


@pytest.mark.parametrize(
    "path", ["/in/" + "x" * 60_000 + ".png", "/in/" + "d/" * 30_000 + "1.png", "a.zip/" * 10_000 + "\ud83d" * 5000]
)
def test_names_of_any_length_make_no_large_report(tmp_path, path):
    tags = [f"tag {number}" for number in range(40)] + ["t" * 60_000]
    run = report_of(unread(*[path] * 6), tags, tmp_path)
    example = run["models"][39]["hits"][0]
    assert len(run["advice"][0]["images"][0]) == len(example["file_path"]) == 4096
    assert len(example["file_name"]) <= 255
    assert len(example["tags"]) == 20
    assert example["tags"][-1] == "tag 39"
    assert max(os.path.getsize(tmp_path / name) for name in ("reports.json", "index.html")) < 5e6


def test_names_of_ordinary_length_are_told_as_they_are(tmp_path):
    paths = "/in/" + "x" * 251 + ".png", "/" + "d/" * 2045 + "1.png"
    tags = [f"{number:02}" + "t" * 200 for number in range(20)]
    run = report_of(unread(*paths), tags, tmp_path)
    assert run["advice"][0]["images"] == list(paths)
    for each in run["models"]:
        assert [hit["file_path"] for hit in each["hits"]] == list(paths)
        assert [hit["file_name"] for hit in each["hits"]] == [os.path.basename(path) for path in paths]
        assert [hit["tags"] for hit in each["hits"]] == [tags, tags]
        assert [other["tag"] for other in each["confused_with"]] == tags[:2]


@pytest.mark.parametrize("path", ["/in/\ud83d.png", "\ud800", "/in/\0.png", "\udfff/1.png"])
def test_names_that_no_file_can_have_are_written_all_the_same(tmp_path, path):
    run = report_of(unread(path), ["tag"], tmp_path)
    assert run["models"][0]["hits"][0]["file_path"] == path.encode("utf-8", "backslashreplace").decode()


def report_with_background(images, background, folder):
    """The report of a run of one model that shows the pictures of a background by their rows."""
    x = np.stack([image.embedding for image in images])
    data = TaggedEmbeddings(x, {"tag": np.arange(1)}, np.arange(len(images), dtype=np.uint64), 0)
    report = RunReport(data, ENCODER, seed=0, aim=AIM, background=background)
    shown = {"surest": [(1, 0.9), (0, 0.8)], "at_threshold": [(0, 0.8)], "just_below": [(2, 0.1)]}
    figures = {name: value for name, value in report_runs.mountain().items() if name not in shown}
    entry = report_runs.model("tag", mountain=figures)
    report.add(learned_model(entry, {"hits": [(0, 0.5)], "misses": [], "label_errors": []}, shown))
    report.write(str(folder), noted(images), (), ())
    return json.loads((folder / "reports.json").read_text(encoding="utf-8"))


def background_of(images):
    return Background(np.stack([image.embedding for image in images]), tuple(images), 7, 4)


def test_pictures_of_the_mountain_are_told_of_by_their_rows_in_the_background(tmp_path):
    mountain = unread("/m/0.png", "/m/1.png", "/m/2.png")
    run = report_with_background(unread("/in/0.png", "/in/1.png"), background_of(mountain), tmp_path)
    assert run["mountain"] == {"pictures": 3, "read": 7}
    of_model = run["models"][0]["mountain"]
    told = {sort: [(each["file_path"], each["probability"]) for each in of_model[sort]] for sort in SHOWN}
    assert told == {
        "surest": [("/m/1.png", 0.9), ("/m/0.png", 0.8)],
        "at_threshold": [("/m/0.png", 0.8)],
        "just_below": [("/m/2.png", 0.1)],
    }
    assert run["models"][0]["hits"][0]["file_path"] == "/in/0.png"
    assert (of_model["tagged"], of_model["prevalence_interval"]) == (121, [0.0046, 0.013])


def test_the_page_shows_pictures_of_the_mountain(images, tmp_path):
    report_with_background(unread("/in/0.png"), background_of(images[:3]), tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 3


def test_a_path_of_an_example_and_of_the_mountain_shows_no_picture(images, tmp_path):
    """Nothing says which of the two is there."""
    claimed = dataclasses.replace(images[0], hash_id="another")
    report_with_background([images[0]], background_of([claimed, *images[1:3]]), tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 2


@pytest.mark.parametrize("path", ["/m/" + "x" * 60_000 + ".png", "/m/\ud83d.png", "</script><b>"])
def test_odd_names_on_the_mountain_make_no_large_or_broken_report(tmp_path, path):
    run = report_with_background(unread("/in/0.png"), background_of(unread(path, "/m/1", "/m/2")), tmp_path)
    assert len(run["models"][0]["mountain"]["surest"][1]["file_path"]) <= 4096
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "</script><b>" not in page
    assert len(page) < 1e6
