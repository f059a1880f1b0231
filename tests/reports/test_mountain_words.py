"""What is known of a tag on the mountain, in sentences that claim nothing beyond it."""

from __future__ import annotations

import pytest

from image_tagging.reports.mountain_words import mountain_in_words
from image_tagging.tag_models.mountain import MountainFigures
from report_runs import mountain


def said(whole=None, **changed):
    return " ".join(mountain_in_words(MountainFigures.read(mountain(**changed)), whole))


def test_how_many_there_are_and_how_many_of_the_tagged_are_right():
    assert said() == (
        "About 0.7 % of the mountain, some 130 pictures (83 to 230). "
        "121 of 18,000 background pictures are tagged, of which about 98 are right."
    )


def test_a_mountain_larger_than_the_background_is_counted_whole():
    assert said(1_000_000).startswith("About 0.7 % of the mountain, some 7,100 pictures (4,600 to 13,000).")


def test_a_warning_takes_the_claim_of_right_ones_back():
    assert said(warnings=["too few examples"]).endswith("121 of 18,000 background pictures are tagged.")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"prevalence": None}, "121 of 18,000 background pictures are tagged, of which about 98 are right."),
        ({"tagged": None, "prevalence_interval": None}, "About 0.7 % of the mountain, some 130 pictures."),
        ({"tagged": None, "pictures": None}, "About 0.7 % of the mountain (0.5 % to 1.3 %)."),
        (
            {"prevalence": None, "tagged": 1, "expected_right": 0.9, "pictures": None},
            "1 is tagged, of which about 1 is right.",
        ),
        ({"prevalence": None, "tagged": 0}, "0 of 18,000 background pictures are tagged."),
        ({"prevalence": None, "tagged": None}, ""),
    ],
)
def test_what_is_not_known_is_left_out(changed, expected):
    assert said(**changed) == expected
