"""What images have in common, against the covariance computed directly."""

from __future__ import annotations

import numpy as np
import pytest

from image_tagging.tag_models.scorers import unit_rows
from image_tagging.training.fitting import decorrelation
from image_tagging.training.fitting.decorrelation import Moments


def embeddings(count=50, dim=8, seed=0):
    random = np.random.default_rng(seed)
    return (random.normal(size=(count, dim)) * np.linspace(3, 0.5, dim) + 1).astype(np.float32)


@pytest.mark.parametrize("amount", [0.05, 0.5, 0.95])
@pytest.mark.parametrize(("count", "dim"), [(50, 8), (6, 30)])
def test_the_change_of_space_whitens_the_shrunk_covariance(amount, count, dim):
    x = unit_rows(embeddings(count, dim).astype(np.float64))
    covariance = np.cov(x.T, bias=True)
    floor = (1 - amount) * np.trace(covariance) / dim
    factor = Moments.of(embeddings(count, dim)).decorrelation(amount).factor
    np.testing.assert_allclose(factor @ factor.T * floor, amount * covariance + floor * np.eye(dim), atol=1e-12)


def test_parts_add_up_to_the_whole(monkeypatch):
    whole = Moments.of(embeddings())
    monkeypatch.setattr(decorrelation, "_CHUNK", 7)
    parts = Moments.of(embeddings())
    np.testing.assert_allclose(parts.products, whole.products, atol=1e-12)
    np.testing.assert_allclose(parts.total, whole.total, atol=1e-12)


def test_without_images_it_is_that_of_the_rest():
    x = embeddings()
    rest, expected = Moments.of(x).without(unit_rows(x[:9].astype(np.float64))), Moments.of(x[9:])
    assert rest.count == expected.count
    np.testing.assert_allclose(rest.products, expected.products, atol=1e-12)
    np.testing.assert_allclose(rest.decorrelation(0.1).factor, expected.decorrelation(0.1).factor, atol=1e-10)


def test_weights_do_to_x_what_they_did_to_the_changed_x():
    x = unit_rows(embeddings().astype(np.float64))
    w = np.random.default_rng(1).normal(size=8)
    for amount in (0.0, 0.1, 0.9):
        change = Moments.of(embeddings()).decorrelation(amount)
        np.testing.assert_allclose(change.of(x) @ w, x @ change.weights(w), atol=1e-12)


def test_an_amount_of_0_changes_nothing():
    x = embeddings().astype(np.float64)
    change = Moments.of(embeddings()).decorrelation(0)
    assert change.of(x) is x
    assert change.weights(x[0]) is not None


@pytest.mark.parametrize("seed", range(8))
def test_of_one_picture_over_and_over_the_space_stays_what_it_is(seed):
    # What rounding leaves of their variance is no covariance, and has no Cholesky factor.
    random = np.random.default_rng(seed)
    one = random.normal(size=94) * random.uniform(0.5, 2, size=(10, 1))
    moments = Moments.of(one.astype(np.float32))
    assert moments.decorrelation(0.1).factor is None
    assert moments.without(unit_rows(one[:3])).decorrelation(0.9).factor is None


def test_one_image_has_nothing_in_common():
    assert Moments.of(embeddings(1)).decorrelation(0.1).factor is None
