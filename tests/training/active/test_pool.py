"""Embeddings of a review: scored block by block, also from a mapped file."""

from __future__ import annotations

import numpy as np
import pytest

from image_tagging.errors import TrainingError
from image_tagging.training.active import Pool, best_first, open_rows, pool
from image_tagging.training.fitting.linear import Linear
from reviewed import mountain


def test_margins_are_those_of_unit_vectors():
    x, _ = mountain(300)
    model = Linear(np.linspace(-1, 1, x.shape[1]), 0.25)
    wide = x.astype(np.float64)
    unit = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    np.testing.assert_allclose(Pool(x).margins(model), model.margins(unit), atol=1e-5)


def test_blocks_change_no_bit_of_a_margin(monkeypatch):
    x, _ = mountain(300)
    model = Linear(np.linspace(-1, 1, x.shape[1]), 0.25)
    whole = Pool(x).margins(model)
    monkeypatch.setattr(pool, "_BLOCK", 7)
    assert np.array_equal(Pool(x).margins(model), whole)


def test_a_mapped_file_gives_the_same_margins(tmp_path):
    x, _ = mountain(300)
    x.tofile(tmp_path / "embeddings.f16")
    mapped = np.memmap(tmp_path / "embeddings.f16", dtype=np.float16, mode="r", shape=x.shape)
    model = Linear(np.ones(x.shape[1]), -1.0)
    assert np.array_equal(Pool(mapped).margins(model), Pool(x).margins(model))


@pytest.mark.parametrize("bad", [0.0, np.nan, np.inf, -np.inf])
def test_a_picture_without_an_embedding_is_last_and_never_shown(bad):
    x, _ = mountain(50)
    x[3] = bad
    of_x = Pool(x)
    margins = of_x.margins(Linear(np.ones(x.shape[1]), 0.0))
    assert margins[3] == -np.inf
    assert np.isfinite(np.delete(margins, 3)).all()
    assert np.flatnonzero(~open_rows(of_x, np.array([], dtype=int))).tolist() == [3]
    assert not of_x.unit(np.array([3])).any()


def test_near_duplicates_of_judged_pictures_are_closed():
    x, _ = mountain(6)
    is_open = open_rows(Pool(x, np.array([0, 0, 2, 3, 2, 5])), np.array([4]))
    assert is_open.tolist() == [True, True, False, True, False, True]


def test_groups_of_another_length_are_refused():
    with pytest.raises(TrainingError, match="one row of each a picture"):
        Pool(mountain(6)[0], np.arange(5))


def test_the_best_come_first_and_equal_ones_in_the_order_of_their_rows():
    random = np.random.default_rng(0)
    scores = random.normal(size=2000).astype(np.float32)
    some = np.array([0, -0.0, 1, -1, np.inf, -np.inf], dtype=np.float32)
    scores[random.integers(2000, size=900)] = random.choice(some, 900)
    scores[:4] = np.finfo(np.float32).smallest_subnormal, -np.finfo(np.float32).smallest_subnormal, 3e38, -3e38
    for rows in (np.arange(2000), np.flatnonzero(random.random(2000) < 0.3), np.arange(0)):
        before = scores.copy()
        assert best_first(scores, rows).tolist() == rows[np.argsort(-scores[rows], kind="stable")].tolist()
        assert np.array_equal(scores, before)
