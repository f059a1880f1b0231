"""The margins of machines that share support vectors, by sums over few of them and by one product."""

from __future__ import annotations

import numpy as np
import pytest

from image_tagging.tag_models.scorers import margins, rows
from image_tagging.tag_models.scorers.margins import Machine, Margins
from image_tagging.tag_models.scorers.rows import RowTable, SharedRows

DIM = 6


def machines(shared):
    """Twelve machines over forty images, of three gammas: some with few images, one with all, one with one twice."""
    random = np.random.default_rng(0)
    images = random.normal(size=(40, DIM))
    chosen = [random.permutation(40)[: random.integers(1, 9)] for _ in range(9)]
    chosen += [np.arange(40), np.array([3, 5, 3]), np.arange(10, 20)]
    tables = [images[rows] for rows in chosen]
    made = [
        Machine(shared.pooled(table), random.normal(size=len(table)), [0.1, 0.2, 0.4][number % 3])
        for number, table in enumerate(tables)
    ]
    return tables, made


@pytest.mark.parametrize("dense", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("block_rows", [3, 7, 1024])
@pytest.mark.parametrize("images", [0, 1, 2, 25])
def test_they_are_the_sums_over_the_support_vectors(monkeypatch, dense, block_rows, images):
    monkeypatch.setattr(margins, "_DENSE", dense)
    monkeypatch.setattr(rows, "_BLOCK_ROWS", block_rows)
    monkeypatch.setattr(margins, "_CHUNK", 10)
    tables, made = machines(SharedRows())
    x = np.random.default_rng(1).normal(size=(images, DIM))
    expected = [
        machine.dual_coef @ np.exp(-machine.gamma * ((table[:, np.newaxis] - x) ** 2).sum(axis=2))
        for table, machine in zip(tables, made)
    ]
    np.testing.assert_allclose(Margins(made).of(x), np.transpose(expected), atol=1e-12)


@pytest.mark.parametrize("count", [2, 3, 50])
def test_threads_change_nothing_but_the_order_of_the_sum(monkeypatch, count):
    monkeypatch.setattr(rows, "_BLOCK_ROWS", 7)
    _, made = machines(SharedRows())
    x = np.random.default_rng(1).normal(size=(5, DIM))
    alone = Margins(made).of(x)
    monkeypatch.setattr(margins, "sum_of_parts", lambda part, *_: sum(part(number, count) for number in range(count)))
    np.testing.assert_allclose(Margins(made).of(x), alone, atol=1e-12)


def test_machines_of_several_pools_are_scored_together():
    x = np.random.default_rng(1).normal(size=(5, DIM))
    _, together = machines(SharedRows())
    _, apart = machines(SharedRows())
    mixed = [pair[number % 2] for number, pair in enumerate(zip(together, apart))]
    np.testing.assert_allclose(Margins(mixed).of(x), Margins(together).of(x), atol=1e-12)


def test_tables_are_no_larger_than_a_block_and_a_chunk(monkeypatch):
    monkeypatch.setattr(margins, "_CHUNK", 50)
    monkeypatch.setattr(rows, "_BLOCK_ROWS", 7)
    shapes = []
    distances = RowTable.distances

    def watched(self, x, blocks):
        for table in distances(self, x, blocks):
            shapes.append(table.shape)
            yield table

    monkeypatch.setattr(RowTable, "distances", watched)
    _, made = machines(SharedRows())
    Margins(made).of(np.random.default_rng(1).normal(size=(1000, DIM)))
    assert max(shapes) == (7, 50)
    assert len(shapes) == 20 * 6
