"""Images in a drawn order -> which are held back to be measured; near-duplicates go one way together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]

#: A class of fewer images is not divided: one would be measured, or none, and the model would lose it.
MIN_IMAGES_TO_SPLIT = 5

#: Where each group is larger than what is to be held back, the smallest is, if it is no more than this share of all.
_LARGEST_SHARE = 1 / 3


class Division(NamedTuple):
    """The images of a tag and the others, each divided in two; every part is in the order given."""

    held_tag: Rows
    learned_tag: Rows
    held_other: Rows
    learned_other: Rows


def divide(tag: Rows, other: Rows, groups: Rows, share: float) -> Division:
    """Hold back a share of the images of a tag and of the others, so that no group lies on both sides.

    Groups are taken as they come, by their first image, until the share is reached: without near-duplicates these are
    simply the first images. A group larger than the share is learned from, so that less than twice the share is ever
    held back; of a class that is nearly all one group, nothing may be. Others that are near-duplicates of images of the
    tag go where these go. Of each class at least one image is left to learn from.

    Parameters
    ----------
    tag, other:
        (p,) and (n,) int64, rows in the order in which they are to be held back; none in both.
    groups:
        (N,) int64, the group of every row, as :func:`near_duplicates.near_duplicate_groups` gives it.
    share:
        At least 0, less than 1.
    """
    of_tag, of_other = groups[tag], groups[other]
    beside = np.bincount(of_other, minlength=len(groups))
    tag_target, other_target = _target(len(tag), share), _target(len(other), share)
    held = np.zeros(len(groups), dtype=bool)
    held[_drawn(of_tag, tag_target, len(tag), beside, other_target)] = True
    with_tag = np.zeros(len(groups), dtype=bool)
    with_tag[of_tag] = True
    gone = int(held[of_other].sum())
    free = of_other[~with_tag[of_other]]
    held[_drawn(free, other_target - gone, len(other) - gone)] = True
    return Division(tag[held[of_tag]], tag[~held[of_tag]], other[held[of_other]], other[~held[of_other]])


def _target(count: int, share: float) -> int:
    """How many of a class are to be held back: at least one where there are enough, and never all."""
    if share <= 0 or count < MIN_IMAGES_TO_SPLIT:
        return 0
    return min(max(1, round(count * share)), count - 1)


def _drawn(groups: Rows, target: int, count: int, beside: Rows | None = None, room: int = 0) -> Rows:
    """The groups to hold back, of images (n,) of a class of ``count``.

    With them go ``beside`` (N,) images of the other class, for which there is ``room``.
    """
    if target <= 0 or not len(groups):
        return groups[:0]
    numbers, first, sizes = np.unique(groups, return_index=True, return_counts=True)
    order = np.argsort(first)
    numbers, sizes = numbers[order], sizes[order]
    others = np.zeros_like(sizes) if beside is None else beside[numbers]
    fit = (sizes <= target) & (others <= room)
    sums = np.cumsum(sizes[fit])
    drawn = (sums - sizes[fit] < target) & (sums < count) & (np.cumsum(others[fit]) <= room)
    if drawn.any():
        return np.asarray(numbers[fit][drawn])
    small = (sizes <= count * _LARGEST_SHARE) & (others <= room)
    return np.asarray(numbers[small][np.argsort(sizes[small], kind="stable")[:1]])
