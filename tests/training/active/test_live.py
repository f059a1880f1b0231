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
    live_curve,
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


def truth_of(unlabelled, verdicts, truth, threshold=0.0):
    above = unlabelled.is_unlabelled & (unlabelled.margins >= threshold)
    below = unlabelled.is_unlabelled & (unlabelled.margins < threshold)
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


PROBABILITIES = np.arange(1, 20) / 20
THRESHOLDS = np.log(PROBABILITIES / (1 - PROBABILITIES))


def test_figures_of_one_threshold_are_the_curve_there():
    unlabelled, verdicts, truth = situation(2)
    checks = checks_of(unlabelled, truth, 2)
    figures = live_figures(unlabelled, verdicts, checks, seed=2)
    assert live_curve(unlabelled, verdicts, checks, [0.0], seed=2) == [figures]
    near = live_curve(unlabelled, verdicts, checks, THRESHOLDS, seed=2)[9]
    assert near.recall.median == pytest.approx(figures.recall.median, abs=0.03)
    assert near.shown == figures.shown == verdicts.yes + int((unlabelled.margins[unlabelled.is_unlabelled] >= 0).sum())


def test_recall_never_rises_with_the_threshold():
    unlabelled, verdicts, truth = situation(3)
    curve = live_curve(unlabelled, verdicts, checks_of(unlabelled, truth, 3), THRESHOLDS, seed=3)
    for name in ("low", "median", "high"):
        recalls = [getattr(figures.recall, name) for figures in curve]
        assert recalls == sorted(recalls, reverse=True)
    assert [figures.shown for figures in curve] == sorted((figures.shown for figures in curve), reverse=True)


def test_intervals_hold_at_other_thresholds_too():
    held = []
    for seed in range(40):
        unlabelled, verdicts, truth = situation(seed)
        curve = live_curve(unlabelled, verdicts, checks_of(unlabelled, truth, seed), THRESHOLDS[[3, 15]], seed=seed)
        for threshold, said in zip(THRESHOLDS[[3, 15]], curve):
            precision, recall, missed = truth_of(unlabelled, verdicts, truth, threshold)
            held.append((precision in said.precision, recall in said.recall, missed in said.missed))
    assert (np.mean(held, axis=0) >= (0.85, 0.85, 0.85)).all()


def test_a_curve_of_nothing_has_nothing_to_guess():
    nothing = Unlabelled(np.empty(0, np.float32), np.empty(0, bool), np.empty(0, dtype=np.int64))
    verdicts = Verdicts(np.array([1.0], np.float32), np.array([True]), 1)
    curve = live_curve(nothing, verdicts, NO_CHECKS, THRESHOLDS)
    assert {(figures.recall.median, figures.shown) for figures in curve} == {(1.0, 1)}
