"""Scores of pictures stay arrays, and are what the models say; some of them are written, or all."""

from __future__ import annotations

import json

import numpy as np
import pytest

from image_tagging.addresses import ImageRef
from image_tagging.exporters import Scoring
from image_tagging.tag_models import AnswerTally, TagModel, TagModels
from image_tagging.tag_models.scorers import LinearScorer
from scored import ENCODER, record


def model(tag, kind, *coef, threshold=0.5):
    scorer = LinearScorer(np.array(coef, float), 0.0, normalise=False)
    return TagModel(tag, kind, ENCODER, scorer, threshold)


def test_scores_come_in_the_order_of_the_models_for_every_picture():
    models = TagModels([model("cat", "lr", 5, 0), model("dog", "lr", 0, 5), model("cat", "svm", 0, 0)])
    pictures = [record(ImageRef(f"{n}.png"), str(n), (np.sin(n), np.cos(n))) for n in range(1200)]
    scored = list(Scoring(models, 10).pictures(iter(pictures), AnswerTally(models)))
    assert [one.hash_id for one, _, _ in scored] == [str(n) for n in range(1200)]
    expected = models.probabilities(np.stack([one.embedding for one in pictures]))
    np.testing.assert_allclose(
        [[score.probability for score in scores] for _, scores, _ in scored], expected, atol=1e-12
    )
    for _, scores, _ in scored:
        assert [(score.kind, score.tag) for score in scores] == models.names
        for score in scores:
            assert (score.bin - 1) / 10 < score.probability <= score.bin / 10


def test_a_picture_counts_as_tagged_from_the_threshold_of_each_model_up():
    models = TagModels(
        [
            model("cat", "lr", 0, 0),
            model("dog", "lr", 0, 0, threshold=0.51),
            model("cow", "svm", 1, 0, threshold=0.0),
            model("owl", "svm", 1, 0, threshold=1.0),
        ]
    )
    picture = record(ImageRef("1.png"), "1", (-1000.0, 0.0))
    ((_, scores, has_tag),) = Scoring(models, 10).pictures(iter([picture]), AnswerTally(models))
    assert has_tag is True
    assert [(score.tag, score.tagged) for score in scores] == [
        *(("cat", True), ("dog", False)),  # both 0.5
        *(("cow", True), ("owl", False)),  # both 0.0
    ]
    assert [score.bin for score in scores] == [5, 5, 1, 1]
    assert all(type(score.tagged) is bool for score in scores)


def test_no_picture_gives_no_score():
    models = TagModels([model("cat", "lr", 1, 1)])
    assert list(Scoring(models, 10).pictures(iter([]), AnswerTally(models))) == []


def test_a_picture_has_a_tag_by_the_kind_that_answers_alone():
    picture = record(ImageRef("1.png"), "1", (1.0, 0.0))
    for thresholds, expected in (((0.9, 0.1), False), ((0.1, 0.9), True)):
        one, other = (model("cat", kind, 0, 0, threshold=at) for kind, at in zip(("lr", "svm"), thresholds))
        models = TagModels([one, other])
        ((_, scores, has_tag),) = Scoring(models, 10).pictures(iter([picture]), AnswerTally(models))
        assert has_tag is expected
        assert [score.tagged for score in scores] == [expected, not expected]


@pytest.fixture
def models():
    return TagModels(
        [model("cat", "lr", 1, 0), model('a"b', "lr", 0, 1), model("cat", "ovr-svm", -1, 0, threshold=0.2)]
    )


def scored(models, wanted, embedding=(1.0, -4.0)):
    scoring = Scoring(models, 10, wanted)
    picture = record(ImageRef("1.png"), "1", embedding)
    ((_, scores, _),) = scoring.pictures(iter([picture]), AnswerTally(models))
    return scoring, scores


def test_the_json_of_scores_is_that_of_their_objects(models):
    _, scores = scored(models, "all")
    assert json.loads(scores.as_json()) == [
        {"model_type": each.kind, "tag_name": each.tag, "tag_prob": each.probability, "tagged": each.tagged}
        for each in scores
    ]


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        ("all", ["lr cat", 'lr a"b', "ovr-svm cat"]),
        ("tagged", ["lr cat", "ovr-svm cat"]),
        (0.3, ["lr cat"]),
        (0.0, ["lr cat", 'lr a"b', "ovr-svm cat"]),
        (1.0, []),
    ],
)
def test_the_wanted_scores_are_written_and_the_others_counted(models, wanted, kept):
    scoring, scores = scored(models, wanted)
    assert [f"{each['model_type']} {each['tag_name']}" for each in json.loads(scores.as_json())] == kept
    of_models = scores.of_models()
    assert [" ".join(models.names[number]) for number in of_models.models] == kept
    assert len(of_models.probabilities) == len(of_models.tagged) == len(kept)
    assert (scoring.written, scoring.left_out) == (len(kept), 3 - len(kept))
    assert len(list(scores)) == 3  # placing and answers know all


@pytest.mark.parametrize(("wanted", "count"), [("all", 0), ("tagged", 0), (0.3, 1), (1.0, 2)])
def test_scores_of_tags_that_are_not_written_are_counted(models, wanted, count):
    scoring, _ = scored(models, wanted)
    assert scoring.left_out_tagged == count


def test_a_score_of_exactly_the_least_probability_is_written(models):
    _, scores = scored(models, 0.5, embedding=(0.0, 0.0))
    assert len(json.loads(scores.as_json())) == 3


def test_scores_to_place_are_all_or_those_of_tags_that_the_picture_has(models):
    _, scores = scored(models, "all")
    assert scores.to_place(tagged_only=False) == list(scores)
    assert scores.to_place(tagged_only=True) == [each for each in scores if each.tagged]
