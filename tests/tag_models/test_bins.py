"""Every score falls into one bin."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_tagging.tag_models.bins import MAX_BINS, bin_labels, bin_numbers

SCORES = st.floats(0, 1)
BINS = st.integers(1, MAX_BINS)


@given(SCORES, BINS)
def test_every_score_falls_between_the_edges_of_its_bin(score, bins):
    (number,) = bin_numbers(np.array([score]), bins).tolist()
    assert 1 <= number <= bins
    assert score <= number / bins
    assert score > (number - 1) / bins or (score == 0 and number == 1)


@given(st.lists(SCORES, min_size=1), BINS)
def test_a_higher_score_is_never_in_a_lower_bin(scores, bins):
    numbers = bin_numbers(np.sort(np.array(scores)), bins)
    assert (np.diff(numbers) >= 0).all()


@given(BINS, st.data())
def test_an_upper_edge_belongs_to_its_bin(bins, data):
    k = data.draw(st.integers(1, bins))
    assert bin_numbers(np.array([k / bins]), bins).tolist() == [k]


def test_the_edges_of_ten_bins():
    scores = np.array([[0.0, 0.1, 0.3], [0.7, np.nextafter(0.7, 1), 1.0]])
    assert bin_numbers(scores, 10).tolist() == [[1, 1, 3], [7, 8, 10]]


def test_no_scores_fall_into_no_bins():
    assert bin_numbers(np.empty((0, 4)), 10).shape == (0, 4)


@pytest.mark.parametrize("score", [-0.001, 1.001, np.nan, np.inf])
def test_what_is_no_probability_is_refused(score):
    with pytest.raises(ValueError, match="not a number between 0 and 1"):
        bin_numbers(np.array([0.5, score]), 10)


@pytest.mark.parametrize("bins", [0, -1, MAX_BINS + 1])
def test_a_number_of_bins_out_of_reason_is_refused(bins):
    with pytest.raises(ValueError, match="number of bins"):
        bin_numbers(np.array([0.5]), bins)


def test_folders_are_named_by_the_upper_edge():
    assert bin_labels(10) == ["0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "1.0"]
    assert bin_labels(3) == ["0.3333", "0.6667", "1.0"]
    assert bin_labels(1) == ["1.0"]


@given(BINS)
def test_no_two_bins_share_a_folder(bins):
    labels = bin_labels(bins)
    assert len(set(labels)) == bins
    assert all(abs(Fraction(label) - Fraction(k, bins)) < Fraction(1, 10_000) for k, label in enumerate(labels, 1))
    assert all("e" not in label for label in labels)
