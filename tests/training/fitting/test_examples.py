"""What a tag is learned from, where there is more than is learned."""

from __future__ import annotations

import numpy as np
import pytest

from image_tagging.errors import TrainingError
from image_tagging.tag_models.scorers import unit_rows
from image_tagging.training.fitting.decorrelation import Moments
from image_tagging.training.fitting.examples import Examples, subsample


def examples(tagged=20, others=200, dim=6):
    random = np.random.default_rng(0)
    is_tag = np.arange(tagged + others) < tagged
    x = random.normal(size=(len(is_tag), dim))
    x[is_tag, 0] += 3
    rows = np.arange(len(x))
    made = Examples(unit_rows(x), is_tag, np.ones(len(x)), rows, rows + 1000)
    return made, Moments.of(x.astype(np.float32))


def test_below_the_bound_all_are_kept():
    made, moments = examples()
    assert subsample(made, moments, 200, 0) is made


@pytest.mark.parametrize("most", [1, 2, 15, 100, 199])
def test_above_it_each_class_is_bounded_and_stands_for_all(most):
    made, moments = examples()
    some = subsample(made, moments, most, 0)
    for chosen, count in ((some.is_tag, 20), (~some.is_tag, 200)):
        assert chosen.sum() == min(most, count)
        assert some.weights[chosen].sum() == pytest.approx(count)
    assert len(np.unique(some.rows)) == len(some)
    np.testing.assert_array_equal(some.x, made.x[some.rows - 1000])
    np.testing.assert_array_equal(some.is_tag, made.is_tag[some.rows - 1000])


def test_the_others_nearest_to_the_tag_are_kept_for_themselves():
    made, moments = examples()
    made.x[[50, 90]] = made.x[made.is_tag].mean(axis=0) / np.linalg.norm(made.x[made.is_tag].mean(axis=0))
    some = subsample(made, moments, 40, 0)
    assert some.weights[np.isin(some.rows, [1050, 1090])].tolist() == [1, 1]
    assert (some.weights[~some.is_tag] == 1).sum() == 20


def test_a_seed_decides_what_is_drawn():
    made, moments = examples()
    one, again, other = (subsample(made, moments, 40, seed).rows for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_a_class_without_images_is_refused():
    made, _ = examples()
    for is_tag, says in ((made.is_tag, "every image"), (~made.is_tag, "no image")):
        with pytest.raises(TrainingError, match=says):
            made.where(is_tag)
