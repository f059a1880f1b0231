"""Random checks by strata, and labels that look wrong."""

from __future__ import annotations

import numpy as np

from image_tagging.training.active import (
    PAGE_SIZE,
    Candidates,
    Labels,
    Pool,
    check_page,
    likely_wrong_page,
    strata,
)
from reviewed import mountain


def ranked(count=2000, above=90, groups=None):
    x, _ = mountain(count)
    margins = (above - np.arange(count) - 0.5).astype(np.float32)
    return Candidates(Pool(x, groups), margins, np.ones(count, dtype=bool), np.array([], dtype=int))


def test_strata_grow_by_three_below_and_are_thirds_above():
    candidates = ranked()
    above, below = strata(candidates.margins, candidates.is_open)
    assert [len(part) for part in above] == [30, 30, 30]
    assert [len(part) for part in below] == [24, 72, 216, 648, 950]
    assert np.concatenate([*above, *below]).tolist() == list(range(2000))


def test_strata_follow_the_threshold():
    candidates = ranked()
    above, below = strata(candidates.margins, candidates.is_open, 1e6)
    assert above == []
    assert len(below[0]) == 24


def test_a_check_page_has_equal_numbers_of_each_stratum():
    page = check_page(ranked(), 0.0, 0)
    bounds = np.cumsum([30, 30, 30, 24, 72, 216, 648])
    assert np.bincount(np.searchsorted(bounds, page.rows, side="right")).tolist() == [3] * 8


def test_a_check_page_hides_what_the_model_says():
    page = check_page(ranked(), 0.0, 0)
    assert not page.is_marked.any()
    assert set(page.reasons) == {"random check"}
    assert (np.diff(page.rows) < 0).any()  # by score they would be in order


def test_check_pages_are_random_within_a_stratum():
    first, second = (set(check_page(ranked(), 0.0, seed).rows.tolist()) for seed in (0, 1))
    assert len(first & second) < PAGE_SIZE // 2
    assert set(check_page(ranked(), 0.0, 0).rows.tolist()) == first


def test_a_small_mountain_is_checked_whole():
    page = check_page(ranked(10, above=2), 0.0, 0)
    assert sorted(page.rows.tolist()) == list(range(10))


def test_near_duplicates_are_checked_once():
    page = check_page(ranked(40, above=9, groups=np.arange(40) // 4), 0.0, 0)
    assert sorted((page.rows // 4).tolist()) == list(range(10))


def test_the_label_believed_least_comes_first():
    labels = Labels(np.array([3, 5, 8, 9]), np.array([True, True, False, False]), 4)
    page = likely_wrong_page(labels, np.array([-0.5, 2.0, 3.0, -1.0]))
    assert page.rows.tolist() == [8, 3]
    assert page.is_marked.tolist() == [False, True]
    assert page.reasons == ("marked no, but like those that are yes", "marked yes, but unlike the others")
