"""The fits, against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from image_tagging.tag_models.scorers import unit_rows
from image_tagging.training.fitting.decorrelation import Moments
from image_tagging.training.fitting.linear import fit_regression
from image_tagging.training.fitting.svm import fit_kernel_svm, squared_distances


def examples(dim=6):
    random = np.random.default_rng(0)
    is_tag = np.arange(80) < 25
    x = random.normal(size=(80, dim)) + 1
    x[is_tag, 0] += 1.5
    return unit_rows(x), is_tag


@pytest.mark.parametrize("c", [0.3, 1.0, 10.0])
def test_a_regression_is_that_of_the_data_as_it_lies(c):
    x, is_tag = examples()
    weights = np.where(is_tag, 1.0, 3.0)
    ours = fit_regression(x, is_tag, weights, c)
    theirs = LogisticRegression(C=c, tol=1e-8, max_iter=10_000).fit(x, is_tag, weights)
    np.testing.assert_allclose(ours.coef, theirs.coef_[0], atol=1e-4)
    assert ours.intercept == pytest.approx(theirs.intercept_[0], abs=1e-4)


def test_margins_of_a_machine_are_those_of_scikit_learn():
    x, is_tag = examples()
    kernel = np.exp(-0.5 * squared_distances(x @ x.T))
    theirs = SVC(C=2.0, gamma=0.5, class_weight="balanced").fit(x, is_tag)
    np.testing.assert_allclose(
        fit_kernel_svm(kernel, is_tag, 2.0).margins(kernel), theirs.decision_function(x), atol=5e-3
    )
    table = SVC(C=2.0, kernel="precomputed", class_weight="balanced").fit(kernel, is_tag)
    np.testing.assert_allclose(
        fit_kernel_svm(kernel, is_tag, 2.0).margins(kernel), table.decision_function(kernel), atol=1e-12
    )


def test_a_model_is_brought_back_to_the_original_space():
    x, is_tag = examples()
    change = Moments.of(x.astype(np.float32)).decorrelation(0.1)
    model = fit_regression(change.of(x), is_tag, np.ones(80), 1.0)
    np.testing.assert_allclose(model.in_original_space(change).margins(x), model.margins(change.of(x)), atol=1e-12)


def test_distances_are_squared_and_never_negative():
    x = np.vstack([examples()[0], examples()[0][:3], np.zeros((1, 6))])
    direct = ((x[:, np.newaxis] - x) ** 2).sum(axis=2)
    found = squared_distances(x @ x.T)
    np.testing.assert_allclose(found, direct, atol=1e-12)
    assert found.min() >= 0
