"""A whole review, page after page: the parts work together."""

from __future__ import annotations

import numpy as np
import pytest

from image_tagging.training.active import STOP, Checks, Unlabelled, Verdicts, live_figures, stop_advice
from reviewed import Reviewer, mountain

PAGES = 4


@pytest.fixture(scope="module")
def worlds():
    """Mountains of a rare tag, and pictures of the same kinds to measure on."""
    made = []
    for seed in range(4):
        x, is_tag = mountain(2400, 100, seed)
        made.append((x[:1400], is_tag[:1400], x[1400:], is_tag[1400:]))
    return made


def reviewed(world, choose=None):
    x, is_tag, test, is_test = world
    reviewer = Reviewer(x, is_tag)
    random = np.random.default_rng(0)
    for _ in range(PAGES):
        reviewer.judge(choose and (lambda each: choose(each, random)))
    return reviewer, reviewer.average_precision(test, is_test)


def at_random(reviewer, random):
    return random.choice(np.flatnonzero(reviewer.is_open), 24, replace=False)


def test_a_few_pages_teach_what_all_labels_would(worlds):
    for world in worlds:
        x, is_tag, test, is_test = world
        everything = Reviewer(x, is_tag)
        everything.judge(lambda each: np.flatnonzero(each.is_open))
        assert reviewed(world)[1] > 0.95 * everything.average_precision(test, is_test)


def test_the_order_is_better_than_random_pictures(worlds):
    ours, theirs = (np.mean([reviewed(world, choose)[1] for world in worlds]) for choose in (None, at_random))
    assert ours > theirs + 0.05


def test_flips_become_few_and_the_advice_is_to_stop(worlds):
    reviewer, _ = reviewed(worlds[0])
    for _ in range(4):
        reviewer.judge()
    margins, is_yes = (np.concatenate(each) for each in zip(*reviewer.pages))
    figures = live_figures(
        Unlabelled(reviewer.margins, reviewer.is_open, reviewer.learner.unlabelled),
        Verdicts(margins, is_yes, int(reviewer.truth[reviewer.rows].sum())),
        Checks(np.empty(0, dtype=np.int64), np.empty(0, dtype=bool)),
    )
    assert max(reviewer.flips[-2:]) <= 1
    assert stop_advice(reviewer.flips, figures).advice == STOP


def test_a_review_is_the_same_every_time(worlds):
    first, second = (reviewed(worlds[1])[0] for _ in range(2))
    assert first.rows == second.rows
    assert np.array_equal(first.margins, second.margins)
