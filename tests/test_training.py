"""What one tag learns, and what its card tells."""

from __future__ import annotations

import json

import numpy as np

from image_tagging import training
from image_tagging.classifiers import TagModel
from image_tagging.records import EncoderSpec
from image_tagging.reports import validate
from image_tagging.scorers import LinearScorer
from image_tagging.splits import TaggedEmbeddings
from image_tagging.training import measure, model_card


def test_images_are_measured_in_parts_as_they_are_at_once(monkeypatch):
    data = TaggedEmbeddings(np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32), {}, 0)
    model = TagModel("cat", "ovr-logistic-regression", None, LinearScorer(np.array([1.0, -2.0, 0.5]), 0.1, True))
    rows = np.array([5, 3, 39, 0, 7, 21, 8], dtype=np.int64)
    monkeypatch.setattr(training, "_MEASURED", 3)
    np.testing.assert_allclose(measure(model, data, rows), model.probabilities(data.embeddings[rows]), atol=1e-12)
    assert measure(model, data, rows[:0]).shape == (0,)


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
