"""Validation figures."""

from __future__ import annotations

import numpy as np
import pytest

from labelled import report


def test_figures():
    made = report()
    assert (made.tp, made.fn, made.fp, made.tn) == (2, 1, 2, 2)
    assert made.false_positive_rate == 0.5
    assert made.false_negative_rate == pytest.approx(1 / 3)
    assert made.true_positive_rate == pytest.approx(2 / 3)
    assert made.true_negative_rate == 0.5
    assert made.accuracy == pytest.approx(4 / 7)
    assert made.balanced_accuracy == pytest.approx(7 / 12)
    assert made.roc_auc == pytest.approx(8 / 12)
    assert made.validation_precision == pytest.approx(np.mean([1 / 2, 2 / 3, 3 / 5]))


def test_the_threshold_itself_counts_as_the_tag():
    assert report([0.5, 0.2], [1, 0]).tp == 1
    assert report([0.5, 0.2], [1, 0], threshold=0.2).fp == 1


def test_histograms_lose_no_score():
    edges = np.arange(11) / 10
    made = report([*edges, *edges], [1] * 11 + [0] * 11)
    assert made.in_distribution == (2, 1, 1, 1, 1, 1, 1, 1, 1, 1)
    many = np.random.default_rng(0).random(5000)
    made = report(many, many < 0.4)
    assert sum(made.in_distribution) + sum(made.out_distribution) == 5000
    assert sum(made.in_distribution) == made.validation_tag


def test_wrong_input_is_an_error():
    with pytest.raises(ValueError, match="do not fit"):
        report([0.1], [1, 0])
    with pytest.raises(ValueError, match="number"):
        report([np.nan], [1])
