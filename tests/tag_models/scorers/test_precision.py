"""Support vector machines are kept in float32 where probabilities agree to 1e-6, and in float64 elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from image_tagging.tag_models.scorers import RbfScorer, rbf, unit_rows

DIM = 64


def vectors(count=60, seed=0):
    return unit_rows(np.random.default_rng(seed).normal(size=(count, DIM)) + 1)


def machine(weights=1.0, **changes):
    """A machine of which half the support vectors pull towards the tag, with weights of this size."""
    dual_coef = weights * np.where(np.arange(60) < 30, 1.0, -1.0)
    settings = {"gamma": 1.0, "slope": 5.0, "normalise": True, **changes}
    return RbfScorer(vectors(), dual_coef, 0.1, offset=0.2, **settings)


def in_float64(monkeypatch, make):
    with monkeypatch.context() as patch:
        patch.setattr(rbf, "in_float32", lambda *_: None)
        return make()


def score(scorer, x):
    return RbfScorer.stack([scorer]).probabilities(x)[:, 0]


# Weights of a thousand, which nearly cancel each other: what rounding moves is a thousand times as large too.
@pytest.mark.parametrize("weights", [1e-3, 1.0, 10.0, 1e3, 1e5, 1e8])
@pytest.mark.parametrize("gamma", [1e-3, 1.0, 100.0])
def test_probabilities_agree_with_float64(monkeypatch, weights, gamma):
    x = np.concatenate([vectors(), vectors(500, seed=1)])  # images that were learned from, and others
    kept = machine(weights, gamma=gamma)
    exact = in_float64(monkeypatch, lambda: machine(weights, gamma=gamma))
    assert np.abs(score(kept, x) - score(exact, x)).max() < 1e-6


def test_float32_is_what_an_ordinary_machine_is_kept_in():
    assert machine().support_vectors.dtype == np.float32


def near_duplicates_apart(weights):
    """A machine of pairs of nearly the same image, one of the tag and one not: its margin is a small difference."""
    pairs = np.concatenate([vectors(30), unit_rows(vectors(30) + 1e-6 * vectors(30, seed=2))])
    dual_coef = weights * np.where(np.arange(60) < 30, 1.0, -1.0)
    return RbfScorer(pairs, dual_coef, 0.0, 1.0, 5.0, 0.2, normalise=True)


def test_large_weights_that_cancel_each_other_keep_float64(monkeypatch):
    kept = near_duplicates_apart(1e4)
    assert kept.support_vectors.dtype == np.float64
    rounded = replace(kept, support_vectors=kept.support_vectors.astype(np.float32))
    x = vectors(500, seed=1)
    assert 0.01 < np.median(score(kept, x)) < 0.99
    assert np.abs(score(rounded, x) - score(kept, x)).max() > 1e-5  # float32 would have been wrong


@pytest.mark.parametrize("weights", [1.0, 10.0, 100.0, 1e3])
def test_near_duplicates_on_both_sides_agree_with_float64(monkeypatch, weights):
    x = np.concatenate([vectors(30), vectors(5000, seed=1)])
    kept = near_duplicates_apart(weights)
    exact = in_float64(monkeypatch, lambda: near_duplicates_apart(weights))
    assert np.abs(score(kept, x) - score(exact, x)).max() < 1e-6


def test_one_image_many_times_keeps_float64():
    # What rounding moves adds up then: nothing cancels.
    many = np.repeat(vectors(2), 5000, axis=0)
    scorer = RbfScorer(many, np.repeat([1.0, -1.0], 5000), 0.0, 1.0, 1.0, 0.0, normalise=True)
    assert scorer.support_vectors.dtype == np.float64


@pytest.mark.parametrize("changes", [{"normalise": False}, {"coupled": True}])
def test_lengths_and_jumps_that_are_not_known_keep_float64(changes):
    assert machine(**changes).support_vectors.dtype == np.float64


def test_what_float32_cannot_hold_keeps_float64():
    scorer = RbfScorer(vectors() * 1e60, np.ones(60), 0.0, 1e-30, 1.0, 0.0, normalise=True)
    assert scorer.support_vectors.dtype == np.float64


def test_machines_of_both_precisions_score_together_as_alone():
    scorers = [machine(weights, gamma=gamma) for weights in (1.0, 1e6) for gamma in (0.5, 2.0)]
    assert {scorer.support_vectors.dtype.name for scorer in scorers} == {"float32", "float64"}
    x = vectors(50, seed=1)
    together = RbfScorer.stack(scorers).probabilities(x)
    for column, scorer in enumerate(scorers):
        np.testing.assert_allclose(together[:, column], score(scorer, x), atol=1e-12)
