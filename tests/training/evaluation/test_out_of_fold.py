"""Figures, curves and the images worth a look, of what a model says of images that it has not learned from."""

from __future__ import annotations

import json

import numpy as np
import pytest

from image_tagging.training.evaluation.out_of_fold import OutOfFold, TagIndex, curves, figures, select_examples


def unseen(probabilities, is_tag, weights=None, first_row=0):
    n = len(probabilities)
    return OutOfFold(
        np.arange(first_row, first_row + n),
        np.array(is_tag, dtype=bool),
        np.array(probabilities, dtype=float),
        np.ones(n) if weights is None else np.array(weights, dtype=float),
    )


def test_figures_are_those_counted_by_hand():
    told = figures(unseen([0.9, 0.6, 0.2, 0.7, 0.1, 0.1], [1, 1, 1, 0, 0, 0]), 0.5)
    assert told["precision"] == pytest.approx(2 / 3)
    assert told["recall"] == pytest.approx(2 / 3)
    assert told["balanced_accuracy"] == pytest.approx(2 / 3)
    assert told["average_precision"] == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)
    low, high = told["average_precision_interval"]
    assert 0 <= low < told["average_precision"] < high <= 1
    assert told["log_loss"] == pytest.approx(-np.mean(np.log([0.9, 0.6, 0.2, 0.3, 0.9, 0.9])))


def test_an_image_counts_for_those_that_it_stands_for():
    once = figures(unseen([0.9, 0.2, 0.7, 0.1], [1, 1, 0, 0], [1, 1, 3, 2]), 0.5)
    many = figures(unseen([0.9, 0.2, 0.7, 0.7, 0.7, 0.1, 0.1], [1, 1, 0, 0, 0, 0, 0]), 0.5)
    for name in ("average_precision", "roc_auc", "balanced_accuracy", "precision", "recall", "log_loss"):
        assert once[name] == pytest.approx(many[name]), name


@pytest.mark.parametrize("is_tag", [[], [1, 1], [0, 0]])
def test_what_no_image_supports_is_none(is_tag):
    asked = unseen([0.5] * len(is_tag), is_tag)
    assert set(figures(asked, 0.5).values()) == {None}
    assert curves(asked)["precision_recall"] == []
    assert select_examples(asked, 0.5) == {"hits": [], "misses": [], "label_errors": []}
    json.dumps(curves(asked), allow_nan=False)


def test_a_model_that_tags_nothing_has_no_precision():
    assert figures(unseen([0.1, 0.2], [1, 0]), 0.5)["precision"] is None


def test_curves_lose_no_image_and_have_few_points():
    draw = np.random.default_rng(0)
    truth = draw.random(5000) < 0.3
    told = curves(unseen(draw.random(5000), truth))
    assert sum(told["histogram_tag"]) == truth.sum()
    assert sum(told["histogram_other"]) == (~truth).sum()
    assert sum(part["images"] for part in told["reliability"]) == 5000
    recall = [point[0] for point in told["precision_recall"]]
    assert len(recall) <= 100
    assert recall == sorted(recall)
    assert recall[-1] == 1
    json.dumps(told, allow_nan=False)


def test_hits_lie_above_the_threshold_and_misses_below():
    looks = select_examples(unseen([0.9, 0.8, 0.3, 0.1, 0.95, 0.2], [1, 1, 1, 1, 0, 0], first_row=10), 0.5)
    assert looks["hits"] == [(10, 0.9), (11, 0.8)]
    assert looks["misses"] == [(13, 0.1), (12, 0.3)]


def test_no_more_than_six_images_are_shown_of_a_sort():
    looks = select_examples(unseen(np.linspace(0.99, 0.01, 60), np.arange(60) % 2 == 0), 0.5)
    assert {len(each) for each in looks.values()} == {6}


def test_labels_that_are_wrong_either_way_are_found_though_the_tag_is_rare():
    """Of a rare tag probabilities are low: its own images lie at 0.3, the others near 0."""
    draw = np.random.default_rng(0)
    truth = np.arange(300) < 20
    p = np.where(truth, draw.uniform(0.2, 0.4, 300), draw.uniform(0, 0.05, 300))
    p[3], p[100] = 0.001, 0.38  # one of the tag that looks like the others, and one of them that looks like the tag
    looks = select_examples(unseen(p, truth), 0.1)
    assert [row for row, _ in looks["label_errors"]] == [100, 3]


# Which tags are confused -------------------------------------------------------------------------------------

TAGS = {"cat": np.array([0, 1, 2]), "dog": np.array([3, 4, 5, 6]), "pet": np.array([4, 1])}


def test_the_tags_of_an_image():
    memberships = TagIndex(TAGS)
    assert [memberships.of(row) for row in (0, 1, 4, 9)] == [["cat"], ["cat", "pet"], ["dog", "pet"], []]


def test_the_tag_whose_images_are_taken_for_another_most_comes_first():
    told = TagIndex(TAGS).confused_with(np.array([3, 4, 5, 1, 9]), np.array([0.1, 0.9, 0.7, 0.8, 0.9]), 0.5)
    assert told == [
        {"tag": "pet", "images": 2, "above_threshold": 2, "mean_probability": pytest.approx(0.85)},
        {"tag": "cat", "images": 1, "above_threshold": 1, "mean_probability": pytest.approx(0.8)},
        {"tag": "dog", "images": 3, "above_threshold": 2, "mean_probability": pytest.approx(1.7 / 3)},
    ]
    json.dumps(told, allow_nan=False)


@pytest.mark.parametrize(("tags", "rows"), [(TAGS, []), ({}, [1, 2])])
def test_nothing_is_confused_with_nothing(tags, rows):
    rows = np.array(rows, dtype=np.int64)
    assert TagIndex(tags).confused_with(rows, np.zeros(len(rows)), 0.5) == []
