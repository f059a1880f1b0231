"""A summary of what tags were distinguished from: pictures like it lie within, pictures of other things outside."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest

from image_tagging.tag_models import Coverage
from image_tagging.tag_models.coverage import OutsideTally


def pictures(count, kinds, seed=0, *, dim=64):
    """Embeddings (count, dim) of some kinds of things: directions that are the same for each number of a kind."""
    centres = np.stack([np.random.default_rng(1000 + kind).normal(size=dim) for kind in kinds])
    random = np.random.default_rng(seed)
    return (centres[random.integers(len(kinds), size=count)] + random.normal(size=(count, dim))).astype(np.float32)


def coverage(kinds=(1, 2, 3, 4), count=120):
    return Coverage.of(pictures(count, kinds))


@pytest.mark.parametrize("count", [20, 60, 400])
def test_a_quarter_of_pictures_alike_lies_outside(count):
    outside = coverage(count=count).is_outside(pictures(2000, (1, 2, 3, 4), 7))
    assert 0.1 < outside.mean() < 0.4


def test_most_pictures_of_other_things_lie_outside():
    assert coverage().is_outside(pictures(500, (11, 12, 13), 7)).mean() > 0.8


def test_the_length_of_embeddings_says_nothing():
    some = pictures(50, (1, 2, 11), 3)
    assert coverage().is_outside(some).tolist() == coverage().is_outside(some * 30).tolist()


def test_a_card_holds_the_summary_in_little_room():
    whole = coverage()
    text = json.dumps(whole.as_json())
    again = Coverage.read(json.loads(text))
    some = pictures(300, (1, 2, 11, 12), 3)
    assert len(text) < 1500
    assert (again.is_outside(some) == whole.is_outside(some)).mean() > 0.99


def test_the_same_pictures_give_the_same_summary():
    assert coverage().as_json() == coverage().as_json()


@pytest.mark.parametrize("count", [0, 1, 14])
def test_few_pictures_have_no_summary(count):
    assert Coverage.of(pictures(count, (1, 2))) is None


def test_pictures_that_are_all_the_same_can_be_summarised():
    same = np.repeat(pictures(1, (1,)), 30, axis=0)
    assert not Coverage.of(same).is_outside(same).any() or Coverage.of(same).radius >= 0


def packed(values):
    return base64.b64encode(np.asarray(values, "<f2").tobytes()).decode()


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "text",
        {},
        {"radius": 1.0},
        {"radius": "1", "centres": packed(np.ones(32))},
        {"radius": True, "centres": packed(np.ones(32))},
        {"radius": float("nan"), "centres": packed(np.ones(32))},
        {"radius": -1.0, "centres": packed(np.ones(32))},
        {"radius": 1.0, "centres": 7},
        {"radius": 1.0, "centres": "no base64!"},
        {"radius": 1.0, "centres": ""},
        {"radius": 1.0, "centres": packed(np.ones(31))},
        {"radius": 1.0, "centres": packed(np.full(32, np.inf))},
        {"radius": 1.0, "centres": packed(np.ones(32 * 1000))},
    ],
)
def test_a_summary_of_another_form_says_nothing(value):
    assert Coverage.read(value) is None


def test_pictures_are_outside_of_all_that_models_were_told_apart_from():
    tally = OutsideTally([coverage((1, 2)), None, coverage((3, 4)), coverage((1, 2))])
    for part in np.array_split(pictures(400, (1, 2, 3, 4), 5), 3):
        tally.add(part)
    inside = tally.outside
    tally.add(pictures(400, (11, 12), 5))
    assert inside < 160
    assert tally.outside - inside > 300


def test_models_whose_cards_say_nothing_count_nothing():
    tally = OutsideTally([None, None])
    tally.add(pictures(40, (1,)))
    assert tally.outside is None
