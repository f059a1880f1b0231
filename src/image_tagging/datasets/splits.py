"""Embeddings and tags -> what one tag model learns from, and what it is measured on."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..errors import TrainingError
from ..records import ImportedEmbedding
from .divisions import MIN_IMAGES_TO_SPLIT, divide
from .near_duplicates import near_duplicate_groups

#: Images that are no tag: negatives of every tag, to learn from and to be measured on alone.
OTHER_TRAINING = "other-training"
OTHER_VALIDATION = "other-validation"

#: Below this many measured images of a tag its figures move by tens of percent from one split to another.
FEW_VALIDATED = 5

#: No more images than these are learned from, drawn by the seed: what more of them teach a linear model is little, and
#: their table is in memory in float64. (Models learn from those of them that matter: see ``fitting``.)
MOST_OF_TAG = 10_000
MOST_OTHERS = 20_000

#: Rows by which the table of embeddings grows, at least, and the share of it: it is never copied, nor much too large.
_MORE_ROWS = 1024
_MORE_SHARE = 1 / 16


@dataclass(frozen=True, eq=False)
class TaggedEmbeddings:
    """All embeddings (N, D) float32 of a data set, and for each tag the rows of its images.

    ``draws`` (N,) uint64 is a random number for each image, which depends on its ``hash_id`` alone.
    """

    embeddings: NDArray[np.float32]
    rows: Mapping[str, NDArray[np.int64]]
    draws: NDArray[np.uint64]
    unknown: int

    @property
    def tags(self) -> list[str]:
        """The tags that can be learned: all but the two sets of other images, in alphabetical order."""
        return sorted(tag for tag in self.rows if tag not in {OTHER_TRAINING, OTHER_VALIDATION})

    @cached_property
    def groups(self) -> NDArray[np.int64]:
        """The group (N,) of near-duplicates of each image, computed when it is first asked for."""
        return near_duplicate_groups(self.embeddings)

    def shuffled(self, rows: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
        """The rows in an order drawn by the seed: any two images keep theirs, whatever else the data set holds."""
        mixed = self.draws[rows] ^ _scattered(np.array([seed], dtype=np.uint64))
        order = np.argsort(_scattered(mixed), kind="stable")
        return np.asarray(rows[order])


@dataclass(frozen=True, eq=False)
class Split:
    """The rows that a tag model learns from and those it is measured on; the two share none, and no near-duplicates.

    ``is_tag`` and ``is_validation_tag`` are (n,) bool beside them. ``groups`` (n,) int64 beside ``training`` says which
    images are near-duplicates of each other: folds should not part them. ``marks`` warn of what the split lacks.
    ``weights`` say how many images each one that is learned from stands for: one of the tag, one of the others.
    A tag without an image is in there with none, and not measured.
    """

    training: NDArray[np.int64]
    is_tag: NDArray[np.bool_]
    groups: NDArray[np.int64]
    validation: NDArray[np.int64]
    is_validation_tag: NDArray[np.bool_]
    marks: tuple[str, ...]
    weights: tuple[float, float] = (1.0, 1.0)


def gather(images: Iterable[ImportedEmbedding], tag_lists: Mapping[str, list[str]]) -> TaggedEmbeddings:
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
    draws = array("Q")
    for image in images:
        if image.hash_id in row_of:
            row_of[image.hash_id] = len(table)
        table.add(image.embedding)
        draws.append(_draw(image.hash_id))
    rows: dict[str, NDArray[np.int64]] = {}
    unknown = 0
    for tag, hashes in tag_lists.items():
        found = [row_of[hash_id] for hash_id in dict.fromkeys(hashes)]
        rows[tag] = np.array([row for row in found if row >= 0], dtype=np.int64)
        unknown += len(found) - len(rows[tag])
    if unknown and not any(map(len, rows.values())):
        raise TrainingError(
            "no listed image has an embedding: the two files belong to different data sets. Give the "
            "metadata and the tag lists that one run of stage 1 wrote."
        )
    return TaggedEmbeddings(table.finish(), rows, np.array(draws, dtype=np.uint64), unknown)


def _draw(hash_id: str) -> int:
    """Not the hash itself, which another program may have made of a running number."""
    return int.from_bytes(hashlib.blake2b(hash_id.encode("utf-8", "backslashreplace"), digest_size=8).digest(), "big")


def _scattered(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Numbers (n,) as random as hashes, and no two alike that were not (Steele et al. 2014, SplitMix64's finaliser)."""
    z = numbers + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    scattered: NDArray[np.uint64] = z ^ (z >> np.uint64(31))
    return scattered


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


