"""What is expected of a model on the mountain, by probabilities whose truth is known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from image_tagging.tag_models.mountain import MountainFigures
from image_tagging.training.evaluation.thresholds import as_aim, parse_aim
from image_tagging.training.fitting.calibration import Sigmoid
from image_tagging.training.mountain.figures import (
    MOSTLY_TAG,
    NOT_CALIBRATED,
    NOT_DISTINGUISHED,
    measure_on_mountain,
)
from image_tagging.training.mountain.fit import MountainModel
from image_tagging.training.mountain.prevalence import Prevalence

F1 = parse_aim("f1")


def model(prevalence=None, has_tag=None):
    sigmoid = prevalence and Sigmoid(1.0, 0.0)
    return MountainModel(None, None, np.empty(0), np.empty(0), sigmoid, prevalence, has_tag)


def world(pictures=20_000, seed=0):
    """True probabilities of a mountain, which of it has the tag, and those of images that have it."""
    random = np.random.default_rng(seed)
    p = random.beta(0.05, 2, pictures)
    return p, random.uniform(size=pictures) < p, random.choice(p, 3000, p=p / p.sum())


def measured(p, of_examples, **changes):
    share = float(p.mean())
    prevalence = Prevalence(share, share / 2, share * 2, **changes)
    return measure_on_mountain(model(prevalence, p), p, of_examples, [F1])


def test_figures_are_those_of_the_truth():
    p, truth, of_examples = world()
    found = measured(p, of_examples)
    tagged = p >= found.threshold
    figures = found.figures
    assert (figures["pictures"], figures["tagged"]) == (20_000, tagged.sum())
    assert figures["expected_right"] == pytest.approx(truth[tagged].sum(), rel=0.1)
    assert figures["precision"] == pytest.approx(truth[tagged].mean(), abs=0.05)
    assert figures["recall"] == pytest.approx(tagged[truth].mean(), abs=0.05)
    assert figures["f1"] == pytest.approx(2 * (tagged & truth).sum() / (tagged.sum() + truth.sum()), abs=0.05)
    assert figures["prevalence"] == pytest.approx(truth.mean(), rel=0.1)
    order = np.argsort(-p)
    ap = (np.cumsum(truth[order]) / np.arange(1, len(p) + 1))[truth[order]].mean()
    assert figures["average_precision"] == pytest.approx(ap, abs=0.06)
    assert found.warnings == []


def test_a_card_reads_the_figures_as_they_are():
    p, _, of_examples = world()
    figures = json.loads(json.dumps(measured(p, of_examples).figures, allow_nan=False))
    read = MountainFigures.read(figures)
    assert read.interval == tuple(figures["prevalence_interval"])
    for name in "pictures prevalence average_precision precision recall f1 tagged expected_right".split():
        assert getattr(read, name) == figures[name], name
    assert set(figures) == {*vars(read), "prevalence_interval"} - {"interval"}


def test_of_a_model_that_nothing_calibrated_nothing_is_said_but_its_surest():
    p = np.linspace(0, 1, 50)
    found = measure_on_mountain(model(), p, np.empty(0), [F1])
    assert found.warnings == [NOT_CALIBRATED]
    assert {name for name, value in found.figures.items() if value is not None} == {"pictures", "warnings"}
    assert not (p[:-1] >= found.threshold).any()
    assert [row for row, _ in found.examples()["surest"]] == list(range(49, 39, -1))


def test_warnings_say_what_is_not_to_be_relied_on():
    p, _, of_examples = world()
    assert measured(p, of_examples, is_most=True).warnings == [MOSTLY_TAG]
    unlike = measured(p, of_examples, is_distinguished=False)
    assert unlike.warnings == [NOT_DISTINGUISHED]
    assert unlike.figures["expected_right"] is None


def test_pictures_are_shown_at_the_threshold_and_on_both_sides():
    p, _, of_examples = world(300)
    found = measured(p, of_examples)
    shown = found.examples()
    assert [probability for _, probability in shown["surest"]] == sorted(p, reverse=True)[:10]
    for rows in shown.values():
        assert [probability for _, probability in rows] == [p[row] for row, _ in rows]
    assert min(probability for _, probability in shown["at_threshold"]) >= found.threshold
    assert max(probability for _, probability in shown["just_below"]) < found.threshold
    assert not {row for row, _ in shown["at_threshold"]} & {row for row, _ in shown["just_below"]}
    assert (len(shown["at_threshold"]), len(shown["just_below"])) == (6, 6)


def test_a_mountain_of_three_pictures_shows_three():
    found = measured(np.array([0.9, 0.2, 0.1]), np.array([0.8, 0.9]))
    shown = found.examples()
    assert [row for row, _ in shown["surest"]] == [0, 1, 2]
    assert [row for row, _ in shown["at_threshold"]] + [row for row, _ in shown["just_below"]] == [0, 1, 2]


def test_a_threshold_that_a_person_has_set_is_used_and_measured():
    p, _, of_examples = world()
    prevalence = Prevalence(float(p.mean()), 0.0, 1.0, True, False)
    fixed, f1 = as_aim(0.8), F1
    found = measure_on_mountain(model(prevalence, p), p, of_examples, [fixed, f1])
    assert (found.threshold, found.figures["tagged"]) == (0.8, int((p >= 0.8).sum()))
    by_f1 = measure_on_mountain(model(prevalence, p), p, of_examples, [f1])
    assert found.thresholds[f1] == by_f1.threshold


def test_a_model_that_is_not_calibrated_keeps_the_threshold_that_a_person_has_set():
    found = measure_on_mountain(model(), np.array([0.9, 0.2]), np.empty(0), [as_aim(0.5), F1])
    assert found.threshold == 0.5
    assert "nothing is tagged" not in found.warnings[0]
