"""Logistic regression with a given offset for each image."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from image_tagging.errors import TrainingError
from image_tagging.training.text_prior.offset_regression import fit_with_offsets


def examples(count: int, dim: int, tagged: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    x = random.normal(size=(count, dim)) + 0.5
    x[:tagged] += random.normal(size=dim) * 0.5
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return x, np.arange(count) < tagged


def objective(at, x, is_tag, offset, s, c):
    margins = np.where(is_tag, 1, -1) * (x @ at[:-1] + at[-1] + offset)
    return s @ np.logaddexp(0, -margins) + at[:-1] @ at[:-1] / (2 * c)


SHAPES = [(300, 12, 30), (40, 64, 3), (64, 64, 1), (2, 5, 1), (5000, 8, 4)]  # the third: as many rows as columns


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("c", [0.1, 3.0, 300.0])
def test_without_offsets_it_is_that_of_scikit_learn(shape: tuple[int, int, int], c: float) -> None:
    x, is_tag = examples(*shape)
    s = np.where(is_tag, 2.0, 0.5)
    coef, intercept = fit_with_offsets(x, is_tag, np.zeros(len(x)), c, s)
    theirs = LogisticRegression(C=c, tol=1e-10, max_iter=10_000).fit(x, is_tag, s)
    np.testing.assert_allclose(coef, theirs.coef_[0], rtol=1e-4, atol=1e-5)
    assert intercept == pytest.approx(theirs.intercept_[0], abs=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [0.5, 5.0, 50.0])
def test_no_other_search_finds_a_lower_point(shape: tuple[int, int, int], size: float) -> None:
    x, is_tag = examples(*shape)
    offset = np.random.default_rng(1).normal(size=len(x)) * size
    s = np.random.default_rng(2).uniform(0.5, 2, len(x))
    coef, intercept = fit_with_offsets(x, is_tag, offset, 3.0, s)
    ours = objective(np.append(coef, intercept), x, is_tag, offset, s, 3.0)
    arguments = (x, is_tag, offset, s, 3.0)
    other = minimize(objective, np.zeros(x.shape[1] + 1), arguments, "BFGS", options={"gtol": 1e-7})
    assert ours <= other.fun + 1e-12 * abs(other.fun)
    assert other.fun - ours < 1e-4 * (1 + abs(ours))
    nearby = np.append(coef, intercept) + 1e-4 * np.random.default_rng(3).normal(size=(20, x.shape[1] + 1))
    assert all(objective(point, *arguments) > ours for point in nearby)


def test_the_same_input_gives_the_same_bytes() -> None:
    x, is_tag = examples(300, 40, 20)
    offsets = np.random.default_rng(0).normal(size=300)
    coef, intercept = fit_with_offsets(x, is_tag, offsets, 1.0)
    again, at = fit_with_offsets(x.copy(), is_tag.copy(), offsets.copy(), 1.0)
    assert (coef.tobytes(), intercept) == (again.tobytes(), at)


def test_a_weight_of_two_is_an_image_there_twice() -> None:
    x, is_tag = examples(60, 10, 5)
    offset = np.random.default_rng(0).normal(size=60)
    twice = np.r_[0:60, 0:30]
    coef, intercept = fit_with_offsets(x[twice], is_tag[twice], offset[twice], 1.0)
    weighted, at = fit_with_offsets(x, is_tag, offset, 1.0, np.where(np.arange(60) < 30, 2.0, 1.0))
    np.testing.assert_allclose(weighted, coef, atol=1e-7)
    assert at == pytest.approx(intercept, abs=1e-7)


@pytest.mark.parametrize("size", [1e3, -1e3, 1e5])
def test_offsets_far_beyond_all_weights_do_not_stop_the_search(size: float) -> None:
    x, is_tag = examples(50, 6, 5)
    coef, intercept = fit_with_offsets(x, is_tag, np.where(is_tag, size, -size), 1.0)
    assert np.isfinite(coef).all()
    assert np.isfinite(intercept)


def test_offsets_that_separate_the_classes_are_fitted() -> None:
    """As where a name alone separates its images; Newton's method went astray where all sigmoids are flat."""
    x, is_tag = examples(300, 64, 100)
    offsets = 50 * (np.where(is_tag, 4, 2) + 0.1 * np.random.default_rng(0).normal(size=300))
    coef, intercept = fit_with_offsets(x, is_tag, offsets, 1.0)
    assert objective(np.append(coef, intercept), x, is_tag, offsets, np.ones(300), 1.0) < 1e-6


@pytest.mark.parametrize("tagged", [0, 50])
def test_one_class_alone_is_refused(tagged: int) -> None:
    x, _ = examples(50, 6, 5)
    with pytest.raises(TrainingError, match="one image that has it and one that has not"):
        fit_with_offsets(x, np.arange(50) < tagged, np.zeros(50), 1.0)


def test_what_is_no_number_is_refused() -> None:
    x, is_tag = examples(50, 6, 5)
    x[3, 2] = np.nan
    with pytest.raises(TrainingError, match="no number"):
        fit_with_offsets(x, is_tag, np.zeros(50), 1.0)
