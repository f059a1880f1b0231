"""Split embeddings and tags into the training and validation images of each tag model."""

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

#: Names of the two sets of other images, negatives of every tag: one for training, one for validation only.
OTHER_TRAINING = "other-training"
OTHER_VALIDATION = "other-validation"

#: With fewer validation images of a tag its figures vary by tens of percent between splits.
FEW_VALIDATED = 5

#: The most training images of either class, drawn by the seed: more improve a linear model little, and their table is
#: in memory in float64. (``fitting`` selects those that models are fitted to.)
MOST_OF_TAG = 10_000
MOST_OTHERS = 20_000

#: The table of embeddings grows by this many rows or this share, the larger: it is neither copied nor much too large.
_MORE_ROWS = 1024
_MORE_SHARE = 1 / 16


@dataclass(frozen=True, eq=False)
class TaggedEmbeddings:
    """All embeddings (N, D) float32 of a data set, and for each tag the rows of its images.

    ``draws`` (N,) uint64 is a pseudo-random number for each image that depends on its ``hash_id`` alone. ``unknown``
    counts the listed hashes without an embedding.
    """

    embeddings: NDArray[np.float32]
    rows: Mapping[str, NDArray[np.int64]]
    draws: NDArray[np.uint64]
    unknown: int

    @property
    def tags(self) -> list[str]:
        """The tags, without the two sets of other images, in alphabetical order."""
        return sorted(tag for tag in self.rows if tag not in {OTHER_TRAINING, OTHER_VALIDATION})

    @cached_property
    def groups(self) -> NDArray[np.int64]:
        """The group (N,) int64 of near-duplicates of each image, computed on first use."""
        return near_duplicate_groups(self.embeddings)

    def shuffled(self, rows: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
        """Return the rows in an order drawn by the seed.

        The order of any two images does not depend on the rest of the data set.
        """
        mixed = self.draws[rows] ^ _mix(np.array([seed], dtype=np.uint64))
        order = np.argsort(_mix(mixed), kind="stable")
        return np.asarray(rows[order])


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


def gather(images: Iterable[ImportedEmbedding], tag_lists: Mapping[str, list[str]]) -> TaggedEmbeddings:
    """Join the embeddings of a metadata file with the lists of hashes per tag.

    ``unknown`` counts the listed hashes that the metadata file does not hold.

    Raises
    ------
    TrainingError
        None of the listed hashes has an embedding.
    """
    # An image in no list is still a negative of every tag: its embedding is kept, its hash is not.
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
            "metadata and the tag lists of one run of stage 1."
        )
    return TaggedEmbeddings(table.finish(), rows, np.array(draws, dtype=np.uint64), unknown)


def _draw(hash_id: str) -> int:
    """Return a pseudo-random number; not the hash itself, which another program may have made of a running number."""
    return int.from_bytes(hashlib.blake2b(hash_id.encode("utf-8", "backslashreplace"), digest_size=8).digest(), "big")


def _mix(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return a bijective hash (n,) of the numbers: the finaliser of SplitMix64 (Steele et al. 2014)."""
    z = numbers + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = z ^ (z >> np.uint64(31))
    return mixed


class _GrowingTable:
    """An array (n, D) float32 that grows in place, so that memory never holds two copies."""

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
        """Return the rows, without the space reserved for more."""
        self._resize(self._count, self._rows.shape[1])
        return self._rows

    def _resize(self, count: int, dim: int) -> None:
        # Unlike np.resize this reallocates, which moves large blocks without copying. No view of the rows is returned
        # before ``finish``, so there is no reference to check.
        self._rows.resize((count, dim), refcheck=False)


class Splitter:
    """Splits a data set for each tag, with one order of images, drawn by the seed.

    The others of a tag are the images of ``other-training`` where there are any, else all without the tag; those of
    ``other-validation`` are used for validation only. Since all tags use one order, they share the same others as far
    as possible, and adding a tag changes no other split.

    Near-duplicates stay on one side of a split. Groups are computed over the whole data set: an added image changes the
    split of an unrelated tag only where it joins two groups of its images.
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
        if not len(negatives):
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
