"""Which images a tag is learned from, where there are more."""

from __future__ import annotations

import numpy as np
import pytest

from image_tagging.errors import TrainingError
from image_tagging.training.fitting import sampling
from image_tagging.training.fitting.decorrelation import Moments
from image_tagging.training.fitting.sampling import Candidates, draw
from labelled import examples


def test_only_the_rows_given_are_drawn_from(monkeypatch):
    x, is_tag = examples(positives=20, negatives=300)
    chosen = np.flatnonzero(np.arange(320) % 2)
    moments = Moments.of(x)
    apart = draw(Candidates(x[chosen], np.arange(len(chosen)), is_tag[chosen]), moments, 50, 0)
    monkeypatch.setattr(sampling, "_CHUNK", 7)
    among = draw(Candidates(x, chosen, is_tag[chosen]), moments, 50, 0)
    np.testing.assert_array_equal(apart.chosen, among.chosen)
    np.testing.assert_array_equal(apart.weights, among.weights)


def test_an_embedding_that_is_no_number_is_found_among_many():
    x, is_tag = examples(positives=20, negatives=300)
    x[200, 3] = np.inf
    with pytest.raises(TrainingError, match="no number"):
        draw(Candidates(x, np.arange(len(x)), is_tag), Moments.of(np.nan_to_num(x)), 50, 0)


def test_the_nearest_are_those_of_the_discriminant():
    x, is_tag = examples(positives=20, negatives=300)
    candidates = Candidates(x, np.arange(len(x)), is_tag)
    moments = Moments.of(x)
    drawn = draw(candidates, moments, 50, 0)
    unit = candidates.unit_vectors(np.arange(len(x)))
    space = moments.decorrelation(0.1)
    changed = space.of(unit)
    margins = changed @ (changed[is_tag].mean(axis=0) - changed[~is_tag].mean(axis=0))
    others = np.flatnonzero(~is_tag)
    nearest = others[np.argsort(-margins[others])][:25]
    assert set(nearest) == set(drawn.chosen[(drawn.weights == 1) & ~is_tag[drawn.chosen]])


def test_embeddings_of_any_length_are_drawn_alike():
    x, is_tag = examples(positives=20, negatives=300)
    drawn = draw(Candidates(x, np.arange(len(x)), is_tag), Moments.of(x), 50, 0)
    scaled = x * np.logspace(-30, 30, len(x), dtype=np.float32)[:, np.newaxis]
    again = draw(Candidates(scaled, np.arange(len(x)), is_tag), Moments.of(scaled), 50, 0)
    np.testing.assert_array_equal(drawn.chosen, again.chosen)
