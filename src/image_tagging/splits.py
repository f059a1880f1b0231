"""Embeddings and tags -> what one tag model learns from, and what it is measured on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import TrainingError
from .records import BroughtEmbedding

#: Images that are no tag: negatives of every tag, to learn from and to be measured on alone.
OTHER_TRAINING = "other-training"
OTHER_VALIDATION = "other-validation"

#: A tag with fewer images than this is not split: one image would be measured, or none, and the model would lose it.
MIN_IMAGES_TO_SPLIT = 5

#: Below this many measured images of a tag its figures move by tens of percent from one split to another.
FEW_VALIDATED = 5

#: No more images than these are learned from, drawn by the seed. The time of a support vector machine grows with the
#: square of their number: minutes for so many, hours or days for the whole of a large data set.
MOST_OF_TAG = 10_000
MOST_OTHERS = 20_000

#: Rows by which the table of embeddings grows, at least, and the share of it: it is never copied, nor much too large.
_MORE_ROWS = 1024
_MORE_SHARE = 1 / 16


@dataclass(frozen=True, eq=False)
class TaggedEmbeddings:
    """All embeddings (N, D) float32 of a data set, and for each tag the rows of its images."""

    embeddings: NDArray[np.float32]
    rows: Mapping[str, NDArray[np.int64]]
    unknown: int

    @property
    def tags(self) -> list[str]:
        """The tags that can be learned: all but the two sets of other images, in alphabetical order."""
        return sorted(tag for tag in self.rows if tag not in {OTHER_TRAINING, OTHER_VALIDATION})


@dataclass(frozen=True, eq=False)
class Split:
    """The rows that a tag model learns from and those it is measured on; the two share none.

    ``is_tag`` and ``is_validation_tag`` are (n,) bool beside them. ``marks`` warn of what the split lacks.
    ``weights`` say how many images each one that is learned from stands for: one of the tag, one of the others.
    """

    training: NDArray[np.int64]
    is_tag: NDArray[np.bool_]
    validation: NDArray[np.int64]
    is_validation_tag: NDArray[np.bool_]
    marks: tuple[str, ...]
    weights: tuple[float, float] = (1.0, 1.0)


def gather(images: Iterable[BroughtEmbedding], tag_lists: Mapping[str, list[str]]) -> TaggedEmbeddings:
    """Join the embeddings of a metadata file with the lists of hashes per tag.

    ``unknown`` counts the listed hashes that the metadata file does not hold.

    Raises
    ------
    TrainingError
        None of the listed hashes has an embedding.
    """
    # An image that no list names is still an image without the tag: its embedding is kept, its hash is not.
    row_of = dict.fromkeys((hash_id for hashes in tag_lists.values() for hash_id in hashes), -1)
    table = _GrowingTable()
    for image in images:
        if image.hash_id in row_of:
            row_of[image.hash_id] = len(table)
        table.add(image.embedding)
    rows: dict[str, NDArray[np.int64]] = {}
    unknown = 0
    for tag, hashes in tag_lists.items():
        found = [row_of[hash_id] for hash_id in dict.fromkeys(hashes)]
        rows[tag] = np.array([row for row in found if row >= 0], dtype=np.int64)
        unknown += len(found) - len(rows[tag])
    if not any(map(len, rows.values())):
        raise TrainingError(
            "no listed image has an embedding: the two files belong to different data sets. Give the "
            "metadata and the tag lists that one run of stage 1 wrote."
        )
    return TaggedEmbeddings(table.finish(), rows, unknown)


class _GrowingTable:
    """Rows of unknown number in one array (n, D) float32, which grows where it lies: it is never there twice."""

    def __init__(self) -> None:
        self._rows = np.empty((0, 0), dtype=np.float32)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, row: NDArray[np.float32]) -> None:
        if self._count == len(self._rows):
            self._resize(self._count + max(_MORE_ROWS, int(self._count * _MORE_SHARE)), len(row))
        self._rows[self._count] = row
        self._count += 1

    def finish(self) -> NDArray[np.float32]:
        """Give the rows away, without the room kept for more."""
        self._resize(self._count, self._rows.shape[1])
        return self._rows

    def _resize(self, count: int, dim: int) -> None:
        # Unlike np.resize this reallocates, and large blocks are moved by their addresses alone. No view of the rows is
        # ever given away before the end, so there is no reference to check.
        self._rows.resize((count, dim), refcheck=False)


def split_tag(data: TaggedEmbeddings, tag: str, *, test_share: float, seed: int) -> Split:
    """Divide a tag's images and the others, each shuffled on its own, into a training and a validation part.

    The others are the images of ``other-training`` where there are any, else all without the tag; those of
    ``other-validation`` are only ever measured on. The division depends on the tag's name and the seed, not on
    the tags beside it. No more than ``MOST_OF_TAG`` and ``MOST_OTHERS`` images are learned from; a mark says so.

    Raises
    ------
    TrainingError
        The tag has no image, or there is no other image to tell it from.
    """
    positives = np.sort(data.rows[tag])
    only_validated = np.setdiff1d(data.rows.get(OTHER_VALIDATION, positives[:0]), positives)
    negatives = np.setdiff1d(_others(data), np.concatenate([positives, only_validated]))
    if not len(positives):
        raise TrainingError("it has no image with an embedding")
    if not len(negatives):
        raise TrainingError("there is no image without the tag to tell it from; add a folder of other images")
    random = np.random.default_rng([seed, int.from_bytes(hashlib.blake2b(tag.encode()).digest()[:4], "big")])
    held_tag, learned_tag = _divide(random.permutation(positives), test_share)
    held_other, learned_other = _divide(random.permutation(negatives), test_share)
    if not len(held_tag):
        held_other, learned_other = held_other[:0], np.concatenate([held_other, learned_other])
        only_validated = only_validated[:0]
    held_other = np.concatenate([held_other, only_validated])
    every = (learned_tag, learned_other)
    learned_tag, learned_other = learned_tag[:MOST_OF_TAG], learned_other[:MOST_OTHERS]
    cut = (_cut(every[0], learned_tag, "images of the tag"), _cut(every[1], learned_other, "other images"))
    return Split(
        training=np.concatenate([learned_tag, learned_other]),
        is_tag=_first(len(learned_tag), len(learned_other)),
        validation=np.concatenate([held_tag, held_other]),
        is_validation_tag=_first(len(held_tag), len(held_other)),
        marks=(*_marks(len(positives), len(held_tag), test_share), *filter(None, cut)),
        weights=(len(every[0]) / len(learned_tag), len(every[1]) / len(learned_other)),
    )


def _others(data: TaggedEmbeddings) -> NDArray[np.int64]:
    given = data.rows.get(OTHER_TRAINING)
    return given if given is not None and len(given) else np.arange(len(data.embeddings))


def _divide(rows: NDArray[np.int64], share: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(validation, training): at least one row to measure where there are enough, and always one to learn from."""
    held = 0
    if share > 0 and len(rows) >= MIN_IMAGES_TO_SPLIT:
        held = min(max(1, round(len(rows) * share)), len(rows) - 1)
    return rows[:held], rows[held:]


def _cut(every: NDArray[np.int64], learned: NDArray[np.int64], what: str) -> str:
    return f"learned from {len(learned):,} of {len(every):,} {what}" if len(learned) < len(every) else ""


def _first(count: int, others: int) -> NDArray[np.bool_]:
    """(count + others,) bool, true for the first ``count``."""
    return np.arange(count + others) < count


def _marks(images: int, validated: int, share: float) -> tuple[str, ...]:
    if share == 0:
        return ("none measured, as asked for",)
    if not validated:
        return (f"only {images} image{'s' if images > 1 else ''}, none left to measure",)
    if validated < FEW_VALIDATED:
        return (f"rough: {validated} measured",)
    return ()
