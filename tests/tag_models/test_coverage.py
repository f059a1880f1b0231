"""A summary of what tags were told apart from: pictures that are unlike all of it are noticed, others are not."""

from __future__ import annotations

import json

import numpy as np
import pytest

from image_tagging.tag_models.coverage import Coverage, OutsideTally

DIM = 48


def clouds(count, first, kinds=6, seed=0):
    """Embeddings (count, DIM) of so many kinds of pictures, from a first kind on."""
    random = np.random.default_rng([seed, first])
    centres = np.random.default_rng(7).normal(size=(40, DIM)) * 1.5
    rows = first + np.arange(count) % kinds
    return (centres[rows] + random.normal(size=(count, DIM))).astype(np.float32)


def share_outside(coverage, embeddings):
    tally = OutsideTally([coverage])
    for part in np.array_split(embeddings, 7):
        tally.add(part)
    return tally.outside / len(embeddings)


@pytest.mark.parametrize("seed", range(5))
def test_of_pictures_like_those_learned_a_quarter_lies_outside_and_of_others_most(seed):
    coverage = Coverage.of(clouds(600, 0, seed=seed))
    assert share_outside(coverage, clouds(500, 0, seed=seed + 50)) < 0.4
    assert share_outside(coverage, clouds(500, 20, seed=seed)) > 0.8


def test_a_card_keeps_it_in_a_few_kilobytes():
    coverage = Coverage.of(clouds(600, 0))
    written = json.dumps(coverage.as_json())
    assert len(written) < 4096
    read = Coverage.read(json.loads(written))
    x = clouds(500, 3)
    assert np.mean(read.is_outside(x) == coverage.is_outside(x)) > 0.98


def test_the_length_of_embeddings_makes_no_difference():
    x = clouds(600, 0)
    longer = Coverage.of(x * 7)
    np.testing.assert_allclose(longer.centres, Coverage.of(x).centres, atol=1e-6)


@pytest.mark.parametrize("count", [0, 1, 14])
def test_of_a_few_pictures_there_is_no_summary(count):
    assert Coverage.of(clouds(count, 0)) is None
    assert Coverage.of(clouds(15, 0)) is not None


def test_pictures_that_are_all_one_give_a_summary():
    coverage = Coverage.of(np.ones((50, DIM), np.float32))
    assert np.isfinite(coverage.centres).all()


GOOD = Coverage.of(clouds(100, 0)).as_json()


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "text",
        {},
        {**GOOD, "radius": None},
        {**GOOD, "radius": -1.0},
        {**GOOD, "radius": 1e300},
        {**GOOD, "radius": float("nan")},
        {**GOOD, "centres": 7},
        {**GOOD, "centres": ""},
        {**GOOD, "centres": "%%%"},
        {**GOOD, "centres": "é" * 64},
        {**GOOD, "centres": GOOD["centres"][:40]},
        {**GOOD, "centres": GOOD["centres"] * 1000},
        {**GOOD, "centres": "AHwA" * 64},
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_no_training_writes_says_nothing(value):
    assert Coverage.read(value) is None


def test_models_without_a_summary_count_nothing():
    tally = OutsideTally([None, None])
    tally.add(clouds(20, 0))
    assert tally.outside is None


def test_a_picture_is_outside_where_it_is_of_every_model():
    one, other = Coverage.of(clouds(600, 0)), Coverage.of(clouds(600, 20))
    tally = OutsideTally([one, None, other, one])
    tally.add(clouds(300, 0, seed=9))
    tally.add(clouds(300, 20, seed=9))
    assert tally.outside < 0.4 * 600
    tally.add(clouds(300, 30, seed=9))
    assert tally.outside > 0.4 * 300
