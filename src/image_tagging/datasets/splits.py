"""Split embeddings and tags into the training and validation images of each tag model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import TrainingError
from .divisions import MIN_IMAGES_TO_SPLIT, divide
from .tagged_embeddings import OTHER_TRAINING, TaggedEmbeddings

#: With fewer validation images of a tag its figures vary by tens of percent between splits.
FEW_VALIDATED = 5

#: The most training images of either class, drawn by the seed: more improve a linear model little, and their table is
#: in memory in float64. (``fitting`` selects those that models are fitted to.)
MOST_OF_TAG = 10_000
MOST_OTHERS = 20_000


@dataclass(frozen=True, eq=False)
class Split:
    """The training and validation rows of a tag model; they share no row and no near-duplicates.

    ``is_tag`` (n,) bool belongs to ``training`` (n,), ``is_validation_tag`` (m,) bool to ``validation`` (m,).
    ``groups`` (n,) int64 are the groups of near-duplicates in ``training``, which folds should not separate.
    ``marks`` are warnings about the split. ``weights`` say how many images each training image stands for: one of the
    tag, one of the others. A tag without an image has only other images in ``training`` and no ``validation``.
    """

    training: NDArray[np.int64]
    is_tag: NDArray[np.bool_]
    groups: NDArray[np.int64]
    validation: NDArray[np.int64]
    is_validation_tag: NDArray[np.bool_]
    marks: tuple[str, ...]
    weights: tuple[float, float] = (1.0, 1.0)


class Splitter:
    """Splits a data set for each tag, with one order of images, drawn by the seed.

    The others of a tag are the images of ``other-training`` where there are any, else all without the tag; those of
    ``other-validation`` are used for validation only. Since all tags use one order, they share the same others as far
    as possible, and adding a tag changes no other split. ``with_background`` says that tags are distinguished from a
    background: then the images of other tags are others too, next to those of ``other-training``, or there are none.

    Near-duplicates stay on one side of a split. Groups are computed over the whole data set: an added image changes the
    split of an unrelated tag only where it joins two groups of its images.
    """

    def __init__(self, data: TaggedEmbeddings, *, test_share: float, seed: int, with_background: bool = False) -> None:
        self._with_background = with_background
        self._data = data
        self._share = test_share
        self._seed = seed
        self._groups = data.groups
        given = data.rows.get(OTHER_TRAINING)
        others = given if given is not None and len(given) and not with_background else np.arange(len(data.embeddings))
        self._others = data.shuffled(np.unique(others), seed)
        self._only_validated = data.only_validated

    def split(self, tag: str) -> Split:
        """Return the split of one tag.

        Images of ``other-validation`` are left out where they are near-duplicates of training images. At most
        ``MOST_OF_TAG`` and ``MOST_OTHERS`` images are in training; a warning says so.

        Raises
        ------
        TrainingError
            There is no image without the tag.
        """
        positives = self._data.shuffled(np.unique(self._data.rows[tag]), self._seed)
        only_validated = self._without(positives, self._only_validated)
        negatives = self._without(np.concatenate([positives, only_validated]), self._others)
        if not len(negatives) and not self._with_background:
            raise TrainingError("there is no image without the tag to compare with; add a folder of other images")
        held_tag, every_tag, held_other, every_other = divide(positives, negatives, self._groups, self._share)
        if not len(held_tag):
            held_other, every_other = held_other[:0], negatives
            only_validated = only_validated[:0]
        learned_tag, learned_other = every_tag[:MOST_OF_TAG], every_other[:MOST_OTHERS]
        capped = (
            _capped(every_tag, learned_tag, "images of the tag"),
            _capped(every_other, learned_other, "other images"),
        )
        training = np.concatenate([learned_tag, learned_other])
        held_other = np.concatenate([held_other, self._unlike(training, only_validated)])
        return Split(
            training=training,
            is_tag=_first(len(learned_tag), len(learned_other)),
            groups=self._groups[training],
            validation=np.concatenate([held_tag, held_other]),
            is_validation_tag=_first(len(held_tag), len(held_other)),
            marks=(*_warnings(len(positives), len(held_tag), self._share), *filter(None, capped)),
            weights=(_weight(every_tag, learned_tag), _weight(every_other, learned_other)),
        )

    def _without(self, left_out: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return ``rows`` without those of another set, in their order."""
        keep = np.ones(len(self._data.embeddings), dtype=bool)
        keep[left_out] = False
        return rows[keep[rows]]

    def _unlike(self, learned: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return ``rows`` without near-duplicates of training images, which would make the figures too good."""
        return rows[~np.isin(self._groups[rows], self._groups[learned])]


def _capped(every: NDArray[np.int64], learned: NDArray[np.int64], what: str) -> str:
    """Return the warning that only some of the images are in training, empty where all are."""
    return f"learned from {len(learned):,} of {len(every):,} {what}" if len(learned) < len(every) else ""


def _weight(every: NDArray[np.int64], learned: NDArray[np.int64]) -> float:
    """Return how many images each training image stands for."""
    return len(every) / len(learned) if len(learned) else 1.0


def _first(count: int, others: int) -> NDArray[np.bool_]:
    """Return (count + others,) bool, true for the first ``count``."""
    return np.arange(count + others) < count


def _warnings(images: int, validated: int, share: float) -> tuple[str, ...]:
    """Return what limits the figures of a tag with so many images, of which some are for validation."""
    if not images:
        return ("no image of the tag",)
    if share == 0:
        return ("none measured, as asked for",)
    if not validated and images >= MIN_IMAGES_TO_SPLIT:
        return (f"most of its {images} images are nearly the same, none left to measure",)
    if not validated:
        return (f"only {images} image{'s' if images > 1 else ''}, none left to measure",)
    if validated < FEW_VALIDATED:
        return (f"rough: {validated} measured",)
    return ()
