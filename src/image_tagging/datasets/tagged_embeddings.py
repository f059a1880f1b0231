"""Embeddings and tag lists -> a data set: all embeddings, and for each tag the rows of its images."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Optional

import numpy as np
from numpy.typing import NDArray

from ..errors import TrainingError
from ..records import NEARLY_THE_SAME, ImportedEmbedding
from .hash_lists import HashList, RowIndex
from .near_duplicates import close_pairs, join_labels, near_duplicate_groups
from .verdict_labels import TagVerdicts, VerdictLabels, VerdictRows, find_pictures, no_verdicts, rows_of_verdicts

#: Names of the two sets of other images, negatives of every tag: one for training, one for validation only.
OTHER_TRAINING = "other-training"
OTHER_VALIDATION = "other-validation"
OTHER_SETS = frozenset({OTHER_TRAINING, OTHER_VALIDATION})

#: The table of embeddings grows by this many rows or this share, the larger: it is neither copied nor much too large.
_MORE_ROWS = 1024
_MORE_SHARE = 1 / 16


@dataclass(frozen=True, eq=False)
class TaggedEmbeddings:
    """The ``table`` of the embeddings of a data set of N images, and for each tag the ``rows`` of its images.

    ``draws`` (N + V,) uint64 is a pseudo-random number for each row that depends on its ``hash_id`` alone. ``unknown``
    counts the listed hashes without an embedding. Images are near-duplicates where the cosine of their embeddings is at
    least ``nearly_the_same``. ``hashes`` are those of all images.

    ``verdicts`` are those of people on single pictures. V of these may be no images of the data set: they are the last
    rows of the table (N + V, D) float32, and have a draw too. They are there for the tags alone that they were judged
    for; all else is about the N images.
    """

    table: NDArray[np.float32]
    rows: Mapping[str, NDArray[np.int64]]
    draws: NDArray[np.uint64]
    unknown: int
    nearly_the_same: float = NEARLY_THE_SAME
    hashes: HashList = field(default_factory=HashList)
    verdicts: VerdictRows = field(default_factory=VerdictRows)

    @cached_property
    def embeddings(self) -> NDArray[np.float32]:
        """The embeddings (N, D) of the images: the table without the pictures that verdicts alone are on."""
        return self.table[: len(self.table) - len(self.verdicts.pictures)]

    @cached_property
    def tags(self) -> list[str]:
        """The tags, those of verdicts alone too, without the two sets of other images, in alphabetical order."""
        return sorted({*self.rows, *self.verdicts.by_tag} - OTHER_SETS)

    def rows_of(self, tag: str) -> NDArray[np.int64]:
        """Return the rows of the images that are listed for a tag; none where it has no list."""
        return self.rows.get(tag, np.empty(0, dtype=np.int64))

    def verdicts_of(self, tag: str) -> TagVerdicts:
        """Return the verdicts on pictures for a tag, by their rows in the table."""
        return self.verdicts.by_tag.get(tag) or no_verdicts()

    def labelled(self, tag: str) -> NDArray[np.int64]:
        """Return the rows of the table that have a tag: those listed, but where a verdict says otherwise."""
        listed = self.rows_of(tag)
        if tag not in self.verdicts.by_tag:
            return listed
        verdicts = self.verdicts.by_tag[tag]
        return np.concatenate([np.setdiff1d(listed, verdicts.rows), verdicts.yes, verdicts.checked_yes])

    @cached_property
    def only_validated(self) -> NDArray[np.int64]:
        """The rows of the images of ``other-validation``, each once."""
        return np.unique(self.rows.get(OTHER_VALIDATION, np.empty(0, dtype=np.int64)))

    @cached_property
    def groups(self) -> NDArray[np.int64]:
        """The group (N,) int64 of near-duplicates of each image, computed on first use."""
        return near_duplicate_groups(self.embeddings, cosine=self.nearly_the_same)

    def groups_of(self, tag: str) -> NDArray[np.int64]:
        """Return the groups (N + V,) with the pictures that were judged for this tag; -1 for the others."""
        count = len(self.embeddings)
        rows = self.verdicts_of(tag).rows
        added = np.sort(rows[rows >= count])
        if not len(added):
            return self.groups
        labels = np.full(len(self.table), -1)
        labels[:count] = self.groups
        labels[added] = added
        return self.joined(labels, added)

    def joined(self, labels: NDArray[np.int64], added: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the labels once the ``added`` rows (k,) of the table are in the groups of what is nearly the same.

        The labels begin with those of the N images.
        """
        some = self.table[added]
        first, second = close_pairs(some, self.embeddings, cosine=self.nearly_the_same)
        one, other = close_pairs(some, some, cosine=self.nearly_the_same)
        pairs = np.concatenate([added[first], added[one]]), np.concatenate([second, added[other]])
        return join_labels(labels, *pairs)

    def shuffled(self, rows: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
        """Return the rows in an order drawn by the seed.

        The order of any two images does not depend on the rest of the data set.
        """
        mixed = self.draws[rows] ^ _mix(np.array([seed], dtype=np.uint64))
        order = np.argsort(_mix(mixed), kind="stable")
        return np.asarray(rows[order])


def gather(
    images: Iterable[ImportedEmbedding],
    tag_lists: Mapping[str, HashList],
    *,
    nearly_the_same: float = NEARLY_THE_SAME,
    verdicts: Optional[VerdictLabels] = None,
) -> TaggedEmbeddings:
    """Join the embeddings of a metadata file with the lists of hashes per tag, and the verdicts on pictures.

    ``unknown`` counts the listed hashes that the metadata file does not hold.

    Raises
    ------
    TrainingError
        None of the listed hashes has an embedding.
    """
    # An image in no list is still a negative of every tag.
    table, hashes, draws = _GrowingTable(), HashList(), array("Q")
    for image in images:
        table.add(image.embedding)
        hashes.extend([image.hash_id])
        draws.append(draw_of(image.hash_id))
    index = RowIndex(hashes)
    rows: dict[str, NDArray[np.int64]] = {}
    unknown = 0
    for tag, listed in tag_lists.items():
        digests = listed.unique()
        rows[tag] = index.find(digests)
        unknown += len(digests) - len(rows[tag])
    if unknown and not any(map(len, rows.values())):
        raise TrainingError(
            "no listed image has an embedding: the two files belong to different data sets. Give the "
            "metadata and the tag lists of one run of stage 1."
        )
    of_pictures = VerdictRows()
    if verdicts and verdicts.labels:
        further = find_pictures(verdicts, hashes)
        for picture in further:
            table.add(picture.embedding)
            draws.append(draw_of(picture.hash_id))
        of_pictures = rows_of_verdicts(verdicts, hashes, (picture.hash_id for picture in further))
    numbers = np.array(draws, dtype=np.uint64)
    return TaggedEmbeddings(table.finish(), rows, numbers, unknown, nearly_the_same, hashes, of_pictures)


def draw_of(hash_id: str) -> int:
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
