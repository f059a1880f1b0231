"""The nearest pictures are exactly those of the highest cosines, in an order that is always the same."""

import numpy as np
import pytest

from image_tagging.search import inverse_lengths, sum_of_terms
from image_tagging.search import nearest as nearest_by_lengths


def nearest(embeddings, *given):
    return nearest_by_lengths(embeddings, inverse_lengths(embeddings), *given)


@pytest.fixture
def embeddings():
    values = np.random.default_rng(0).standard_normal((20_000, 24)).astype(np.float16)
    values[5] = 0
    values[6, 0] = np.nan
    values[7, 0] = np.inf
    values[9_000] = values[123]
    return values


def cosines(embeddings, vector):
    wide = embeddings.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return wide @ vector / np.linalg.norm(wide, axis=1) / np.linalg.norm(vector)


def test_the_result_is_that_of_comparing_every_row(embeddings):
    vectors = np.random.default_rng(1).standard_normal((3, 24))
    for vector, found in zip(vectors, nearest(embeddings, vectors, 50)):
        known = cosines(embeddings, vector)
        known[[5, 6, 7]] = -np.inf
        assert found.rows.tolist() == np.lexsort((np.arange(len(known)), -known.astype(np.float32)))[:50].tolist()
        np.testing.assert_allclose(found.cosines, known[found.rows], atol=1e-6)


@pytest.mark.parametrize("count", [1, 16])
def test_many_vectors_at_once_find_what_each_finds_alone(embeddings, count):
    vectors = np.random.default_rng(2).standard_normal((count, 24))
    for vector, found in zip(vectors, nearest(embeddings, vectors, 20)):
        np.testing.assert_allclose(found.cosines, nearest(embeddings, vector[np.newaxis], 20)[0].cosines, atol=1e-6)


def test_of_equal_pictures_the_earlier_row_comes_first(embeddings):
    found = nearest(embeddings, embeddings[123:124].astype(np.float64), 2)[0]
    assert found.rows.tolist() == [123, 9_000]
    assert found.cosines[0] == found.cosines[1]


def test_rows_without_a_direction_are_never_found(embeddings):
    found = nearest(embeddings[:10], np.ones((1, 24)), 100)[0]
    assert sorted(found.rows.tolist()) == [0, 1, 2, 3, 4, 8, 9]


def test_only_allowed_rows_are_found(embeddings):
    is_allowed = np.zeros(len(embeddings), dtype=bool)
    is_allowed[[3, 5, 9]] = True
    assert sorted(nearest(embeddings, np.ones((1, 24)), 10, is_allowed)[0].rows.tolist()) == [3, 9]


def test_no_rows_give_no_results():
    assert not len(nearest(np.zeros((0, 4), dtype=np.float16), np.ones((1, 4)), 10)[0].rows)


def test_a_sum_weighs_directions_and_not_lengths():
    total = sum_of_terms([np.array([100.0, 0]), np.array([0, 0.01])], [1, -1])
    np.testing.assert_allclose(total, [np.sqrt(0.5), -np.sqrt(0.5)])


def test_terms_that_take_each_other_away_leave_nothing():
    assert sum_of_terms([np.ones(3), np.ones(3) * 2], [1, -1]) is None
