"""How much of a mountain has a tag, by margins whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from image_tagging.training.mountain.prevalence import estimate_prevalence


def margins(share, *, examples=60, pictures=10_000, apart=4.0, seed=0):
    """Margins of examples and of a mountain: others are normal, those of the tag lie ``apart``."""
    random = np.random.default_rng(seed)
    number = round(share * pictures)
    others = random.normal(size=pictures - number)
    return random.normal(apart, 1, examples), np.concatenate([random.normal(apart, 1, number), others])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("share", [0.002, 0.005, 0.02, 0.1, 0.3])
def test_the_estimate_lies_near_the_truth(share, seed):
    found = estimate_prevalence(*margins(share, seed=seed), 0.95)
    assert share / 2 < found.share < share * 1.5
    assert 0 <= found.low <= found.share <= found.high <= 1
    assert found.is_distinguished
    assert not found.is_most


@pytest.mark.parametrize("examples", [10, 20, 60])
@pytest.mark.parametrize("share", [0.002, 0.02, 0.2])
def test_the_interval_holds_the_truth_in_nine_of_ten_mountains(share, examples):
    found = [estimate_prevalence(*margins(share, examples=examples, seed=seed), 0.95) for seed in range(40)]
    assert sum(each.low <= share <= each.high for each in found) >= 0.85 * len(found)
    assert np.median([each.high for each in found]) < 3 * share


@pytest.mark.parametrize("seed", range(3))
def test_of_a_mountain_without_the_tag_next_to_nothing_is_estimated(seed):
    found = estimate_prevalence(*margins(0, seed=seed), 0.95)
    assert found.share <= 0.001
    assert found.low * 10_000 < 1  # picture


@pytest.mark.parametrize("share", [0.7, 0.9, 1.0])
def test_a_mountain_that_is_mostly_the_tag_is_recognised(share):
    found = estimate_prevalence(*margins(share), 0.95)
    assert found.is_most
    assert found.share > 0.5
    assert found.share <= found.high <= 1


@pytest.mark.parametrize("auc", [0.0, 0.7])
def test_it_is_not_where_the_tag_is_not_told_from_other_tags(auc):
    found = estimate_prevalence(*margins(0.9), auc)
    assert not found.is_most
    assert found.high >= 0.85


def test_a_tag_that_looks_like_the_mountain_is_not_told_apart():
    found = estimate_prevalence(*margins(0, apart=0.0), 0.5)
    assert not found.is_distinguished
    assert found.high > 0.5


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_examples_bound_the_estimate(count):
    assert estimate_prevalence(*margins(0.1, examples=count), 0.95).share <= 0.005
    assert estimate_prevalence(*margins(0.1, examples=4), 0.95).share > 0.005


@pytest.mark.parametrize("pictures", [1, 2, 10, 100])
def test_a_small_mountain_has_half_a_picture_at_least(pictures):
    found = estimate_prevalence(*margins(0, pictures=pictures), 0.95)
    assert 0.5 / pictures <= found.share <= found.high <= 1


def test_margins_in_any_order_on_any_scale_say_the_same():
    examples, mountain = margins(0.02)
    found = estimate_prevalence(examples, mountain, 0.95)
    assert estimate_prevalence(examples[::-1], mountain[::-1], 0.95) == found
    scaled = estimate_prevalence(3 * examples - 7, 3 * mountain - 7, 0.95)
    assert scaled.share == pytest.approx(found.share, rel=1e-6)
    assert scaled.high == pytest.approx(found.high, rel=1e-6)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_margins_that_are_all_alike_give_an_answer(value):
    found = estimate_prevalence(np.full(20, value), np.full(500, value), 0.5)
    assert 0 < found.share <= found.high <= 1
