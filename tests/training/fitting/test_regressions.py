"""Logistic regressions in the span of their images, against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from image_tagging.tag_models.scorers import unit_rows
from image_tagging.training.fitting.regressions import Regressions, fit_regressions, merge_folds

FOLDS = 3


def examples(count=90, dim=200, positives=20):
    """Return fewer images than dimensions, as those of most tags are."""
    random = np.random.default_rng(0)
    is_tag = np.arange(count) < positives
    x = random.normal(size=(count, dim)) / np.sqrt(np.arange(1, dim + 1)) + 1
    x[is_tag, 0] += 1.0
    held = np.arange(count) % FOLDS == np.arange(FOLDS)[:, np.newaxis]
    return unit_rows(x), is_tag, np.where(is_tag, 1.0, 7.0) * ~held


def fit(x, is_tag, weights, c, start=None):
    table = x @ x.T
    products = []
    return fit_regressions(lambda rows: products.append(1) or rows @ table, is_tag, weights, c, start), products


@pytest.mark.parametrize("dim", [4, 200])
@pytest.mark.parametrize("c", [0.3, 1.0, 10.0, 100.0])
def test_each_row_is_scikit_learns_regression_of_its_images(c, dim):
    x, is_tag, weights = examples(dim=dim)
    found, _ = fit(x, is_tag, weights, c)
    for number in range(FOLDS):
        learned = weights[number] > 0
        theirs = LogisticRegression(C=c, tol=1e-12, max_iter=100_000, solver="newton-cg")
        theirs.fit(x[learned], is_tag[learned], weights[number, learned])
        np.testing.assert_allclose(found.margins[number], theirs.decision_function(x), atol=5e-4 * max(1, c))
        np.testing.assert_allclose(found.dual[number] @ x, theirs.coef_[0], atol=5e-4 * max(1, c))
        assert not found.dual[number, ~learned].any()


def test_the_minimum_is_one_wherever_the_search_begins():
    x, is_tag, weights = examples()
    cold, many = fit(x, is_tag, weights, 10.0)
    warm, few = fit(x, is_tag, weights, 10.0, fit(x, is_tag, weights, 9.0)[0])
    np.testing.assert_allclose(warm.margins, cold.margins, atol=2e-3)
    assert len(few) < len(many)
    dual = np.random.default_rng(2).normal(size=weights.shape) * (weights > 0)
    elsewhere = Regressions(dual, np.full((FOLDS, 1), -3.0), dual @ x @ x.T - 3)
    np.testing.assert_allclose(fit(x, is_tag, weights, 10.0, elsewhere)[0].margins, cold.margins, atol=2e-3)


def test_the_folds_are_near_the_model_of_all_images():
    x, is_tag, weights = examples()
    folds, _ = fit(x, is_tag, weights, 10.0)
    every = weights.max(axis=0, keepdims=True)
    cold, many = fit(x, is_tag, every, 10.0)
    warm, few = fit(x, is_tag, every, 10.0, merge_folds(folds, lambda rows: rows @ x @ x.T))
    np.testing.assert_allclose(warm.margins, cold.margins, atol=2e-3)
    assert len(few) <= len(many)


def test_where_it_ends_it_takes_one_product_to_see_it():
    x, is_tag, weights = examples()
    found, _ = fit(x, is_tag, weights, 1.0)
    again, products = fit(x, is_tag, weights, 1.0, found)
    assert len(products) == 1
    np.testing.assert_array_equal(again.margins, found.margins)


def test_a_row_does_not_depend_on_the_others_to_the_last_bit():
    x, is_tag, weights = examples()
    other = weights.copy()
    other[2] = np.where(is_tag, 50.0, 0.01)
    for one, two in zip(fit(x, is_tag, weights, 10.0)[0], fit(x, is_tag, other, 10.0)[0]):
        np.testing.assert_array_equal(one[:2], two[:2])
        assert not np.array_equal(one[2], two[2])


def test_images_that_are_all_one_have_the_share_of_the_tag():
    is_tag = np.arange(10) < 4
    found = fit_regressions(np.zeros_like, is_tag, np.ones((1, 10)), 1.0)
    np.testing.assert_allclose(found.margins, np.log(4 / 6), atol=1e-6)
    assert not found.dual.any()


def test_classes_that_are_far_apart_have_a_minimum():
    is_tag = np.arange(20) < 10
    x = np.where(is_tag, 1.0, -1.0)[:, np.newaxis] * 1e3
    found, _ = fit(x, is_tag, np.ones((1, 20)), 100.0)
    assert np.isfinite(found.margins).all()
    assert (found.margins[0, is_tag] > 5).all()
    assert (found.margins[0, ~is_tag] < -5).all()
