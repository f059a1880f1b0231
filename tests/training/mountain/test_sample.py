"""The background as all tags use it: how much of it models are fitted to, and what is nearly the same."""

from __future__ import annotations

import numpy as np
import pytest

from image_tagging.training.mountain.sample import MountainSample
from mountains import background, cloud, data_set, mountain, pictures

COUNTS = {"cat": 20, "dog": 12}


@pytest.mark.parametrize(
    ("count", "fitted"), [(1, 1), (10, 10), (299, 299), (300, 300), (900, 300), (1500, 500), (7000, 2000)]
)
def test_models_are_fitted_to_a_part_of_a_large_background(count, fitted):
    sample = MountainSample.of(background(mountain(count)), data_set(COUNTS))
    assert (len(sample), sample.fitted) == (count, fitted)
    np.testing.assert_allclose(np.linalg.norm(sample.x, axis=1), 1)


def test_near_duplicates_of_an_example_are_known_by_its_number():
    data = data_set(COUNTS)
    made = background([*mountain(50), *pictures("again", cloud(20, 0, seed=1)[:3] * 2)])
    sample = MountainSample.of(made, data)
    again = np.array([picture.hash_id.startswith("again") for picture in made.pictures])
    np.testing.assert_array_equal(sample.is_like(data.rows["cat"]), again)
    assert not sample.is_like(data.rows["dog"]).any()
    (row,) = (row for row, picture in enumerate(made.pictures) if picture.hash_id == "again-1")
    assert sample.groups[row] == sample.example_groups[data.rows["cat"][1]]


def test_the_order_of_the_metadata_changes_nothing():
    found = mountain(60)
    one, other = (MountainSample.of(background(found), data_set(COUNTS, shuffled=seed)) for seed in (None, 4))
    np.testing.assert_array_equal(one.x, other.x)
    np.testing.assert_array_equal(one.groups, other.groups)
    np.testing.assert_array_equal(one.moments.products, other.moments.products)
    plain, shuffled = data_set(COUNTS), data_set(COUNTS, shuffled=4)
    for tag in COUNTS:
        assert sorted(one.example_groups[plain.rows[tag]]) == sorted(other.example_groups[shuffled.rows[tag]])


def test_pictures_that_no_model_is_fitted_to_have_no_part_in_the_space():
    data, found = data_set(COUNTS), mountain(1200)
    made = background(found)
    before = MountainSample.of(made, data)
    made.embeddings[before.fitted :] *= np.linspace(1, 2, len(made) - before.fitted)[:, np.newaxis]
    made.embeddings[before.fitted :, 0] += 3
    np.testing.assert_array_equal(MountainSample.of(made, data).moments.products, before.moments.products)
