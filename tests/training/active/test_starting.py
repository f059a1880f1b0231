"""The first page of a tag without examples."""

from __future__ import annotations

import numpy as np
import pytest

from image_tagging.training.active import PAGE_SIZE, Pool, page_similar_to, typical_page
from reviewed import mountain

NOTHING = np.empty(0, dtype=np.int64)


@pytest.fixture(scope="module")
def kinds():
    """Six kinds of pictures of very different numbers, and the kind of each."""
    random = np.random.default_rng(0)
    sizes = [300, 100, 50, 25, 25, 12]
    centres = random.normal(size=(6, 16))
    x = np.concatenate([c + 0.1 * random.normal(size=(n, 16)) for c, n in zip(centres, sizes)])
    return Pool(x.astype(np.float32)), np.repeat(np.arange(6), sizes)


def test_typical_pictures_are_of_all_kinds(kinds):
    pool, kind = kinds
    page = typical_page(pool, np.ones(len(pool), dtype=bool), NOTHING, 0)
    assert set(kind[page.rows].tolist()) == set(range(6))
    assert set(page.reasons) == {"typical of many pictures"}
    assert not page.is_marked.any()


def test_kinds_that_were_judged_come_last(kinds):
    pool, kind = kinds
    is_open = np.ones(len(pool), dtype=bool)
    is_open[:3] = False
    page = typical_page(pool, is_open, np.array([0, 1, 2]), 0, size=3)
    assert 0 not in page.rows
    assert len({*kind[page.rows].tolist()} - {0}) >= 2


def test_a_typical_picture_is_in_the_midst_of_its_kind(kinds):
    pool, _ = kinds
    row = int(typical_page(pool, np.arange(len(pool)) < 300, NOTHING, 0, size=1).rows[0])
    centre = pool.unit(np.arange(300)).mean(axis=0)
    cosines = pool.cosines(centre)[:300]
    assert cosines[row] > np.quantile(cosines, 0.8)


def test_a_vector_finds_pictures_similar_to_it(kinds):
    pool, kind = kinds
    page = page_similar_to(pool, np.ones(len(pool), dtype=bool), pool.embeddings[-1].astype(float), 0, size=4)
    assert kind[page.rows].tolist() == [5, 5, 5, 5]
    assert set(page.reasons) == {"similar to what was asked for"}


def test_an_empty_mountain_has_an_empty_page():
    x, _ = mountain(20)
    for page in (
        typical_page(Pool(x), np.zeros(20, dtype=bool), NOTHING, 0),
        page_similar_to(Pool(x), np.zeros(20, dtype=bool), x[0].astype(float), 0),
    ):
        assert len(page) == 0


def test_a_page_has_no_more_pictures_than_there_are():
    x, _ = mountain(10)
    assert len(typical_page(Pool(x), np.ones(10, dtype=bool), NOTHING, 0)) <= 10 < PAGE_SIZE
