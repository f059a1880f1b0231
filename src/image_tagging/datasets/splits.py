"""Split embeddings and tags into the training and validation images of each tag model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
from numpy.typing import NDArray

from ..errors import TrainingError
from .divisions import MIN_IMAGES_TO_SPLIT, divide
from .tagged_embeddings import OTHER_TRAINING, TaggedEmbeddings
from .verdict_labels import TagVerdicts

#: With fewer validation images of a tag its figures vary by tens of percent between splits.
FEW_VALIDATED = 5

#: What is held back unless a share is given: this share, and nothing of a tag of fewer images than this. Of 30 images
#: three would be held back: a figure on these says nothing (docs/classifiers.md has it, measured), and every image
#: fewer is missed in training. All images are measured out of fold in any case.
USUAL_SHARE, FEWEST_TO_HOLD_BACK = 0.1, 30

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
    tag, one of the others. ``is_kept`` (n,) bool are others that a person judged to be none of the tag: each is learned
    from. A tag without an image has only other images in ``training`` and no ``validation``.
    """

    training: NDArray[np.int64]
    is_tag: NDArray[np.bool_]
    groups: NDArray[np.int64]
    validation: NDArray[np.int64]
    is_validation_tag: NDArray[np.bool_]
    marks: tuple[str, ...]
    weights: tuple[float, float] = (1.0, 1.0)
    is_kept: Optional[NDArray[np.bool_]] = None

    @property
    def images(self) -> tuple[int, int]:
        """How many images of the tag there are, and how many others: also those that training has left out."""
        learned = (int(self.is_tag.sum()), int((~self.is_tag).sum()))
        held = (int(self.is_validation_tag.sum()), int((~self.is_validation_tag).sum()))
        own, other = (round(count * weight) + more for count, weight, more in zip(learned, self.weights, held))
        return own, other


