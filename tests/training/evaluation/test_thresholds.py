"""Thresholds for what a person wants, on data made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_tagging.errors import InputError
from image_tagging.training.evaluation.thresholds import (
    USUAL_AIMS,
    Aim,
    as_aim,
    choose_threshold,
    choose_thresholds,
    parse_aim,
    reject_others,
)

P = np.array([0.95, 0.9, 0.8, 0.7, 0.6, 0.4, 0.2, 0.1])
TRUTH = np.array([1, 1, 0, 1, 1, 0, 0, 0], dtype=bool)
ONES = np.ones(8)


@pytest.mark.parametrize(
    ("aim", "expected"),
    [
        ("balanced", 0.5),  # half of the images have the tag
        ("f1", 0.5),
        ("precision=1", 0.85),
        ("precision=0.8", 0.5),
        ("precision=0.5", 0.05),
        ("recall=0.5", 0.85),
        ("recall=0.75", 0.65),
        ("recall=1", 0.5),
    ],
)
def test_each_aim_lies_half_way_between_two_images(aim, expected):
    assert choose_threshold(P, TRUTH, ONES, parse_aim(aim)) == pytest.approx(expected)


def test_a_share_is_counted_by_what_images_stand_for():
    weights = np.where(TRUTH, 1.0, 10.0)
    assert choose_threshold(P, TRUTH, weights, Aim("balanced")) == pytest.approx(4 / 44)
    assert choose_threshold(P, TRUTH, weights, parse_aim("precision=0.8")) == pytest.approx(0.85)


def test_a_precision_that_is_out_of_reach_is_come_closest_to():
    truth = np.array([0, 1, 1, 0, 0, 0, 0, 0], dtype=bool)
    assert choose_threshold(P, truth, ONES, parse_aim("precision=0.9")) == pytest.approx(0.75)


def test_without_both_classes_it_is_the_default():
    assert choose_threshold(P, ONES > 0, ONES, Aim("f1")) == 0.5


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=30).filter(
        lambda images: len({truth for _, truth in images}) == 2
    ),
    st.sampled_from([0.3, 0.9, 1.0]),
)
def test_the_share_is_kept_on_the_images_it_was_chosen_by(images, share):
    p, truth = (np.array(column) for column in zip(*images))
    said = p >= choose_threshold(p, truth, np.ones(len(p)), Aim("recall", share))
    assert (said & truth).sum() >= share * truth.sum()
    best = max((truth & (p >= each)).sum() / (p >= each).sum() for each in p)
    said = p >= choose_threshold(p, truth, np.ones(len(p)), Aim("precision", share))
    assert (said & truth).sum() / said.sum() >= min(share, best)


def test_neighbours_among_floats_are_told_apart():
    p = np.array([1.0, np.nextafter(1.0, 0)])
    assert (p >= choose_threshold(p, np.array([True, False]), np.ones(2), Aim("precision", 1.0))).tolist() == [1, 0]


@pytest.mark.parametrize("text", ["balanced", "f1", "precision=0.9", "recall=0.5", "recall=1"])
def test_an_aim_is_told_as_it_was_asked_for(text):
    assert str(parse_aim(text)) == text


@pytest.mark.parametrize(
    "text", ["", "F1", "precision", "precision=0", "recall=0.0", "precision=1.5", "recall=-1", "f1\n", "\x1b[2J\u202e"]
)
def test_anything_else_is_refused_in_one_line(text):
    with pytest.raises(InputError, match="threshold_for is") as caught:
        parse_aim(text)
    assert str(caught.value).isprintable()


PROBABILITIES = st.floats(0, 1 - 1e-9)


@given(st.lists(PROBABILITIES, min_size=1, max_size=4), st.lists(PROBABILITIES, min_size=1, max_size=9))
def test_a_threshold_of_few_images_rejects_all_others(own, others):
    p, truth = np.array([*own, *others]), np.arange(len(own) + len(others)) < len(own)
    threshold = reject_others(p, truth)
    assert max(others) < threshold <= 1


@pytest.mark.parametrize("others", [[0.2], [0.2, 0.3]])
def test_a_large_tag_keeps_its_own_images_where_few_others_are_known(others):
    p, truth = np.array([0.95, 0.9, 0.8, *others]), np.arange(3 + len(others)) < 3
    assert reject_others(p, truth) == pytest.approx(0.8, abs=1e-5)
    assert reject_others(p, truth) < 0.8


def test_a_small_tag_is_given_to_what_is_likelier_than_any_other_image():
    assert reject_others(np.array([0.9, 0.1, 0.2, 0.15]), np.arange(4) < 1) == pytest.approx(0.2, abs=1e-5)


def test_between_few_images_and_few_others_the_threshold_lies_half_way():
    assert reject_others(np.array([0.9, 0.1]), np.arange(2) < 1) == pytest.approx(0.5)


def test_thresholds_of_several_aims_are_those_of_each():
    found = choose_thresholds(P, TRUTH, ONES, USUAL_AIMS)
    assert found == {aim: choose_threshold(P, TRUTH, ONES, aim) for aim in USUAL_AIMS}


@pytest.mark.parametrize("value", [0, 1, 0.25, "0.25", "1", "0", "1e-3"])
def test_a_number_is_the_threshold_itself(value):
    aim = as_aim(value)
    assert (str(aim), aim.fixed) == ("you", float(value))
    assert choose_threshold(P, TRUTH, ONES, aim) == float(value)
    assert choose_threshold(P, ONES > 0, ONES, aim) == float(value)


@pytest.mark.parametrize("text", ["f1", "balanced", "precision=0.9", "recall=1"])
def test_an_aim_as_a_text_is_that_aim(text):
    assert as_aim(text) == parse_aim(text)
    assert as_aim(text).fixed is None


@pytest.mark.parametrize(
    "value", [-0.1, 1.1, float("nan"), float("inf"), True, None, [0.5], "", "you", "0,5", "x" * 999]
)
def test_what_is_neither_is_refused_in_a_line(value):
    with pytest.raises(InputError, match="is no threshold: give a number from 0 to 1, or an aim") as error:
        as_aim(value)
    assert len(str(error.value)) < 250
