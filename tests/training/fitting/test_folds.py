"""Folds hold alike shares of both classes, and part no near-duplicates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_tagging.training.fitting.folds import MOST_FOLDS, stratified_folds


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=2, max_size=60),
    st.integers(0, 3),
)
def test_groups_stay_together_and_every_model_meets_both_classes(images, seed):
    is_tag, groups = (np.array(column) for column in zip(*images))
    fold = stratified_folds(is_tag, groups, seed)
    fewest = min(len(np.unique(groups[is_tag])), len(np.unique(groups[~is_tag])))
    if fewest < 2:
        assert fold is None
        return
    assert fold.shape == is_tag.shape
    assert np.unique(fold).tolist() == list(range(min(fewest, MOST_FOLDS)))
    assert all(len(np.unique(fold[groups == group])) == 1 for group in np.unique(groups))
    assert all(len(np.unique(is_tag[fold != number])) == 2 for number in np.unique(fold))
    np.testing.assert_array_equal(fold, stratified_folds(is_tag, groups, seed))


@pytest.mark.parametrize("tagged", [5, 13, 50])
def test_without_near_duplicates_each_fold_has_as_many_of_both_classes(tagged):
    is_tag = np.arange(120) < tagged
    fold = stratified_folds(is_tag, np.arange(120), 0)
    for chosen in (is_tag, ~is_tag):
        counts = np.bincount(fold[chosen], minlength=5)
        assert counts.max() - counts.min() <= 1


def test_a_large_group_of_one_class_does_not_press_all_others_into_one_fold():
    # Two groups hold all the others, and one of the tag alone is as large as both.
    groups = np.repeat([0, 1, 2], [10, 10, 9])
    is_tag = np.concatenate([np.ones(10), np.ones(5), np.zeros(5), np.ones(4), np.zeros(5)]).astype(bool)
    fold = stratified_folds(is_tag, groups, 0)
    assert len(np.unique(fold[~is_tag])) == 2


def test_a_seed_decides_the_folds():
    is_tag = np.arange(60) < 20
    one, two = (stratified_folds(is_tag, np.arange(60), seed) for seed in (0, 1))
    assert not np.array_equal(one, two)
