"""From which probability up a picture is tagged, against what trying every threshold finds."""

from __future__ import annotations

import numpy as np
import pytest

from image_tagging.training.evaluation.thresholds import parse_aim
from image_tagging.training.mountain.thresholds import NOTHING, mountain_threshold

NO_EXAMPLES = np.empty(0)


def probabilities(seed, count=300):
    """Probabilities as they are of a mountain: most next to nothing, a few high."""
    random = np.random.default_rng(seed)
    return random.permutation(np.concatenate([random.beta(0.2, 20, count), random.beta(8, 1, 20)]))


def tagged(p, aim, share=0.06, of_examples=NO_EXAMPLES):
    return p >= mountain_threshold(p, of_examples, share, parse_aim(aim))


def expected_f1(p, is_tagged):
    return 2 * p[is_tagged].sum() / (is_tagged.sum() + p.sum())


@pytest.mark.parametrize("seed", range(5))
def test_no_other_threshold_has_a_higher_expected_f1(seed):
    p = probabilities(seed)
    best = max(expected_f1(p, p >= threshold) for threshold in p)
    assert expected_f1(p, tagged(p, "f1")) == pytest.approx(best, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("precision", [0.5, 0.8, 0.9])
def test_as_many_are_tagged_as_keep_the_precision(seed, precision):
    p = probabilities(seed)
    most = max(int((p >= threshold).sum()) for threshold in p if p[p >= threshold].mean() >= precision)
    found = tagged(p, f"precision={precision}")
    assert found.sum() == most
    assert p[found].mean() >= precision


def test_nothing_is_tagged_where_the_precision_is_out_of_reach():
    p = np.linspace(0, 0.6, 50)
    assert mountain_threshold(p, NO_EXAMPLES, 0.1, parse_aim("precision=0.9")) == NOTHING
    assert not tagged(p, "precision=0.9").any()


@pytest.mark.parametrize("recall", [0.25, 0.5, 0.9, 1])
def test_as_few_are_tagged_as_keep_the_recall_of_the_examples(recall):
    of_examples = np.random.default_rng(0).beta(3, 2, 23)
    threshold = mountain_threshold(probabilities(0), of_examples, 0.06, parse_aim(f"recall={recall}"))
    reached = (of_examples >= threshold).sum()
    assert recall <= reached / len(of_examples) <= recall + 2 / len(of_examples)


def test_balanced_takes_the_share_of_the_tag():
    assert mountain_threshold(probabilities(0), NO_EXAMPLES, 0.031, parse_aim("balanced")) == 0.031


def test_of_probabilities_that_say_nothing_few_are_tagged():
    """Their expected F1 is best where everything is tagged."""
    p = 0.01 + np.random.default_rng(0).uniform(0, 1e-6, 10_000)
    assert expected_f1(p, np.ones(len(p), bool)) > expected_f1(p, p > np.quantile(p, 0.9))
    assert 1 <= tagged(p, "f1", share=0.01).sum() <= 3 * 100 + 10


@pytest.mark.parametrize("aim", ["f1", "precision=0.5", "recall=0.5", "balanced"])
@pytest.mark.parametrize("count", [1, 2, 10])
def test_a_few_pictures_are_enough(aim, count):
    p = np.linspace(0.9, 0.1, count)
    threshold = mountain_threshold(p, np.array([0.5]), 0.3, parse_aim(aim))
    assert 0 <= threshold <= 1


def test_neighbours_among_floats_are_kept_apart():
    p = np.array([0.3, np.nextafter(0.3, 0), *np.full(50, 1e-9)])
    assert tagged(p, "precision=0.3").sum() == 1
