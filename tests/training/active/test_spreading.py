"""Pictures that are unlike each other."""

from __future__ import annotations

import numpy as np

from image_tagging.training.active.spreading import clusters, spread


def blobs(sizes, seed=0):
    random = np.random.default_rng(seed)
    centres = 10 * random.normal(size=(len(sizes), 8))
    x = np.concatenate([centre + 0.1 * random.normal(size=(size, 8)) for centre, size in zip(centres, sizes)])
    return x.astype(np.float32), np.repeat(np.arange(len(sizes)), sizes)


def test_each_cluster_sends_one():
    x, blob = blobs([50, 10, 3, 3, 2])
    assert sorted(blob[spread(x, 5, 0)].tolist()) == [0, 1, 2, 3, 4]


def test_the_one_nearest_to_the_centre_is_sent():
    x = np.array([[0.0, 0], [1, 0], [0.4, 0], [50, 0], [51, 0], [50.6, 0]], dtype=np.float32)
    assert spread(x, 2, 0).tolist() == [2, 5]


def test_equal_vectors_fill_the_page():
    assert spread(np.ones((30, 4), dtype=np.float32), 24, 0).tolist() == list(range(24))


def test_few_vectors_are_all_sent():
    x, _ = blobs([3])
    assert spread(x, 24, 0).tolist() == [0, 1, 2]
    assert spread(x[:0], 24, 0).tolist() == []


def test_distances_are_those_from_the_own_centre():
    x, blob = blobs([20, 20])
    own, distances = clusters(x, 2, 0)
    assert len(set(zip(own.tolist(), blob.tolist()))) == 2
    assert distances.max() < 1
