"""Support vectors that machines share are held once."""

from __future__ import annotations

import numpy as np
import pytest

from image_tagging.tag_models.scorers import rows
from image_tagging.tag_models.scorers.rows import RowPool, RowTable, SharedRows

FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(rows, "_BLOCK_ROWS", 7)


def drawn(count=30, dim=5, seed=0, dtype=FLOAT32):
    return np.random.default_rng(seed).normal(size=(count, dim)).astype(dtype)


@pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64])
@pytest.mark.parametrize("dim", [1, 2, 5])
def test_every_row_is_found_where_it_was_said(dim, dtype):
    images, random = drawn(30, dim, dtype=dtype), np.random.default_rng(1)
    pool = RowPool(dim, dtype)
    for _ in range(20):
        table = images[random.integers(30, size=9)]  # some twice in one table
        assert np.array_equal(pool.take(pool.add(table)), table)
    assert len(pool) == 30
    assert sum(map(len, pool.blocks)) == 30


def test_different_rows_with_one_hash_stay_different(monkeypatch):
    monkeypatch.setattr(rows, "hash", lambda row: 0, raising=False)
    images, pool = drawn(), RowPool(5, FLOAT32)
    for table in (images[:20], images[10:], images[::3]):
        assert np.array_equal(pool.take(pool.add(table)), table)


def test_rows_that_hold_no_number_are_kept_as_they_are():
    table = np.array([[np.nan, 1], [np.inf, -0.0], [np.nan, 1]], dtype=np.float32)
    pool = RowPool(2, FLOAT32)
    assert np.array_equal(pool.take(pool.add(table)), table, equal_nan=True)


@pytest.mark.parametrize(
    ("dim", "dtype", "block_rows"), [(1 << 18, FLOAT32, 4), (1 << 19, FLOAT64, 1), (1 << 22, FLOAT32, 1)]
)
def test_long_rows_lie_in_small_blocks(dim, dtype, block_rows):
    pool = RowPool(dim, dtype)  # a model of one long row takes no memory for a thousand
    assert pool.block_rows == block_rows


def test_lengths_and_types_have_pools_of_their_own():
    shared = SharedRows()
    tables = [shared.pooled(drawn(dim=dim, dtype=dtype)) for dim in (5, 6) for dtype in (FLOAT32, FLOAT64)]
    assert [(table.shape, table.dtype) for table in tables] == [
        ((30, dim), dtype) for dim in (5, 6) for dtype in (FLOAT32, FLOAT64)
    ]
    assert len({table.pool for table in tables}) == 4


@pytest.mark.parametrize("ready_bytes", [0, 1 << 20])
@pytest.mark.parametrize("used", [slice(None), slice(3, 25), slice(0, 1), slice(1, None, 4)])
def test_distances_are_those_of_the_rows_in_use(monkeypatch, used, ready_bytes):
    monkeypatch.setattr(rows, "_READY_BYTES", ready_bytes)
    shared, images, x = SharedRows(), drawn(), drawn(4, seed=1).astype(np.float64)
    shared.pooled(images)
    table = RowTable([shared.pooled(images[used])])
    distances = np.concatenate([part.copy() for part in table.distances(x)])
    expected = ((images[used, np.newaxis].astype(np.float64) - x) ** 2).sum(axis=2)
    assert len(distances) == len(expected)
    np.testing.assert_allclose(distances[table.places[0]], expected, atol=1e-12)


def test_a_pool_of_which_all_rows_are_used_is_not_copied():
    shared = SharedRows()
    tables = [shared.pooled(drawn(seed=seed)) for seed in range(3)]
    assert all(np.shares_memory(own, pooled) for own, pooled in zip(RowTable(tables).blocks, tables[0].pool.blocks))
