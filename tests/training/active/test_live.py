"""Precision and recall while a tag is reviewed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from image_tagging.training.active import (
    Candidates,
    Checks,
    Interval,
    Pool,
    Unlabelled,
    Verdicts,
    check_page,
    live_figures,
)
from image_tagging.training.active.live import calibrate

NO_CHECKS = Checks(np.empty(0, dtype=np.int64), np.empty(0, dtype=bool))


def ranking(seed=0, count=3000, slope=1.5, offset=0.5):
    """Margins (count,), and a truth whose probability is sigmoid(slope margin - offset)."""
    random = np.random.default_rng(seed)
    margins = random.normal(-4, 2, count).astype(np.float32)
    truth = random.random(count) < 1 / (1 + np.exp(-(slope * margins - offset)))
    return margins, truth


def situation(seed=0, judged=72, **settings):
    """Some of the best were judged; the rest is unlabelled."""
    margins, truth = ranking(seed, **settings)
    order = np.argsort(-margins)
    random = np.random.default_rng(seed)
    rows = random.permutation(order[: 3 * judged])[:judged]
    is_open = np.ones(len(margins), dtype=bool)
    is_open[rows] = False
    sample = random.choice(len(margins), 800, replace=False)
    unlabelled = Unlabelled(margins, is_open, np.sort(sample))
    return unlabelled, Verdicts(margins[rows], truth[rows], int(truth[rows].sum())), truth


def checks_of(unlabelled, truth, seed):
    pool = Pool(np.eye(1, 4, dtype=np.float32).repeat(len(truth), axis=0))
    candidates = Candidates(pool, unlabelled.margins, unlabelled.is_unlabelled, np.empty(0, dtype=np.int64))
    rows = check_page(candidates, 0.0, seed).rows
    return Checks(rows, truth[rows])


def truth_of(unlabelled, verdicts, truth):
    above = unlabelled.is_unlabelled & (unlabelled.margins >= 0)
    below = unlabelled.is_unlabelled & (unlabelled.margins < 0)
    found = verdicts.yes + truth[above].sum()
    return found / (verdicts.yes + above.sum()), found / (found + truth[below].sum()), int(truth[below].sum())


@pytest.mark.parametrize("with_checks", [False, True])
def test_intervals_hold_the_truth_about_as_often_as_they_say(with_checks):
    held = []
    for seed in range(60):
        unlabelled, verdicts, truth = situation(seed)
        checks = checks_of(unlabelled, truth, seed) if with_checks else NO_CHECKS
        said = live_figures(unlabelled, verdicts, checks, seed=seed)
        precision, recall, missed = truth_of(unlabelled, verdicts, truth)
        held.append((precision in said.precision, recall in said.recall, missed in said.missed))
    assert (np.mean(held, axis=0) >= (0.8, 0.9, 0.9)).all()


def test_check_verdicts_make_the_interval_of_recall_narrower():
    widths = []
    for seed in range(20):
        unlabelled, verdicts, truth = situation(seed)
        few = live_figures(unlabelled, verdicts, NO_CHECKS, seed=seed).recall
        many = live_figures(unlabelled, verdicts, checks_of(unlabelled, truth, seed), seed=seed).recall
        widths.append((few.high - few.low, many.high - many.low))
    assert np.mean(widths, axis=0)[1] < np.mean(widths, axis=0)[0]


def test_check_verdicts_that_are_yes_below_the_threshold_lower_recall():
    unlabelled, verdicts, truth = situation()
    checks = checks_of(unlabelled, truth, 0)
    low = np.flatnonzero(unlabelled.margins[checks.rows] < -2)
    is_yes = checks.is_yes.copy()
    is_yes[low] = True
    said, worse = (live_figures(unlabelled, verdicts, each) for each in (checks, replace(checks, is_yes=is_yes)))
    assert worse.recall.median < said.recall.median
    assert worse.missed.median > said.missed.median


def test_a_lower_threshold_has_more_recall_and_less_precision():
    unlabelled, verdicts, _ = situation()
    strict, lenient = (live_figures(unlabelled, verdicts, NO_CHECKS, threshold=at) for at in (1.0, -2.0))
    assert lenient.recall.median > strict.recall.median
    assert lenient.precision.median < strict.precision.median


def test_nothing_unlabelled_leaves_nothing_to_guess():
    unlabelled, verdicts, _ = situation()
    said = live_figures(replace(unlabelled, is_unlabelled=np.zeros(3000, dtype=bool)), verdicts, NO_CHECKS)
    assert said.recall == said.precision == Interval(1.0, 1.0, 1.0)
    assert said.missed == Interval(0.0, 0.0, 0.0)


def test_everything_above_the_threshold_misses_nothing():
    unlabelled, verdicts, _ = situation()
    said = live_figures(unlabelled, verdicts, NO_CHECKS, threshold=-1e6)
    assert said.recall == Interval(1.0, 1.0, 1.0)


def test_the_same_seed_gives_the_same_figures():
    unlabelled, verdicts, _ = situation()
    assert live_figures(unlabelled, verdicts, NO_CHECKS, seed=4) == live_figures(
        unlabelled, verdicts, NO_CHECKS, seed=4
    )


def test_pages_whose_verdicts_contradict_the_margins_do_not_turn_the_ranking():
    unlabelled, verdicts, _ = situation()
    turned = replace(verdicts, is_yes=verdicts.margins < np.median(verdicts.margins))
    assert calibrate(unlabelled, turned, 0.0).slope > 0


def test_margins_without_a_model_take_no_part():
    unlabelled, verdicts, _ = situation()
    started = replace(verdicts, margins=np.full(len(verdicts.margins), -np.inf, dtype=np.float32))
    said = live_figures(unlabelled, started, NO_CHECKS)
    assert 0 < said.recall.low <= said.recall.median <= said.recall.high <= 1
