"""Many logistic regressions solved together, against scikit-learn's one by one."""

from __future__ import annotations

import numpy as np
import pytest

from image_tagging.errors import TrainingError
from image_tagging.logistic_regression import solve_together


def table(images=200, dim=40, seed=0):
    """Unit rows around one common direction, as embeddings lie."""
    x = np.random.default_rng(seed).normal(size=(images, dim)) + 1.5
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def by_scikit_learn(x, is_tag, weights, c):
    from sklearn.linear_model import LogisticRegression

    used = weights > 0
    model = LogisticRegression(C=c, solver="newton-cholesky", tol=1e-12, max_iter=1000)
    model.fit(x[used], is_tag[used], sample_weight=weights[used])
    return model.coef_[0], model.intercept_[0]


@pytest.mark.parametrize("c", [0.01, 1.0, 3.0, 100.0])
def test_each_solution_is_that_of_scikit_learn(c):
    x = table()
    random = np.random.default_rng(1)
    # Frequent, rare and single; learned from all images, from some, and with weights.
    is_tag = np.column_stack([random.random(200) < share for share in (0.5, 0.1, 0.03)] + [np.arange(200) == 7])
    weights = np.column_stack([np.ones(200), np.arange(200) % 3 > 0, random.random(200) * 5, np.ones(200)]).astype(
        float
    )
    coefficients, intercepts = solve_together(x, is_tag, weights, c=c)
    for tag in range(4):
        expected, intercept = by_scikit_learn(x, is_tag[:, tag], weights[:, tag], c)
        np.testing.assert_allclose(coefficients[tag], expected, atol=1e-5 * np.abs(expected).max() + 1e-7)
        assert intercepts[tag] == pytest.approx(intercept, abs=1e-4)


def test_a_solution_does_not_depend_on_the_tags_beside_it():
    x, random = table(), np.random.default_rng(2)
    is_tag, weights = random.random((200, 70)) < 0.2, np.ones((200, 70))
    together, _ = solve_together(x, is_tag, weights, c=3.0)
    for tag in (0, 33, 69):
        alone, _ = solve_together(x, is_tag[:, [tag]], weights[:, [tag]], c=3.0)
        np.testing.assert_allclose(together[tag], alone[0], atol=1e-5)


def test_images_of_no_weight_change_nothing():
    x, is_tag = table(), np.arange(200)[:, np.newaxis] % 7 == 0
    half = (np.arange(200) < 100).astype(float)[:, np.newaxis]
    with_them, b = solve_together(x, is_tag, half, c=3.0)
    without, expected = solve_together(x[:100], is_tag[:100], half[:100], c=3.0)
    np.testing.assert_allclose(with_them, without, atol=1e-6)
    np.testing.assert_allclose(b, expected, atol=1e-6)


def test_images_that_can_be_told_apart_perfectly_are_solved_too():
    x = np.eye(6)
    coefficients, _ = solve_together(x, np.arange(6)[:, np.newaxis] < 3, np.ones((6, 1)), c=1e6)
    assert (x[:3] @ coefficients[0]).min() > (x[3:] @ coefficients[0]).max()


def test_what_cannot_be_solved_is_said_and_not_returned():
    x = table()
    x[3, 0] = np.nan
    with pytest.raises(TrainingError, match="not solved"), np.errstate(all="ignore"):
        solve_together(x, np.arange(200)[:, np.newaxis] < 9, np.ones((200, 1)), c=3.0)
