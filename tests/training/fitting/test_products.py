"""The table of products, against the products of vectors that were changed one fold after the other."""

from __future__ import annotations

import numpy as np
import pytest

from image_tagging.tag_models.scorers import unit_rows
from image_tagging.training.fitting import products
from image_tagging.training.fitting.decorrelation import Decorrelation, Moments
from image_tagging.training.fitting.products import Products


def data_set(count=60, others=40, dim=12):
    """Return the unit vectors of some images, and the moments of these and others."""
    random = np.random.default_rng(0)
    x = unit_rows(random.normal(size=(count + others, dim)) * np.linspace(3, 0.5, dim) + 1)
    return x[:count], Moments.of(x)


def change_without(moments, x, amount):
    """Return the change of space as strong as that of all images, by the scatter of those that are not in x."""
    strength = moments.decorrelation(amount).strength
    rest = moments.without(x)
    scatter = rest.products - np.outer(rest.total, rest.total) / rest.count
    return Decorrelation(np.linalg.cholesky(np.eye(x.shape[1]) + strength * scatter), strength)


@pytest.mark.parametrize("amount", [0.0, 0.05, 0.5])
@pytest.mark.parametrize(("others", "dim"), [(0, 12), (40, 12), (0, 100)])
def test_what_a_fold_holds_out_had_no_part_in_its_products(amount, others, dim):
    x, moments = data_set(others=others, dim=dim)
    fold = np.arange(len(x)) % 4
    folded = Products.of(x, moments, amount).folds(fold)
    for number in range(4):
        held = fold == number
        change = change_without(moments, x[held], amount) if amount else Decorrelation()
        changed = change.of(x - moments.total / moments.count)
        training, mixed = folded.table(number)
        np.testing.assert_allclose(training, changed[~held] @ changed[~held].T, atol=1e-12)
        np.testing.assert_allclose(mixed, changed[held] @ changed[~held].T, atol=1e-12)


def test_all_folds_are_multiplied_at_once():
    x, moments = data_set()
    fold = np.arange(len(x)) % 3
    folded = Products.of(x, moments, 0.1).folds(fold)
    rows = np.random.default_rng(1).normal(size=(3, len(x))) * ~folded.held
    times = folded.times(rows)
    for number in range(3):
        held = fold == number
        training, mixed = folded.table(number)
        np.testing.assert_allclose(times[number, ~held], training @ rows[number, ~held], atol=1e-12)
        np.testing.assert_allclose(times[number, held], mixed @ rows[number, ~held], atol=1e-12)
        np.testing.assert_array_equal(folded.of_held(times)[held], times[number, held])


def test_many_images_are_multiplied_in_half_the_precision(monkeypatch):
    x, moments = data_set()
    fold = np.arange(len(x)) % 3
    exact = Products.of(x, moments, 0.1)
    monkeypatch.setattr(products, "_MOST_IN_FLOAT64", 50)
    rough = Products.of(x, moments, 0.1)
    assert (exact.table.dtype, rough.table.dtype) == (np.float64, np.float32)
    rows = np.random.default_rng(1).normal(size=(3, len(x))) * ~exact.folds(fold).held
    np.testing.assert_allclose(rough.folds(fold).times(rows), exact.folds(fold).times(rows), atol=1e-5)
    for one, two in zip(rough.folds(fold).table(1), exact.folds(fold).table(1)):
        assert one.dtype == np.float64
        np.testing.assert_allclose(one, two, atol=1e-6)
    dual = rows[0] - rows[0].mean()
    np.testing.assert_array_equal(rough.linear(dual, 0.7).coef, exact.linear(dual, 0.7).coef)


def test_a_few_of_many_images_are_left_in():
    x, moments = data_set(count=60, others=600)
    whole = Products.of(x, moments, 0.1)
    exact = change_without(moments, x[::5], 0.1).of(x - moments.total / moments.count)
    training, _ = whole.folds(np.arange(60) % 5).table(0)
    learned = np.arange(60) % 5 > 0
    np.testing.assert_array_equal(training, whole.table[np.ix_(learned, learned)])
    np.testing.assert_allclose(training, exact[learned] @ exact[learned].T, rtol=0.02, atol=0.01)


def test_dual_coefficients_are_a_linear_model_of_the_images_as_they_are():
    x, moments = data_set()
    whole = Products.of(x, moments, 0.1)
    dual = np.random.default_rng(1).normal(size=len(x))
    margins = whole.linear(dual, 0.7).margins(x)
    np.testing.assert_allclose(margins, whole.table @ dual + 0.7, atol=1e-12)


def test_images_that_are_all_one_have_their_plain_products():
    x = np.full((8, 4), 0.5)
    whole = Products.of(x, Moments.of(x), 0.1)
    assert whole.change.factor is None
    np.testing.assert_array_equal(whole.folds(np.arange(8) % 2).table(0)[0], np.zeros((4, 4)))
