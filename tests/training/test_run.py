"""What one tag learns, and what its card tells."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from image_tagging.datasets.tagged_embeddings import TaggedEmbeddings, gather
from image_tagging.pipeline.train import leftover_warnings
from image_tagging.records import EncoderSpec, ImportedEmbedding
from image_tagging.tag_models import kind_names
from image_tagging.tag_models.files import load_tag_models, save_tag_model
from image_tagging.tag_models.models import TagModel, TagModels
from image_tagging.tag_models.scorers import LinearScorer
from image_tagging.training import learner as learning
from image_tagging.training import run as training
from image_tagging.training.described import model_card
from image_tagging.training.evaluation.thresholds import parse_aim
from image_tagging.training.evaluation.validation import validate
from image_tagging.training.learner import TagLearner, measure
from image_tagging.training.run import Training
from image_tagging.training.text_prior.prior import TextPrior
from labelled import tag_lists


def test_images_are_measured_in_parts_as_they_are_at_once(monkeypatch):
    vectors = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    data = TaggedEmbeddings(vectors, {}, np.arange(40, dtype=np.uint64), 0)
    scorers = [LinearScorer(np.array([1.0, -2.0, 0.5]), 0.1, True), LinearScorer(np.ones(3), 0.0, True)]
    models = TagModels([TagModel("cat", "ovr-logistic-regression", None, scorer) for scorer in scorers])
    rows = np.array([5, 3, 39, 0, 7, 21, 8], dtype=np.int64)
    monkeypatch.setattr(learning, "_MEASURED", 3)
    np.testing.assert_allclose(measure(models, data, rows), models.probabilities(data.embeddings[rows]), atol=1e-12)
    assert measure(models, data, rows[:0]).shape == (0, 2)


ENCODER = EncoderSpec("builtin", "test", 8, "")


def dataset(tags=5, images=30):
    """Clouds of embeddings, and a tag without any."""
    random = np.random.default_rng(0)
    vectors = random.normal(size=(tags * images, 8)) + np.repeat(random.normal(size=(tags, 8)) * 2, images, axis=0)
    names = [str(number) for number in range(len(vectors))]
    brought = (ImportedEmbedding(name, name, vector.astype(np.float32)) for name, vector in zip(names, vectors))
    lists = {f"tag {tag}": names[tag * images : (tag + 1) * images] for tag in range(tags)}
    return gather(brought, tag_lists({**lists, "nothing": ["not there"]}))


def learned(folder):
    data = dataset()
    learner = TagLearner(data, ENCODER, seed=0, aim=parse_aim("balanced"))
    reports, skipped = [], []
    for tag in Training(data, learner, test_share=0.2).run():
        skipped += [(tag.tag, tag.why_not)] if tag.why_not else []
        for model in tag.models:
            reports.append(model.report)
            save_tag_model(str(folder / "models"), tag.tag, model.report.kind, model.estimator, model.card)
    return reports, skipped, load_tag_models(str(folder / "models"))


def test_every_tag_gets_both_kinds_in_order_and_what_cannot_be_learned_is_kept_aside(tmp_path):
    reports, skipped, models = learned(tmp_path)
    assert [(report.tag, report.kind) for report in reports] == [
        (f"tag {n}", kind) for n in range(5) for kind in kind_names()
    ]
    assert min(report.average_precision for report in reports) > 0.8
    assert skipped == [("nothing", "it has no image with an embedding")]
    assert len(models) == 10


def test_what_stops_one_tag_is_told_of_it_and_its_neighbours_are_learned():
    data = dataset(tags=2, images=4)  # eight others are too few for a name alone
    prior = TextPrior({"nothing": np.eye(8)[0]})
    learner = TagLearner(data, ENCODER, seed=0, aim=parse_aim("balanced"), prior=prior)
    tags = list(Training(data, learner, test_share=0.2).run())
    assert [tag.models[0].report.tag for tag in tags if tag.models] == ["tag 0", "tag 1"]
    ((tag, reason),) = [(tag.tag, tag.why_not) for tag in tags if tag.why_not]
    assert tag == "nothing"
    assert reason.startswith("there are only 8 images without the tag")
    assert not reason.endswith(".")


def test_what_is_learned_does_not_depend_on_the_threads(tmp_path, monkeypatch):
    reports, _, _ = learned(tmp_path / "many")
    monkeypatch.setattr(training, "_MOST_THREADS", 1)
    again, _, _ = learned(tmp_path / "one")
    assert again == reports
    for path in (tmp_path / "many" / "models").glob("*.pkl"):
        assert (tmp_path / "one" / "models" / path.name).read_bytes() == path.read_bytes()


def test_a_folder_that_holds_this_training_alone_needs_no_warning(tmp_path):
    reports, _, _ = learned(tmp_path)
    models = str(tmp_path / "models")
    assert leftover_warnings(models, reports) == ()
    (warning,) = leftover_warnings(models, [report for report in reports if report.tag != "tag 4"])
    assert "other tags (tag 4)" in warning


def test_the_card_tells_where_a_model_comes_from():
    report = validate(
        kind="ovr-svm",
        tag="cat",
        training_tag=9,
        training_other=18,
        probabilities=[0.9, 0.2, 0.6],
        is_tag=[True, False, False],
        marks=("rough: 1 measured",),
    )
    card = json.loads(json.dumps(model_card(report, EncoderSpec("ViT-B-32", "openai", 512, "clip-224"), 3)))
    assert card["encoder"] == {"name": "ViT-B-32", "pretrained": "openai", "dim": 512, "preprocess": "clip-224"}
    assert card["training_images"] == {"tag": 9, "other": 18}
    assert card["validation_images"] == {"tag": 1, "other": 2}
    assert card["validation"]["balanced_accuracy"] == 0.75
    assert (card["threshold"], card["marks"], card["seed"]) == (0.5, ["rough: 1 measured"], 3)


@pytest.mark.parametrize(
    ("tag", "reason"),
    [
        ("", "its name is empty; give it one in the tag lists"),
        ("q" * 10_000, "its name is too long for that of a file; rename its folder"),
        ("\U0001f600" * 100, "its name is too long for that of a file; rename its folder"),
        (".", ""),
        ("...", ""),
        ("   ", ""),
        ("\0", ""),
        ("/", ""),
        ("\u202e\x1b[2J\n", ""),
        ("\ud800", ""),
    ],
    ids=["empty", "long", "emoji", "dot", "dots", "spaces", "NUL", "slash", "marks", "half a character"],
)
def test_a_tag_that_cannot_be_learned_costs_itself_alone(tmp_path, tag, reason):
    data = dataset()
    rows = {tag: data.rows["tag 0"], "tag 1": data.rows["tag 1"]}
    learner = TagLearner(replace(data, rows=rows), ENCODER, seed=0, aim=parse_aim("balanced"))
    found = {each.tag: each for each in Training(replace(data, rows=rows), learner, test_share=0.2).run()}
    assert found[tag].why_not == reason
    assert len(found["tag 1"].models) == 2
    for model in found[tag].models:
        save_tag_model(str(tmp_path), tag, model.report.kind, model.estimator, model.card)
    if not reason:
        assert {name for _, name in load_tag_models(str(tmp_path)).names} == {tag}
