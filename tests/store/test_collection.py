"""All pictures of an output folder together, whichever inputs hold them."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from image_tagging.store import WorkingStore, is_run_at_work, one_run_at_a_time


@pytest.fixture
def output(trained, tmp_path):
    return str(shutil.copytree(trained.output, tmp_path / "out"))


def test_every_picture_is_there_once_in_the_order_of_names(output):
    with WorkingStore(output) as store:
        pictures = list(store.collection.pictures())
    names = [picture.hash_id for picture in pictures]
    assert names == sorted(set(names))
    assert len(names) == 24
    assert {picture.tags for picture in pictures} == {("isometric",), ("sprites",), ("tiles",)}
    assert not any(picture.is_mountain for picture in pictures)
    assert all(picture.files[0].file.endswith(".png") for picture in pictures)


def test_vectors_are_those_of_the_store_in_that_order(output):
    with WorkingStore(output) as store:
        encoder = store.encoders.most_used()
        pictures = list(store.collection.pictures())
        vectors = np.concatenate(list(store.collection.vectors(pictures, encoder)))
        known = {each.hash_id: each.embedding for each in store.known.embeddings_of(
            [picture.hash_id for picture in pictures], encoder)}  # fmt: skip
    assert (vectors.shape, vectors.dtype) == ((24, encoder.dim), np.float16)
    for picture, vector in zip(pictures, vectors):
        assert np.allclose(vector, known[picture.hash_id], rtol=2e-3, atol=1e-3)


def test_a_stamp_changes_with_the_pictures_and_with_their_embeddings(output):
    with WorkingStore(output) as store:
        encoder = store.encoders.most_used()
        pictures = list(store.collection.pictures())
        stamp = store.collection.stamp(pictures, encoder)
        assert store.collection.stamp(pictures, encoder) == stamp
        assert store.collection.stamp(pictures[1:], encoder) != stamp
        with store._file.transaction() as db:
            db.execute("DELETE FROM embedding WHERE key = ?", (pictures[0].picture_hash,))
        assert store.collection.stamp(pictures, encoder) != stamp
        assert not np.concatenate(list(store.collection.vectors(pictures, encoder)))[0].any()


def test_a_run_at_work_is_seen_at_once_and_no_longer_when_it_has_ended(output, tmp_path):
    assert not is_run_at_work(output)
    assert not is_run_at_work(str(tmp_path / "none"))
    with one_run_at_a_time(output):
        assert is_run_at_work(output)
    with WorkingStore(output):
        assert is_run_at_work(output)
    assert not is_run_at_work(output)
