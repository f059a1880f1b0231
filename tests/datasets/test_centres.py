"""Which centres are nearest to each of many vectors."""

from __future__ import annotations

import numpy as np

from image_tagging.datasets.centres import two_nearest


def nearest(vectors):
    return two_nearest(lambda rows: vectors[rows], len(vectors))


def blobs(count, of_each, seed=0):
    random = np.random.default_rng(seed)
    centres = random.normal(size=(count, 32)) * 5
    return (np.repeat(centres, of_each, axis=0) + random.normal(size=(count * of_each, 32))).astype(np.float32)


def test_every_vector_has_two_centres_the_nearer_first():
    numbers, closeness = nearest(blobs(20, 100))
    assert numbers.shape == closeness.shape == (2000, 2)
    assert (numbers[:, 0] != numbers[:, 1]).all()
    assert (closeness[:, 0] >= closeness[:, 1]).all()


def test_nearly_the_same_vectors_share_a_centre():
    vectors = blobs(40, 250)
    again = vectors + np.random.default_rng(1).normal(size=vectors.shape).astype(np.float32) / 50
    numbers, _ = nearest(np.concatenate([vectors, again]))
    one, other = numbers[: len(vectors)], numbers[len(vectors) :]
    assert (one[:, :, np.newaxis] == other[:, np.newaxis]).any(axis=(1, 2)).mean() > 0.995


def test_centres_are_the_same_for_the_same_vectors():
    vectors = blobs(10, 100)
    for one, other in zip(nearest(vectors), nearest(vectors)):
        np.testing.assert_array_equal(one, other)


def test_vectors_that_are_all_the_same_have_centres():
    numbers, closeness = nearest(np.ones((600, 200), dtype=np.float32))
    assert np.isfinite(closeness).any(axis=1).all()
    assert len(np.unique(numbers[:, 0])) == 1
