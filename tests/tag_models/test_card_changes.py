"""Changing the threshold on a card: the rest stays, and what a stranger wrote there does no harm."""

from __future__ import annotations

import json

import pytest

from image_tagging.errors import ModelError
from image_tagging.tag_models import change_threshold, read_card

CARD = {
    "sha256": "abc",
    "threshold": 0.31,
    "threshold_for": "f1",
    "threshold_on": "examples",
    "thresholds": {"recall=0.9": 0.2, "f1": "high"},
    "marks": ["rough: 4 measured"],
    "mountain": {"tagged": 7, "pictures": 900, "precision": 0.5},
    "of another version": [1],
}


@pytest.fixture
def card(tmp_path):
    def write(**changes):
        path = tmp_path / "model-ovr-svm-tag-cat.json"
        path.write_text(json.dumps({**CARD, **changes}), encoding="utf-8")
        return str(path)

    return write


def content(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def test_all_else_on_the_card_stays(card):
    path = card()
    change_threshold(path, "ovr-svm", "0.8", 0.8)
    changed = content(path)
    assert {name for name in CARD if changed[name] != CARD[name]} == {"threshold", "threshold_for", "marks", "mountain"}
    assert changed["mountain"] == {"tagged": None, "pictures": 900, "precision": None}
    assert changed["by_training"] == {name: CARD[name] for name in ("threshold", "threshold_for", "threshold_on")}
    assert read_card(path).threshold_set == "0.8"


def test_a_threshold_that_stays_keeps_its_figures(card):
    path = card()
    change_threshold(path, "ovr-svm", "0.31", 0.31)
    assert content(path)["mountain"] == CARD["mountain"]


def test_an_aim_that_the_card_does_not_have_waits(card):
    for asked in ("precision=0.9", "f1"):  # the second is no number there
        changed = change_threshold(card(), "ovr-svm", asked, None)
        assert (changed.threshold, changed.is_pending) == (0.31, True)
    assert change_threshold(card(), "ovr-svm", "recall=0.9", None).threshold == 0.2


@pytest.mark.parametrize("own", [{"threshold": 7, "sha256": "x"}, "x", [1], {"threshold": "1"}, None])
def test_what_training_is_said_to_choose_must_be_a_threshold(card, own):
    path = card(by_training=own, threshold_set="0.5")
    changed = change_threshold(path, "ovr-svm", None, None)
    assert (changed.threshold, changed.is_pending) == (0.31, True)
    assert content(path)["sha256"] == "abc"
    assert read_card(path).threshold_set is None


def test_only_a_threshold_comes_back_from_it(card):
    path = card(by_training={"threshold": 0.4, "threshold_for": "f1", "sha256": "x", "tag": "dog"}, threshold_set="0.5")
    assert change_threshold(path, "ovr-svm", None, None).threshold == 0.4
    assert (content(path)["sha256"], "tag" in content(path)) == ("abc", False)


def test_without_a_card_there_is_nothing_to_write_to(tmp_path):
    with pytest.raises(ModelError, match="there is no card"):
        change_threshold(str(tmp_path / "model-ovr-svm-tag-cat.json"), "ovr-svm", "0.5", 0.5)