class Splitter:
    """Divides a data set for one tag after the other, always in the same order of images, drawn by the seed.

    The others of a tag are the images of ``other-training`` where there are any, else all without the tag; those of
    ``other-validation`` are only ever measured on. Since the order is one, tags learn from the same others as far as
    they can, and no tag moves the split of another.

    Near-duplicates are kept on one side of a split. Which images are, is decided over the whole data set: a further
    image moves the split of a tag that it has nothing to do with only where it is nearly the same as two of its images
    that are not nearly the same as each other.
    """

    def __init__(self, data: TaggedEmbeddings, *, test_share: float, seed: int) -> None:
        self._data = data
        self._share = test_share
        self._seed = seed
        self._groups = data.groups
        given = data.rows.get(OTHER_TRAINING)
        others = given if given is not None and len(given) else np.arange(len(data.embeddings))
        self._others = data.shuffled(np.unique(others), seed)
        self._only_validated = np.unique(data.rows.get(OTHER_VALIDATION, others[:0]))

    def split(self, tag: str) -> Split:
        """What one tag is learned from and measured on.

        Images of ``other-validation`` are not measured where they are near-duplicates of what is learned from.
        No more than ``MOST_OF_TAG`` and ``MOST_OTHERS`` images are learned from; a mark says so.

        Raises
        ------
        TrainingError
            There is no image without the tag to tell it from.
        """
        positives = self._data.shuffled(np.unique(self._data.rows[tag]), self._seed)
        only_validated = self._but(positives, self._only_validated)
        negatives = self._but(np.concatenate([positives, only_validated]), self._others)
        if not len(negatives):
            raise TrainingError("there is no image without the tag to tell it from; add a folder of other images")
        held_tag, every_tag, held_other, every_other = divide(positives, negatives, self._groups, self._share)
        if not len(held_tag):
            held_other, every_other = held_other[:0], negatives
            only_validated = only_validated[:0]
        learned_tag, learned_other = every_tag[:MOST_OF_TAG], every_other[:MOST_OTHERS]
        cut = (_cut(every_tag, learned_tag, "images of the tag"), _cut(every_other, learned_other, "other images"))
        training = np.concatenate([learned_tag, learned_other])
        held_other = np.concatenate([held_other, self._unlike(training, only_validated)])
        return Split(
            training=training,
            is_tag=_first(len(learned_tag), len(learned_other)),
            groups=self._groups[training],
            validation=np.concatenate([held_tag, held_other]),
            is_validation_tag=_first(len(held_tag), len(held_other)),
            marks=(*_marks(len(positives), len(held_tag), self._share), *filter(None, cut)),
            weights=(_stands_for(every_tag, learned_tag), _stands_for(every_other, learned_other)),
        )

    def _but(self, left_out: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """``rows`` without those of another set, in their order."""
        keep = np.ones(len(self._data.embeddings), dtype=bool)
        keep[left_out] = False
        return rows[keep[rows]]

    def _unlike(self, learned: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """``rows`` without near-duplicates of what is learned from, which would measure nothing."""
        return rows[~np.isin(self._groups[rows], self._groups[learned])]


def _cut(every: NDArray[np.int64], learned: NDArray[np.int64], what: str) -> str:
    return f"learned from {len(learned):,} of {len(every):,} {what}" if len(learned) < len(every) else ""


def _stands_for(every: NDArray[np.int64], learned: NDArray[np.int64]) -> float:
    """How many images each one that is learned from stands for."""
    return len(every) / len(learned) if len(learned) else 1.0


def _first(count: int, others: int) -> NDArray[np.bool_]:
    """(count + others,) bool, true for the first ``count``."""
    return np.arange(count + others) < count


def _marks(images: int, validated: int, share: float) -> tuple[str, ...]:
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
