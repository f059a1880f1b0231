"""What a page is composed of."""

from __future__ import annotations

import numpy as np
import pytest

from image_tagging.training.active import PAGE_SIZE, Candidates, Pool, next_page, top_share_of
from image_tagging.training.active.pages import BEST, BOUNDARY, NEAR, TOP, UNSEEN
from reviewed import Reviewer, mountain


@pytest.fixture(scope="module")
def reviewer():
    return Reviewer(*mountain())


def test_the_first_page_is_of_the_best_scores_alone(reviewer):
    page = next_page(reviewer.candidates, None, 0)
    assert len(set(page.rows.tolist())) == PAGE_SIZE
    assert set(page.parts) == {TOP}
    open_margins = np.where(reviewer.is_open, reviewer.margins, -np.inf)
    assert page.margins.min() >= np.sort(open_margins)[-3 * PAGE_SIZE]


def test_a_page_is_sorted_and_marked_at_the_threshold(reviewer):
    page = next_page(reviewer.candidates, 0.5, 0)
    assert (np.diff(page.margins) <= 0).all()
    assert np.array_equal(page.is_marked, page.margins >= 0)
    assert np.array_equal(page.margins, reviewer.margins[page.rows])


@pytest.mark.parametrize(("share", "top"), [(1.0, 4), (0.8, 4), (0.79, 8), (0.5, 8), (0.2, 12), (0.19, 16), (0.0, 16)])
def test_the_more_of_the_top_were_yes_the_more_doubtful_ones_follow(reviewer, share, top):
    page = next_page(reviewer.candidates, share, 0)
    assert page.parts.count(TOP) == top
    assert page.parts.count(BOUNDARY) == PAGE_SIZE - top


def test_doubtful_pictures_are_those_nearest_to_the_threshold(reviewer):
    page = next_page(reviewer.candidates, 1.0, 0)
    boundary = np.array(page.parts) == BOUNDARY
    distances = np.sort(np.abs(reviewer.margins[reviewer.is_open]))
    assert np.abs(page.margins[boundary]).max() <= distances[3 * 20 + 4]


def test_the_share_of_yes_is_that_of_the_top_pictures_judged(reviewer):
    page = next_page(reviewer.candidates, 1.0, 0)
    is_top = np.array(page.parts) == TOP
    assert top_share_of(page, is_top) == 1.0
    assert top_share_of(page, ~is_top) == 0.0
    assert top_share_of(page, is_top, ~is_top) is None


def test_pictures_of_a_group_are_shown_once():
    x, is_tag = mountain(200)
    doubled = np.concatenate([x, x])
    groups = np.tile(np.arange(200), 2)
    reviewer = Reviewer(doubled, np.tile(is_tag, 2), groups=groups)
    shown = []
    for _ in range(4):
        reviewer.judge()
    shown = groups[reviewer.rows]
    assert len(set(shown.tolist())) == len(shown) == 1 + 4 * PAGE_SIZE


def test_a_picture_unlike_all_that_was_judged_is_a_region_not_yet_seen():
    random = np.random.default_rng(0)
    centres = random.normal(size=(2, 16))
    x = np.concatenate([each + 0.1 * random.normal(size=(40, 16)) for each in centres])
    pool = Pool(x.astype(np.float32))
    everything = np.ones(80, dtype=bool)
    everything[:4] = False
    page = next_page(Candidates(pool, np.zeros(80, np.float32), everything, np.arange(40)), 0.5, 0)
    far = page.rows >= 40
    assert {reason for reason, is_far in zip(page.reasons, far) if is_far} == {UNSEEN}
    assert {reason for reason, is_far in zip(page.reasons, far) if not is_far} <= {BEST, NEAR}


def test_fewer_open_pictures_make_a_shorter_page_and_none_an_empty_one(reviewer):
    some = np.zeros(len(reviewer.pool), dtype=bool)
    some[[5, 9, 700]] = True
    candidates = Candidates(reviewer.pool, reviewer.margins, some, np.array(reviewer.rows))
    assert sorted(next_page(candidates, 0.5, 0).rows.tolist()) == [5, 9, 700]
    nothing = Candidates(reviewer.pool, reviewer.margins, np.zeros_like(some), np.array(reviewer.rows))
    for share in (None, 0.5):
        page = next_page(nothing, share, 0)
        assert (len(page), page.reasons) == (0, ())


def test_a_seed_decides_the_page(reviewer):
    pages = [next_page(reviewer.candidates, 0.5, 3) for _ in range(2)]
    assert np.array_equal(pages[0].rows, pages[1].rows)
    assert pages[0].reasons == pages[1].reasons
