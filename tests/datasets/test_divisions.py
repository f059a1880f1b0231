"""Which images are held back to be measured."""

from __future__ import annotations

import numpy as np
import pytest

from image_tagging.datasets.divisions import MIN_IMAGES_TO_SPLIT, divide


def rows(*numbers):
    return np.array(numbers, dtype=np.int64)


def grouped(count, *groups):
    """The groups of so many images, of which those named are near-duplicates."""
    numbers = np.arange(count)
    for group in groups:
        numbers[list(group)] = min(group)
    return numbers


def held(division):
    return division.held_tag.tolist(), division.held_other.tolist()


def test_without_near_duplicates_the_first_images_are_held_back():
    division = divide(rows(3, 1, 4, 0, 2), rows(9, 5, 8, 7, 6, 10, 12, 11, 13, 14), np.arange(15), 0.2)
    assert held(division) == ([3], [9, 5])
    assert division.learned_tag.tolist() == [1, 4, 0, 2]
    assert division.learned_other.tolist() == [8, 7, 6, 10, 12, 11, 13, 14]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("share", [0.05, 0.1, 0.3, 0.6, 0.99])
def test_no_group_lies_on_both_sides_and_no_image_is_lost(seed, share):
    random = np.random.default_rng(seed)
    count = int(random.integers(10, 200))
    groups = random.integers(random.integers(1, min(80, count)), size=count)
    tag, other = np.split(random.permutation(count), [int(random.integers(5, count))])
    division = divide(tag, other, groups, share)
    assert sorted(np.concatenate(division).tolist()) == list(range(count))
    learned = {*groups[division.learned_tag], *groups[division.learned_other]}
    assert not learned & {*groups[division.held_tag], *groups[division.held_other]}
    assert len(division.learned_tag)
    assert len(division.learned_other) or not len(other)
    for part, whole in ((division.held_tag, tag), (division.held_other, other)):
        assert len(part) <= max(2 * max(1, round(len(whole) * share)), len(whole) / 3)
        assert not len(part) or len(whole) >= MIN_IMAGES_TO_SPLIT


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_where_a_few_are_near_duplicates_the_share_is_kept(share):
    groups = grouped(400, (0, 50), (1, 51, 101), (2, 3), (200, 210, 220, 230), (10, 300))
    random = np.random.default_rng(0)
    division = divide(random.permutation(200), 200 + random.permutation(200), groups, share)
    for part in held(division):
        assert abs(len(part) - 200 * share) <= 3


def test_a_group_goes_whole_to_where_its_first_image_goes():
    assert held(divide(rows(*range(20)), rows(*range(20, 30)), grouped(30, (0, 19)), 0.1))[0] == [0, 19]
    assert held(divide(rows(*range(20)), rows(*range(20, 30)), grouped(30, (18, 19)), 0.1))[0] == [0, 1]


def test_a_group_larger_than_the_share_is_learned_from():
    assert held(divide(rows(*range(20)), rows(*range(20, 30)), grouped(30, range(12)), 0.1))[0] == [12, 13]


def test_where_all_groups_are_larger_the_smallest_is_held_back():
    groups = grouped(16, (0, 1, 2), (3, 4), (5, 6))
    assert held(divide(rows(*range(7)), rows(*range(7, 16)), groups, 0.1))[0] == [3, 4]


@pytest.mark.parametrize("group", [range(10), range(9)])
def test_of_a_tag_that_is_nearly_all_one_picture_no_more_than_the_rest_is_held_back(group):
    division = divide(rows(*range(10)), rows(*range(10, 30)), grouped(30, group), 0.3)
    assert len(division.held_tag) == 10 - len(group)


def test_others_that_are_near_duplicates_of_the_tag_go_with_it():
    groups = grouped(40, (0, 30), (5, 10))
    division = divide(rows(*range(10)), rows(*range(10, 40)), groups, 0.1)
    assert held(division) == ([0], [11, 12, 30])
    assert 10 in division.learned_other


def test_a_tag_does_not_take_too_many_others_with_it():
    division = divide(rows(*range(10)), rows(*range(10, 40)), grouped(40, (0, *range(10, 30))), 0.1)
    assert held(division) == ([1], [30, 31, 32])


@pytest.mark.parametrize(("count", "share"), [(4, 0.5), (20, 0.0)])
def test_of_few_images_and_where_no_share_is_asked_for_none_is_held_back(count, share):
    assert not len(divide(np.arange(count), np.arange(count, 3 * count), np.arange(3 * count), share).held_tag)
