"""The answers of stages 3 and 4: one per tag, from scores and from what cards say of the mountain."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from image_tagging import ClassifyConfig, classify_images
from image_tagging.exporters import TagFolder, read_results
from image_tagging.pipeline.answers import tag_answers
from image_tagging.reports.mountain_words import prevalence_in_words
from image_tagging.tag_models import AnswerTally, ModelCard, MountainFigures, TagModel, TagModels
from image_tagging.tag_models.scorers import LinearScorer
from image_tagging.training.mountain.figures import MOSTLY_TAG

MOUNTAIN = {
    "pictures": 1000,
    "prevalence": 0.1,
    "prevalence_interval": [0.05, 0.3],
    "average_precision": 0.8,
    "precision": 0.9,
    "recall": 0.7,
    "f1": 0.8,
    "tagged": 90,
    "expected_right": 81.0,
    "warnings": [],
}
LR, SVM = "ovr-logistic-regression", "ovr-svm"


@pytest.fixture
def models(trained, tmp_path):
    """The models of three tags, whose cards may be changed: ``change(kind, tag, **content)``."""
    folder = tmp_path / "models"
    shutil.copytree(trained.models, folder)

    def change(kind, tag, **content):
        path = folder / f"model-{kind}-tag-{tag}.json"
        path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **content}), encoding="utf-8")

    change.folder = folder
    return change


def classify(trained, models, tmp_path):
    config = ClassifyConfig(
        directory=str(trained.images), output=str(tmp_path / "out"), model=str(models.folder), place="none"
    )
    return classify_images(config)


def scores(tmp_path, kind, tag):
    """The probabilities of all pictures, by the kind and the tag."""
    pictures = read_results(str(tmp_path / "out" / "output.json"))
    return [one.probability for each in pictures for one in each.scores if (one.kind, one.tag) == (kind, tag)]


def test_without_a_background_answers_only_count_what_is_tagged(trained, models, tmp_path):
    for kind, precision in ((LR, 0.5), (SVM, 0.9)):
        models(kind, "tiles", cross_validation={"average_precision": precision}, threshold=0.5)
    summary = classify(trained, models, tmp_path)
    assert [answer.tag for answer in summary.answers] == ["isometric", "sprites", "tiles"]
    (tiles,) = (answer for answer in summary.answers if answer.tag == "tiles")
    assert (tiles.kind, tiles.folder.replace("\\", "/")) == (SVM, "ovr-svm/tiles")
    assert tiles.tagged == sum(score >= 0.5 for score in scores(tmp_path, SVM, "tiles"))
    assert (tiles.expected, tiles.interval, tiles.right, tiles.warnings) == (None, None, None, ())


def test_with_a_background_they_add_up_probabilities(trained, models, tmp_path):
    models(LR, "tiles", mountain=MOUNTAIN, threshold=0.4)
    models(SVM, "tiles", mountain={**MOUNTAIN, "average_precision": 0.7})
    tiles = classify(trained, models, tmp_path).answers[2]
    found = scores(tmp_path, LR, "tiles")
    assert tiles.kind == LR
    assert tiles.expected == pytest.approx(sum(found))
    assert tiles.interval == pytest.approx((sum(found) / 2, min(sum(found) * 3, len(found))))
    assert tiles.right == pytest.approx(sum(score for score in found if score >= 0.4))


def test_no_more_pictures_may_have_a_tag_than_there_are(trained, models, tmp_path):
    models(LR, "tiles", mountain={**MOUNTAIN, "prevalence": 0.0003, "prevalence_interval": [0.0001, 1.0]})
    models(SVM, "tiles", mountain={**MOUNTAIN, "average_precision": 0.7})
    summary = classify(trained, models, tmp_path)
    found = scores(tmp_path, LR, "tiles")
    assert summary.answers[2].interval == pytest.approx((sum(found) / 3, summary.embedding.pictures))


def test_a_warning_takes_the_number_of_right_ones_back(trained, models, tmp_path):
    for kind in (LR, SVM):
        models(kind, "tiles", mountain={**MOUNTAIN, "prevalence": None, "warnings": ["too few examples"]})
    tiles = classify(trained, models, tmp_path).answers[2]
    assert (tiles.right, tiles.interval, tiles.warnings) == (None, None, ("too few examples",))
    assert tiles.expected is None


def nowhere(kind, tag):
    """No image of any tag is placed."""
    return TagFolder(f"{kind}/{tag}", 0, "")


def test_of_the_mountain_itself_as_many_have_a_tag_as_the_reports_say():
    filled = {**MOUNTAIN, "prevalence": 0.9, "prevalence_interval": [0.6, 1.0], "warnings": [MOSTLY_TAG]}
    figures = MountainFigures.read(filled)
    card = ModelCard("abc", None, 0.5, None, None, None, None, None, None, None, (), mountain=figures)
    tally = AnswerTally(
        TagModels([TagModel("cat", LR, None, LinearScorer(np.array([1.0]), 0.0, normalise=False), 0.5, card=card)])
    )
    tally.add(np.full((200, 1), 0.4), np.ones((200, 1), np.float32))
    (answer,) = tag_answers(tally, nowhere, is_mountain=True)
    assert (answer.expected, answer.interval) == (180, pytest.approx((120, 200)))
    assert prevalence_in_words(figures, 200) == "about 90 % of the mountain, some 180 pictures (120 to 200)"
    (answer,) = tag_answers(tally, nowhere)
    assert answer.expected == pytest.approx(80)


def test_files_with_and_without_a_tag_are_counted_by_the_answers(trained, models, tmp_path):
    for tag in ("isometric", "sprites", "tiles"):
        models(LR, tag, cross_validation={"average_precision": 0.9}, threshold=1.0)
        models(SVM, tag, cross_validation={"average_precision": 0.5}, threshold=0.0)
    summary = classify(trained, models, tmp_path)
    assert (summary.tagged, summary.untagged, summary.with_tag) == (0, 24, 0)
    models(SVM, "tiles", cross_validation={"average_precision": 1.0}, threshold=0.0)
    summary = classify(trained, models, tmp_path)
    assert (summary.tagged, summary.untagged, summary.with_tag) == (24, 0, summary.embedding.pictures)
