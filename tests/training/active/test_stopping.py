"""When a review has done enough."""

from __future__ import annotations

import pytest

from image_tagging.training.active import GO_ON, SEARCH, STOP, Interval, LiveFigures, stop_advice


def figures(low=0.87, median=0.92, high=0.95, missed=40, checked=48, prevalence=0.01):
    return LiveFigures(
        precision=Interval(0.8, 0.9, 0.95),
        recall=Interval(low, median, high),
        missed=Interval(20, missed, 60),
        found=560,
        checked=checked,
        prevalence=prevalence,
    )


@pytest.mark.parametrize(
    ("flips", "median", "advice"),
    [
        ([9, 1, 0], 0.92, STOP),
        ([9, 1, 1], 0.90, STOP),
        ([0, 2], 0.99, GO_ON),
        ([2, 0], 0.99, GO_ON),
        ([0], 0.99, GO_ON),
        ([], 0.99, GO_ON),
        ([5, 0, 0], 0.89, SEARCH),
    ],
)
def test_two_calm_pages_and_recall_together_stop(flips, median, advice):
    assert stop_advice(flips, figures(median=median)).advice == advice


def test_one_page_without_an_error_is_not_said_to_have_had_some():
    assert stop_advice([0], figures()).sentence.startswith("Go on: one page without an error says little. Recall ")
    assert "the last pages still had 3 errors" in stop_advice([2, 1], figures()).sentence


def test_the_sentence_says_recall_and_what_is_missed():
    sentence = stop_advice([1, 0], figures()).sentence
    assert sentence == (
        "Enough: the last two pages had 1 error. Recall 0.87 to 0.95, most likely 0.92: about 40 of 600 missed."
    )


def test_a_wide_interval_says_what_would_narrow_it():
    wide = figures(low=0.4, median=0.8, high=0.97, missed=140)
    assert "6 more check pages would halve the interval" in stop_advice([0, 0], wide).sentence
    unchecked = figures(low=0.4, median=0.8, high=0.97, missed=140, checked=0)
    assert "a check page would narrow the interval" in stop_advice([0, 0], unchecked).sentence


def test_of_a_rare_tag_no_check_page_is_promised_to_help():
    rare = figures(low=0.1, median=0.5, high=0.97, prevalence=0.001)
    assert stop_advice([0, 0], rare).sentence.endswith("; of so rare a tag the interval stays wide.")


def test_pages_that_find_no_more_send_to_the_search():
    advice = stop_advice([0, 1], figures(median=0.6, missed=373))
    assert advice.sentence.startswith("Pages find little more, but about 373 more are likely: search for them.")
