"""Borders between groups of images follow from the addresses alone."""

from __future__ import annotations

from collections import Counter

import pytest

from image_tagging.addresses import ImageRef
from image_tagging.runners import cut

KEYS = [ImageRef(f"/photos/{number // 100}/{number}.jpg").key for number in range(50_000)]


def _groups(keys, mean):
    groups = {}
    for key, number in zip(keys, cut(keys, mean)):
        groups.setdefault(number, []).append(key)
    return [tuple(group) for _, group in sorted(groups.items())]


@pytest.mark.parametrize("mean", [64, 1000])
def test_groups_are_of_the_mean_size_and_within_its_bounds(mean):
    sizes = [len(group) for group in _groups(KEYS, mean)]
    assert sum(sizes) == len(KEYS)
    assert all(mean // 4 <= size <= 2 * mean for size in sizes[:-1])
    assert sum(sizes) / len(sizes) == pytest.approx(mean, rel=0.15)


def test_groups_are_numbered_from_zero_in_order():
    numbers = list(cut(KEYS, 100))
    assert numbers[0] == 0
    assert all(later - earlier in {0, 1} for earlier, later in zip(numbers, numbers[1:]))


@pytest.mark.parametrize("place", [0, 20_011, 49_999])
def test_a_new_image_changes_only_groups_near_it(place):
    before = _groups(KEYS, 256)
    after = _groups([*KEYS[:place], ImageRef("/photos/new.jpg").key, *KEYS[place:]], 256)
    assert len(set(after) - set(before)) <= 3


def test_a_mean_of_one_gives_groups_of_one_or_two():
    sizes = Counter(cut(KEYS[:1000], 1)).values()
    assert set(sizes) <= {1, 2}


def test_nothing_has_no_groups():
    assert list(cut([])) == []


def test_names_that_are_no_unicode_are_cut_too():
    assert list(cut([ImageRef("/photos/\udcff.jpg").key])) == [0]
