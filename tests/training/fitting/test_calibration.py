"""Margins become probabilities that mean what they say."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import _SigmoidCalibration

from image_tagging.training.evaluation.metrics import calibration_error, log_losses, reliability
from image_tagging.training.fitting.calibration import fit_sigmoid


def drawn(count=400, seed=0, slope=2.0, offset=-1.0):
    """Margins, and tags drawn by their known log-odds."""
    random = np.random.default_rng(seed)
    margins = random.normal(size=count)
    return margins, random.random(count) < 1 / (1 + np.exp(-(slope * margins + offset)))


@pytest.mark.parametrize("count", [12, 60, 400])
def test_the_sigmoid_is_that_of_scikit_learn(count):
    margins, truth = drawn(count)
    ours = fit_sigmoid(margins, truth, np.ones(count))
    theirs = _SigmoidCalibration().fit(margins, truth.astype(int))
    np.testing.assert_allclose(ours.of(margins), theirs.predict(margins), atol=1e-3)


def test_known_log_odds_are_found_and_probabilities_are_true():
    margins, truth = drawn(20_000)
    found = fit_sigmoid(margins, truth, np.ones(len(margins)))
    assert found.slope == pytest.approx(2, abs=0.15)
    assert found.offset == pytest.approx(-1, abs=0.1)
    fresh, fresh_truth = drawn(20_000, seed=1)
    assert calibration_error(found.of(fresh), fresh_truth, np.ones(len(fresh))) < 0.02


def test_weights_bring_a_sample_back_to_the_whole():
    margins, truth = drawn(20_000)
    kept = truth | (np.arange(len(truth)) % 10 == 0)
    found = fit_sigmoid(margins[kept], truth[kept], np.where(truth[kept], 1.0, 10.0))
    assert found.of(margins).mean() == pytest.approx(truth.mean(), abs=0.02)


def test_margins_that_say_nothing_have_no_sigmoid():
    truth = np.array([True, True, False, False])
    assert fit_sigmoid(np.ones(4), truth, np.ones(4)) is None
    assert fit_sigmoid(np.array([0.0, 1.0, 2.0, 3.0]), truth, np.ones(4)) is None


@pytest.mark.parametrize("scale", [1e-12, 1e-3, 1e6, 1e50])
@pytest.mark.parametrize("shift", [0.0, -3.0])
def test_the_scale_of_margins_does_not_matter(scale, shift):
    margins, truth = drawn(60)
    plain = fit_sigmoid(margins + shift, truth, np.ones(60)).of(margins + shift)
    moved = (margins + shift) * scale
    np.testing.assert_allclose(fit_sigmoid(moved, truth, np.ones(60)).of(moved), plain, atol=1e-6)


@pytest.mark.parametrize("weight", [1e-6, 1.0, 1e9])
def test_large_weights_change_nothing_where_all_are_alike(weight):
    margins, truth = drawn(60)
    said = fit_sigmoid(margins, truth, np.full(60, weight)).of(margins)
    np.testing.assert_allclose(said, fit_sigmoid(margins, truth, np.ones(60)).of(margins), atol=1e-6)


def test_of_few_images_it_is_never_sure():
    said = fit_sigmoid(np.array([5.0, 4.0, -5.0, -4.0]), np.array([1, 1, 0, 0], dtype=bool), np.ones(4))
    assert 0.7 < said.of(np.array([5.0]))[0] < 0.9


def test_an_outlier_and_uneven_weights_leave_finite_probabilities():
    margins, truth = np.array([1e8, 1.0, 0.9, 0.0, 0.1]), np.array([1, 1, 0, 0, 0], dtype=bool)
    found = fit_sigmoid(margins, truth, np.array([1, 1, 1e6, 1e6, 1.0]))
    assert found is None or np.isfinite(found.of(margins)).all()


def test_log_losses_are_finite_where_a_model_is_surely_wrong():
    losses = log_losses(np.array([0.5, 0.0, 1.0, 1.0]), np.array([True, True, False, True]))
    assert losses[0] == pytest.approx(np.log(2))
    assert losses[3] == 0
    assert (np.isfinite(losses) & (losses[[1]] > 700)).all()


def test_reliability_of_two_bins_made_by_hand():
    p, truth = np.array([0.8, 0.1, 0.3, 0.6]), np.array([True, False, False, False])
    expected = [(0.2, 0.0, 0.5, 2), (0.7, 0.5, 0.5, 2)]
    np.testing.assert_allclose(reliability(p, truth, np.ones(4), bins=2), expected)
    assert calibration_error(p, truth, np.ones(4), bins=2) == pytest.approx(0.2)


def test_reliability_counts_what_images_stand_for():
    (first, last) = reliability(np.array([0.1, 0.5, 0.9]), np.array([False, True, True]), np.array([3.0, 1, 2]), bins=2)
    assert first == pytest.approx((0.1, 0.0, 0.5, 1))
    assert last == pytest.approx((2.3 / 3, 1.0, 0.5, 2))


def test_nothing_has_no_error():
    nothing = np.empty(0)
    assert reliability(nothing, nothing > 0, nothing) == []
    assert calibration_error(nothing, nothing > 0, nothing) == 0