class Splitter:
    """Splits a data set for each tag, with one order of images, drawn by the seed.

    The others of a tag are the images of ``other-training`` where there are any, else all without the tag; those of
    ``other-validation`` are used for validation only. Since all tags use one order, they share the same others as far
    as possible, and adding a tag changes no other split. ``with_background`` says that tags are distinguished from a
    background: then the images of other tags are others too, next to those of ``other-training``, or there are none.

    ``test_share`` is the share of either class that is held back; ``None`` is a tenth, and nothing where the tag has
    few images, which depends on this tag alone.

    What people judged (:mod:`.verdict_labels`) counts for their tag more than lists do. Pictures that are validation by
    that are never in training, nor is what is nearly the same: this is validation too.

    Near-duplicates stay on one side of a split. Groups are computed over the whole data set: an added image changes the
    split of an unrelated tag only where it joins two groups of its images.
    """

    def __init__(
        self, data: TaggedEmbeddings, *, test_share: Optional[float], seed: int, with_background: bool = False
    ) -> None:
        self._with_background = with_background
        self._data = data
        self._share = test_share
        self._seed = seed
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
        verdicts, groups = self._data.verdicts_of(tag), self._data.groups_of(tag)
        positives = self._data.shuffled(np.unique(self._data.labelled(tag)), self._seed)
        no = np.setdiff1d(verdicts.no, self._only_validated)
        every_judged = np.setdiff1d(verdicts.rows, self._only_validated[np.isin(self._only_validated, verdicts.no)])
        only_validated = self._without(np.concatenate([positives, every_judged]), self._only_validated)
        negatives = self._without(np.concatenate([positives, only_validated, every_judged]), self._others)
        if len(no) or len(verdicts.checked_no):
            negatives = self._data.shuffled(np.concatenate([negatives, no, verdicts.checked_no]), self._seed)
        positives, checked_tag = _checked(positives, groups, verdicts.checks)
        negatives, checked_other = _checked(negatives, groups, verdicts.checks)
        if not len(negatives) and not self._with_background:
            raise TrainingError("there is no image without the tag to compare with; add a folder of other images")
        share = _share_of(len(positives)) if self._share is None else self._share
        held_tag, every_tag, held_other, every_other = divide(positives, negatives, groups, share)
        held_back = len(held_tag)
        if not held_back:
            held_other, every_other = held_other[:0], negatives
        if len(every_other) > MOST_OTHERS:
            every_other = _first_kept(every_other, no)
        learned_tag, learned_other = every_tag[:MOST_OF_TAG], every_other[:MOST_OTHERS]
        training = np.concatenate([learned_tag, learned_other])
        unlike = only_validated[~np.isin(groups[only_validated], groups[training])]  # figures would be too good
        held_tag = np.concatenate([held_tag, checked_tag])
        held_other = np.concatenate([held_other, checked_other, unlike])
        return Split(
            training=training,
            is_tag=_first(len(learned_tag), len(learned_other)),
            groups=groups[training],
            validation=np.concatenate([held_tag, held_other]),
            is_validation_tag=_first(len(held_tag), len(held_other)),
            marks=(
                *_warnings(len(positives), held_back, self._share),
                *_capped(every_tag, learned_tag, "images of the tag"),
                *_capped(every_other, learned_other, "other images"),
                *_verdicts_in_words(verdicts),
            ),
            weights=(_weight(every_tag, learned_tag), _weight(every_other, learned_other)),
            is_kept=np.isin(training, no) if len(no) else None,
        )

    def _without(self, left_out: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return ``rows`` without those of another set, in their order."""
        keep = np.ones(len(self._data.table), dtype=bool)
        keep[left_out] = False
        return rows[keep[rows]]


def _checked(
    rows: NDArray[np.int64], groups: NDArray[np.int64], checks: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows that may be trained on, and those that are validation: ``checks`` and their like."""
    is_held = np.isin(groups[rows], groups[checks])
    return rows[~is_held], rows[is_held]


def _first_kept(rows: NDArray[np.int64], kept: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows in their order, but those that are ``kept`` before all others."""
    is_kept = np.isin(rows, kept)
    return np.concatenate([rows[is_kept], rows[~is_kept]])


def _share_of(images: int) -> float:
    """Return the share that is held back of a tag with so many images where none is given."""
    return USUAL_SHARE if images >= FEWEST_TO_HOLD_BACK else 0.0


def _capped(every: NDArray[np.int64], learned: NDArray[np.int64], what: str) -> tuple[str, ...]:
    """Return the warning that only some of the images are in training, none where all are."""
    return (f"learned from {len(learned):,} of {len(every):,} {what}",) if len(learned) < len(every) else ()


def _weight(every: NDArray[np.int64], learned: NDArray[np.int64]) -> float:
    """Return how many images each training image stands for."""
    return len(every) / len(learned) if len(learned) else 1.0


def _first(count: int, others: int) -> NDArray[np.bool_]:
    """Return (count + others,) bool, true for the first ``count``."""
    return np.arange(count + others) < count


def _verdicts_in_words(verdicts: TagVerdicts) -> tuple[str, ...]:
    """Return the note on the verdicts on pictures for the tag, none where there are none."""
    if not len(verdicts.rows):
        return ()
    counts = f"{len(verdicts.yes):,} yes, {len(verdicts.no):,} no, {len(verdicts.unsure):,} unsure"
    checks = f"; {len(verdicts.checks):,} of check are validation" if len(verdicts.checks) else ""
    return (f"verdicts: {counts}{checks}",)


def _warnings(images: int, validated: int, share: Optional[float]) -> tuple[str, ...]:
    """Return what limits the figures on images held back of a tag with so many; ``share`` is what was asked for."""
    if not images:
        return ("no image of the tag",)
    if share is None and images < FEWEST_TO_HOLD_BACK:
        return (f"none held back of fewer than {FEWEST_TO_HOLD_BACK} images: read the average precision, out of fold",)
    if share == 0:
        return ("none held back, as asked for",)
    if not validated:
        few = f"none held back of only {images} image{'s' if images > 1 else ''}"
        alike = f"none held back, as most of its {images} images are nearly the same"
        return (few if images < MIN_IMAGES_TO_SPLIT else alike,)
    return (f"rough: {validated} held back",) if validated < FEW_VALIDATED else ()
