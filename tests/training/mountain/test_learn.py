"""One tag learned apart from a background: its models, and what is expected of them."""

from __future__ import annotations

import numpy as np
import pytest

from image_tagging.tag_models import kind_names
from image_tagging.training.evaluation.thresholds import parse_aim
from image_tagging.training.mountain.figures import MOSTLY_TAG, NOT_CALIBRATED
from image_tagging.training.mountain.learn import OfTag, learn_on_mountain
from image_tagging.training.mountain.sample import MountainSample
from mountains import background, data_set, has_tag, mountain

COUNTS = {"cat": 20, "dog": 20}


def learned(data, made, aim="f1"):
    """The models of `cat`, distinguished from the other images and a background."""
    sample = MountainSample.of(made, data)
    is_tag = np.isin(np.arange(len(data.embeddings)), data.rows["cat"])
    tag = OfTag(data.embeddings, is_tag, sample.example_groups, sample.is_like(data.rows["cat"]))
    return learn_on_mountain(tag, sample, [parse_aim(aim)], 0)


@pytest.mark.parametrize("aim", ["f1", "precision=0.9", "recall=0.8"])
def test_most_of_what_is_tagged_has_the_tag(aim):
    shares = (0.05, 0.05)
    made = background(mountain(2000, shares))
    truth = has_tag(made, 2000, shares)
    for _, found in learned(data_set({"cat": 60, "dog": 60}), made, aim).values():
        tagged = found.probabilities >= found.threshold
        assert truth[tagged].mean() > 0.75
        assert tagged[truth].mean() > 0.5
        assert found.figures["tagged"] == tagged.sum()
        assert found.figures["expected_right"] == pytest.approx(truth[tagged].sum(), rel=0.3)


@pytest.mark.parametrize("kind", kind_names())
def test_the_estimator_gives_the_probabilities_of_the_figures(kind):
    made = background(mountain(900, (0.05,)))
    fitted, found = learned(data_set(COUNTS), made)[kind]
    said = fitted.estimator.predict_proba(made.embeddings.astype(np.float64))[:, 0]
    unseen = slice(300, None)  # the others' probabilities are out of fold
    np.testing.assert_allclose(said[unseen], found.probabilities[unseen], atol=1e-5)


def test_a_tag_that_the_mountain_lacks_gets_next_to_nothing():
    for _, found in learned(data_set(COUNTS), background(mountain(3000, (0, 0.1)))).values():
        assert found.figures["tagged"] <= 15
        assert found.figures["prevalence"] < 0.002
        assert found.figures["prevalence_interval"][0] * 3000 < 1  # picture


@pytest.mark.parametrize("share", [0.9, 0.97, 1.0])
def test_a_tag_that_fills_the_mountain_is_said_to(share):
    for _, found in learned(data_set(COUNTS), background(mountain(2000, (share,)))).values():
        assert found.warnings == [MOSTLY_TAG]
        assert found.figures["prevalence"] > 0.5
        assert found.figures["tagged"] > 1000


@pytest.mark.parametrize("kind", kind_names())
def test_one_example_tags_nothing_and_still_finds_the_like(kind):
    shares = (0.05,)
    made = background(mountain(600, shares))
    fitted, found = learned(data_set({"cat": 1, "dog": 20}), made)[kind]
    assert fitted.warning == NOT_CALIBRATED
    assert found.warnings == [NOT_CALIBRATED]
    assert not (found.probabilities >= found.threshold).any()
    surest = [row for row, _ in found.examples()["surest"]]
    assert len(surest) == 10
    assert has_tag(made, 600, shares)[surest].mean() > 0.5


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("kind", kind_names())
def test_two_or_three_examples_claim_little_of_the_mountain(kind, count):
    _, found = learned(data_set({"cat": count, "dog": 20}), background(mountain(600, (0.2,))))[kind]
    assert (found.figures["prevalence"] or 0) <= 0.005
    assert (found.probabilities >= found.threshold).sum() <= 3 * 3 + 10


@pytest.mark.parametrize("kind", kind_names())
def test_four_examples_are_calibrated(kind):
    _, found = learned(data_set({"cat": 4, "dog": 20}), background(mountain(2000, (0.05,))))[kind]
    assert 0.01 < found.figures["prevalence"] < 0.1
    assert found.figures["tagged"] > 10


@pytest.mark.parametrize("count", [1, 10])
def test_a_background_of_ten_pictures_is_enough_to_learn(count):
    for fitted, found in learned(data_set(COUNTS), background(mountain(count))).values():
        assert np.isfinite(found.probabilities).all()
        assert len(found.probabilities) == found.figures["pictures"] == count
        assert fitted.estimator.predict_proba(data_set(COUNTS).embeddings).shape == (40, 2)


def test_a_tag_alone_is_distinguished_from_the_background():
    shares = (0.05,)
    made = background(mountain(2000, shares))
    for _, found in learned(data_set({"cat": 20}), made).values():
        tagged = found.probabilities >= found.threshold
        assert has_tag(made, 2000, shares)[tagged].mean() > 0.75
