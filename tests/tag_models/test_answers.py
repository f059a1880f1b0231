"""One answer per tag: which kind gives it, and what the answers of many pictures add up to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from image_tagging.tag_models import EXAMPLES, LOGISTIC_REGRESSION, SVM, AveragePrecision
from image_tagging.tag_models.answers import AnswerTally, answering_kinds
from image_tagging.tag_models.cards import ModelCard
from image_tagging.tag_models.models import TagModel, TagModels
from image_tagging.tag_models.mountain import MountainFigures
from image_tagging.tag_models.scorers import LinearScorer

LR, SV = LOGISTIC_REGRESSION.name, SVM.name
CARD = ModelCard("abc", None, 0.5, None, None, None, None, None, None, None, ())
MOUNTAIN = MountainFigures(18000, 0.0071, (0.0046, 0.013), None, None, None, None, 121, 98.2, ())


def card(examples=None, mountain=None):
    on_mountain = None if mountain is None else replace(MOUNTAIN, average_precision=mountain)
    return replace(CARD, out_of_fold=examples and AveragePrecision(examples, None, EXAMPLES), mountain=on_mountain)


def model(kind, card=None, tag="cat", threshold=0.5, weights=(1.0, 0.0)):
    return TagModel(tag, kind, None, LinearScorer(np.array(weights), 0.0, normalise=False), threshold, card=card)


@pytest.mark.parametrize(
    ("of_logistic", "of_svm", "answers"),
    [
        (card(0.8), card(0.81), SV),
        (card(0.81), card(0.8), LR),
        (card(0.8), card(0.8), LR),
        (card(), card(0.9), LR),
        (card(0.1), card(), LR),
        (None, card(0.9), LR),
        (card(0.1), None, LR),
        (card(0.9, mountain=0.3), card(0.2, mountain=0.4), SV),
        (card(0.9, mountain=0.4), card(0.95, mountain=0.4), LR),
        (card(0.8, mountain=0.2), card(0.9), SV),  # figures on the mountain and among examples do not compare
    ],
)
def test_the_kind_with_the_higher_out_of_fold_precision_answers(of_logistic, of_svm, answers):
    for models in ([model(LR, of_logistic), model(SV, of_svm)], [model(SV, of_svm), model(LR, of_logistic)]):
        assert answering_kinds(models) == {"cat": answers}


def test_the_only_kind_of_a_tag_answers():
    models = [model(SV, tag="dog"), model("odd", tag="cow"), model(SV, tag="cow"), model(LR, card(0.1), tag="cat")]
    assert answering_kinds(models) == {"dog": SV, "cow": "odd", "cat": LR}


def test_the_figure_measured_on_held_out_images_does_not_count():
    assert answering_kinds([model(LR, card(0.5)), model(SV, replace(card(0.4), validation_precision=1.0))]) == {
        "cat": LR
    }


def test_sums_are_those_of_the_answering_kind_over_all_batches():
    models = TagModels(
        [
            model(LR, card(0.1), "cat", 0.6),
            model(LR, card(0.9), "dog", 0.7, weights=(0.0, 1.0)),
            model(SV, card(0.5), "cat", 0.55, weights=(1.0, 1.0)),
            model(SV, card(0.5), "dog", 0.1),
        ]
    )
    embeddings = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    tally, probabilities = AnswerTally(models), models.probabilities(embeddings)
    batches = zip(np.array_split(probabilities, 3), np.array_split(embeddings, 3))
    has_tag = np.concatenate([tally.add(*batch) for batch in batches])
    answers = probabilities[:, [2, 1]]
    tagged = answers >= [0.55, 0.7]
    assert [(one.tag, one.kind) for one in tally.models] == [("cat", SV), ("dog", LR)]
    assert tally.tagged.tolist() == tagged.sum(axis=0).tolist()
    np.testing.assert_allclose(tally.expected, answers.sum(axis=0))
    np.testing.assert_allclose(tally.right, (answers * tagged).sum(axis=0))
    assert has_tag.tolist() == tagged.any(axis=1).tolist()


def test_a_tally_of_nothing_is_zero():
    tally = AnswerTally(TagModels([model(LR)]))
    assert (tally.tagged.tolist(), tally.expected.tolist(), tally.right.tolist()) == ([0], [0.0], [0.0])
