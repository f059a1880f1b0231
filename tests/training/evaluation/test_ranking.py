"""How well probabilities rank, against scikit-learn's figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from image_tagging.training.evaluation.ranking import Ranking, precision_interval

IMAGES = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]), st.booleans(), st.sampled_from([1.0, 2.5, 40.0])),
    min_size=2,
    max_size=40,
).filter(lambda images: len({truth for _, truth, _ in images}) == 2)


@given(IMAGES)
def test_figures_equal_those_of_scikit_learn_with_ties_and_weights(images):
    p, truth, weights = (np.array(column) for column in zip(*images))
    ranking = Ranking.of(p, truth, weights)
    assert ranking.average_precision == pytest.approx(average_precision_score(truth, p, sample_weight=weights))
    assert ranking.roc_auc == pytest.approx(roc_auc_score(truth, p, sample_weight=weights))
    assert 0 <= ranking.average_precision <= 1
    assert 0 <= ranking.roc_auc <= 1


def test_without_both_classes_there_is_no_ranking():
    assert Ranking.of(np.ones(2), np.ones(2, bool), np.ones(2)) is None
    assert Ranking.of(np.ones(2), np.zeros(2, bool), np.ones(2)) is None
    assert Ranking.of(np.empty(0), np.empty(0, bool), np.empty(0)) is None


@given(st.floats(0, 1), st.integers(1, 3000))
def test_an_interval_holds_its_value_and_stays_within_0_and_1(value, images):
    low, high = precision_interval(value, images)
    assert 0 <= low <= value <= high <= 1


@pytest.mark.parametrize("value", [0.0, 0.3, 0.8, 1.0])
def test_more_images_make_an_interval_narrower(value):
    widths = [high - low for low, high in (precision_interval(value, images) for images in (5, 20, 100, 1000))]
    assert widths == sorted(widths, reverse=True)


def test_the_interval_of_a_perfect_ranking_says_something():
    assert precision_interval(1.0, 20)[0] > 0.6
    assert precision_interval(1.0, 1000)[0] > 0.98
