"""Probabilities on a mountain, by margins of which the right probabilities are known."""

from __future__ import annotations

import numpy as np
import pytest

from image_tagging.training.mountain.calibration import fit_mountain_sigmoid

APART = 3.5


def margins(share, *, examples=200, pictures=10_000, seed=0):
    """Margins of examples and of a mountain, and which pictures of it have the tag."""
    random = np.random.default_rng(seed)
    is_tag = np.arange(pictures) < round(share * pictures)
    return random.normal(APART, 1, examples), random.normal(size=pictures) + APART * is_tag, is_tag


def right(of, share):
    """The probabilities of two normal distributions, of one width and APART."""
    odds = share / (1 - share) * np.exp(APART * of - APART**2 / 2)
    return odds / (1 + odds)


@pytest.mark.parametrize("share", [0.002, 0.02, 0.2])
def test_probabilities_are_those_of_the_mountain(share):
    examples, mountain, _ = margins(share)
    sigmoid, _ = fit_mountain_sigmoid(examples, mountain, share)
    said = sigmoid.of(mountain)
    assert np.abs(said - right(mountain, share)).mean() < 0.1 * share + 0.0005


@pytest.mark.parametrize("share", [0.005, 0.05])
def test_so_many_of_the_surest_are_right_as_their_probabilities_say(share):
    examples, mountain, is_tag = margins(share)
    sigmoid, _ = fit_mountain_sigmoid(examples, mountain, share)
    said = sigmoid.of(mountain)
    tagged = said >= 0.4
    assert said[tagged].sum() == pytest.approx(is_tag[tagged].sum(), rel=0.15, abs=3)


@pytest.mark.parametrize("share", [0.0001, 0.02, 0.5, 1.0])
def test_the_mountain_has_no_more_of_the_tag_than_was_estimated(share):
    examples, mountain, _ = margins(min(share, 0.9))
    _, has_tag = fit_mountain_sigmoid(examples, mountain, share)
    assert has_tag.shape == mountain.shape
    assert has_tag.min() >= 0
    assert has_tag.max() <= 1
    assert has_tag.sum() <= share * len(mountain) * (1 + 1e-9)


def test_pictures_that_have_the_tag_are_found_among_the_others():
    examples, mountain, is_tag = margins(0.05)
    _, has_tag = fit_mountain_sigmoid(examples, mountain, 0.05)
    assert has_tag[is_tag].mean() > 0.7
    assert has_tag[~is_tag].mean() < 0.02


def test_the_scale_of_margins_makes_no_difference():
    examples, mountain, _ = margins(0.02)
    sigmoid, _ = fit_mountain_sigmoid(examples, mountain, 0.02)
    other, _ = fit_mountain_sigmoid(50 * examples - 9, 50 * mountain - 9, 0.02)
    np.testing.assert_allclose(other.of(50 * mountain - 9), sigmoid.of(mountain), atol=1e-9)


def test_margins_that_say_nothing_give_no_sigmoid():
    examples, mountain, _ = margins(0)
    assert fit_mountain_sigmoid(np.full(9, 1.0), np.full(50, 1.0), 0.01) is None
    assert fit_mountain_sigmoid(-examples, mountain, 0.01) is None


@pytest.mark.parametrize("pictures", [2, 10])
@pytest.mark.parametrize("examples", [1, 3])
def test_a_few_margins_give_finite_numbers(examples, pictures):
    found = fit_mountain_sigmoid(*margins(0, examples=examples, pictures=pictures)[:2], 0.5 / pictures)
    sigmoid, has_tag = found
    assert np.isfinite([sigmoid.slope, sigmoid.offset]).all()
    assert np.isfinite(has_tag).all()
