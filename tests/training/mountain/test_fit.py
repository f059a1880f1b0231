"""Models fitted to examples and a background: what is a negative, what is held out together, what weighs how much."""

from __future__ import annotations

import numpy as np
import pytest

from image_tagging.tag_models import kind_names, unit_rows
from image_tagging.training.fitting.examples import Examples
from image_tagging.training.mountain import fit as fitting
from image_tagging.training.mountain.fit import fit_with_background
from image_tagging.training.mountain.sample import MountainSample
from mountains import background, data_set, has_tag, mountain, pictures

COUNTS = {"cat": 20, "dog": 20}
MANY = {"cat": 60, "dog": 60}


def task(data, made, tag="cat"):
    """What is fitted: all images of a data set, those of one tag against the others, and a background."""
    sample = MountainSample.of(made, data)
    x = unit_rows(data.embeddings.astype(np.float64))
    rows = np.arange(len(x))
    is_tag = np.isin(rows, data.rows[tag])
    examples = Examples(x, is_tag, np.ones(len(x)), sample.example_groups, rows, any_others=False)
    return examples, sample, sample.is_like(data.rows[tag])


@pytest.fixture
def fits(monkeypatch):
    """The images of each tag whose models are fitted, and the weights of every fit."""
    made = []

    class Recorded(fitting.ImagesWithBackground):
        def __init__(self, *arguments, **named):
            super().__init__(*arguments, **named)
            self.all_weights = []
            made.append(self)

        def weighted(self, weights):
            self.all_weights.append(weights)
            return super().weighted(weights)

    monkeypatch.setattr(fitting, "ImagesWithBackground", Recorded)
    return made


def with_copies(data, count=400):
    """A background that holds the images of a tag again, brighter, among others."""
    copies = pictures("copy", data.embeddings[data.rows["cat"]] * 1.5)
    made = background([*mountain(count), *copies])
    number = {picture.hash_id: row for row, picture in enumerate(made.pictures)}
    return made, np.array([number[copy.hash_id] for copy in copies])


def test_near_duplicates_of_an_example_are_no_negatives(fits):
    data = data_set(COUNTS)
    made, copies = with_copies(data)
    examples, sample, like_tag = task(data, made)
    assert (copies < sample.fitted).any()
    fit_with_background(examples, sample, like_tag, 0)
    (images,) = fits
    negatives = images.examples.x[~images.examples.is_tag]
    assert (negatives @ sample.x[copies].T).max() < 0.999
    assert len(negatives) == 20 + sample.fitted - (copies < sample.fitted).sum()


@pytest.mark.parametrize("kind", kind_names())
def test_near_duplicates_of_an_example_are_held_out_with_it(kind):
    """A model that had not seen the example gives both the same margin."""
    data = data_set(COUNTS)
    made, copies = with_copies(data)
    examples, sample, like_tag = task(data, made)
    model = fit_with_background(examples, sample, like_tag, 0)[kind]
    np.testing.assert_allclose(model.background[copies], model.examples[data.rows["cat"]], atol=2e-5)


def test_examples_of_other_tags_are_negatives_of_weight_one(fits):
    data = data_set(COUNTS)
    examples, sample, like_tag = task(data, background(mountain(900)))
    fit_with_background(examples, sample, like_tag, 0)
    images = fits[0]
    assert images.examples.is_tag.sum() == 20
    assert len(images.examples) == 40 + 300
    np.testing.assert_array_equal(images.all_weights[0][~images.examples.is_tag], 1)


@pytest.mark.parametrize(("counts", "pictures_", "weight"), [((20, 20), 900, 10), ((40, 20), 60, 2), ((60, 5), 10, 1)])
def test_examples_weigh_as_many_as_the_others_up_to_ten(fits, counts, pictures_, weight):
    data = data_set(dict(zip(COUNTS, counts)))
    examples, sample, like_tag = task(data, background(mountain(pictures_)))
    fit_with_background(examples, sample, like_tag, 0)
    images = fits[0]
    np.testing.assert_allclose(images.all_weights[0][images.examples.is_tag], weight)


def test_pictures_of_the_tag_weigh_less_in_further_fits(fits):
    data, shares = data_set(MANY), (0.1,)
    made = background(mountain(900, shares))
    examples, sample, like_tag = task(data, made)
    fit_with_background(examples, sample, like_tag, 0)
    of_background = fits[0].all_weights[-1][len(examples) :]
    is_tag = has_tag(made, 900, shares)[: sample.fitted]
    assert of_background[is_tag].mean() < 0.4
    assert of_background[~is_tag].mean() > 0.98
    assert of_background.min() > 0


@pytest.mark.parametrize("kind", kind_names())
@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
def test_the_share_and_the_probabilities_are_those_of_the_mountain(kind, share):
    data, shares = data_set(MANY), (share,)
    made = background(mountain(3000, shares))
    model = fit_with_background(*task(data, made), 0)[kind]
    truth = has_tag(made, 3000, shares)
    assert truth.mean() == pytest.approx(share)
    assert share / 2 < model.prevalence.share < 2 * share
    said = model.sigmoid.of(model.background)
    assert said[truth].mean() > 0.6
    assert said[~truth].mean() < 0.2 * share


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("kind", kind_names())
def test_of_examples_that_cannot_be_held_out_nothing_is_known(kind, count):
    data = data_set({"cat": count, "dog": 20})
    model = fit_with_background(*task(data, background(mountain(400, (0.05,)))), 0)[kind]
    if count == 1:
        assert (model.sigmoid, model.prevalence, model.has_tag) == (None, None, None)
        assert len(model.examples) == 0
    assert np.isfinite(model.background).all()
    assert len(model.background) == 400
