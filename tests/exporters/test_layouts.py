"""Names with scores sort the best first, whoever sorts them, and a store of a stranger names no other place."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_tagging.exporters.layouts import Layout, Placing, is_in_place, score_prefix, slot_of
from image_tagging.exporters.placing import Target
from image_tagging.records import TagScore
from image_tagging.store import PlacedFile

LABELS = ["0.5", "1.0"]
CAT_SVM = TagScore("cat", "svm", 0.9973, 2, tagged=True)
CAT_LR = TagScore("cat", "lr", 0.2, 1, tagged=False)


def laid_out(answers, *, tagged_only):
    return Layout(str, Placing("copy", tagged_only=tagged_only, answers=answers))


def natural(name):
    """How file browsers compare names: digits as whole numbers."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def in_words(name):
    """How ``ls`` compares names in most languages: letters and digits alone, at first."""
    return re.sub(r"[^0-9a-z]", "", name)


def test_a_name_says_what_is_missing_to_one_and_the_score():
    assert score_prefix(0.9973) == "0027_0.9973_"
    assert score_prefix(1.0) == "0000_1.0000_"
    assert score_prefix(0.0) == "9999_0.0000_"


@pytest.mark.parametrize("order", [str, natural, in_words], ids=["by letters", "natural", "in words"])
@given(st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_the_best_come_first_however_names_are_sorted(order, probabilities):
    names = [f"{score_prefix(probability)}{number % 3}.png" for number, probability in enumerate(probabilities)]
    shown = sorted(names, key=order)
    scores = [float(name.split("_")[1]) for name in shown]
    assert all(first >= second - 0.00011 for first, second in zip(scores, scores[1:]))


def test_the_kind_that_answers_places_a_tag_once():
    layout = laid_out({"cat": "svm"}, tagged_only=True)
    wanted = layout.wanted([CAT_LR, CAT_SVM], LABELS)
    assert wanted == {
        "lr/cat": None,
        "svm/cat": None,
        "by-tag/cat": Target("by-tag/cat", "0027_0.9973_"),
    }
    assert not any(laid_out({"cat": "lr"}, tagged_only=True).wanted([CAT_LR, CAT_SVM], LABELS).values())


def test_bins_have_a_file_for_each_model():
    wanted = laid_out(None, tagged_only=False).wanted([CAT_LR, CAT_SVM], LABELS)
    assert wanted == {"lr/cat": Target("lr/cat/0.5"), "svm/cat": Target("svm/cat/1.0"), "by-tag/cat": None}


def test_a_model_whose_score_is_not_given_places_nothing():
    placing = Placing("copy", tagged_only=True, answers={"cat": "svm"}, models=[("lr", "cat"), ("svm", "cat")])
    wanted = Layout(str, placing).wanted([CAT_SVM], LABELS)
    assert wanted == {"lr/cat": None, "svm/cat": None, "by-tag/cat": Target("by-tag/cat", "0027_0.9973_")}
    assert set(Layout(str, placing).wanted([], LABELS).values()) == {None}


def test_an_example_is_placed_in_bins_and_not_among_what_was_found():
    scores = [CAT_SVM]
    assert any(laid_out(None, tagged_only=False).wanted(scores, LABELS, is_example=True).values())
    assert not any(laid_out({"cat": "svm"}, tagged_only=False).wanted(scores, LABELS, is_example=True).values())


def test_a_tag_called_by_tag_has_its_own_folders():
    tag = CAT_SVM._replace(tag="by-tag")
    assert set(laid_out(None, tagged_only=False).wanted([tag], LABELS)) == {
        "svm/by-tag",
        "by-tag/by-tag",
    }
    assert slot_of(PlacedFile("by-tag/by-tag", "a.png", 1, 1)) == "by-tag/by-tag"
    assert slot_of(PlacedFile("svm/by-tag/1.0", "a.png", 1, 1)) == "svm/by-tag"


@pytest.mark.parametrize(
    ("folder", "name"), [("svm/cat/..", "a.png"), ("svm/cat/1.0", ".."), ("svm/cat/1.0", "../a.png"), ("by-tag/", "a")]
)
def test_a_name_that_leads_elsewhere_is_in_no_slot(folder, name):
    assert slot_of(PlacedFile(folder, name, 1, 1)) == ""


def test_a_file_of_another_score_is_not_in_its_place():
    target = Target("by-tag/cat", "0027_0.9973_")
    assert is_in_place(PlacedFile("by-tag/cat", "0027_0.9973_a.png", 1, 1), target)
    assert not is_in_place(PlacedFile("by-tag/cat", "0028_0.9972_a.png", 1, 1), target)
    assert not is_in_place(PlacedFile("by-tag/dog", "0027_0.9973_a.png", 1, 1), target)
    assert not is_in_place(PlacedFile("by-tag/cat", "0027_0.9973_a.png", 1, 1), None)
