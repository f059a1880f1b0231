"""Divide shuffled images into training and validation images, with near-duplicates on one side."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .centres import Rows

#: A class of fewer images is not divided: validation on one image says little, and training would lack it.
MIN_IMAGES_TO_SPLIT = 5

#: Where every group is larger than the target, the smallest is held back if it is at most this share of the class.
_LARGEST_SHARE = 1 / 3


class Division(NamedTuple):
    """The images of a tag and the others, each divided into held-back and training rows, in the order given."""

    held_tag: Rows
    learned_tag: Rows
    held_other: Rows
    learned_other: Rows


def divide(tag: Rows, other: Rows, groups: Rows, share: float) -> Division:
    """Hold back a share of the images of a tag and of the others, so that no group lies on both sides.

    Groups are held back in the order of their first images until the share is reached; without near-duplicates these
    are the first images. A group larger than the share stays in training, so that less than twice the share is held
    back, and nothing of a class that is nearly all one group. Others that are near-duplicates of images of the tag go
    to the same side as these. At least one image of each class stays in training.

    Parameters
    ----------
    tag, other:
        (p,) and (n,) int64, rows in the order in which to hold them back; no row is in both.
    groups:
        (N,) int64, the group of every row, from :func:`near_duplicates.near_duplicate_groups`.
    share:
        At least 0, less than 1.
    """
    of_tag, of_other = groups[tag], groups[other]
    others_in = np.bincount(of_other, minlength=len(groups))
    tag_target, other_target = _target(len(tag), share), _target(len(other), share)
    held = np.zeros(len(groups), dtype=bool)
    held[_select(of_tag, tag_target, len(tag), others_in, other_target)] = True
    with_tag = np.zeros(len(groups), dtype=bool)
    with_tag[of_tag] = True
    held_others = int(held[of_other].sum())
    free = of_other[~with_tag[of_other]]
    held[_select(free, other_target - held_others, len(other) - held_others)] = True
    return Division(tag[held[of_tag]], tag[~held[of_tag]], other[held[of_other]], other[~held[of_other]])


def _target(count: int, share: float) -> int:
    """Return how many images of a class to hold back: at least one where there are enough, and never all."""
    if share <= 0 or count < MIN_IMAGES_TO_SPLIT:
        return 0
    return min(max(1, round(count * share)), count - 1)


def _select(groups: Rows, target: int, count: int, others_in: Rows | None = None, room: int = 0) -> Rows:
    """Return the groups to hold back.

    ``groups`` (n,) are those of the images of a class of ``count`` images. ``others_in`` (N,) counts the images of
    the other class in each group, of which at most ``room`` may be held back.
    """
    if target <= 0 or not len(groups):
        return groups[:0]
    numbers, first, sizes = np.unique(groups, return_index=True, return_counts=True)
    order = np.argsort(first)
    numbers, sizes = numbers[order], sizes[order]
    others = np.zeros_like(sizes) if others_in is None else others_in[numbers]
    fit = (sizes <= target) & (others <= room)
    sums = np.cumsum(sizes[fit])
    selected = (sums - sizes[fit] < target) & (sums < count) & (np.cumsum(others[fit]) <= room)
    if selected.any():
        return np.asarray(numbers[fit][selected])
    small = (sizes <= count * _LARGEST_SHARE) & (others <= room)
    return np.asarray(numbers[small][np.argsort(sizes[small], kind="stable")[:1]])
