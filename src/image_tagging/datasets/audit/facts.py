"""The facts about a data set that its checks use, and the advice that they return."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..near_duplicates import Rows
from ..tagged_embeddings import TaggedEmbeddings

#: Images to show with a piece of advice.
SHOWN = 6


@dataclass(frozen=True, eq=False)
class Advice:
    """One problem of a data set: a stable ``code``, the tags concerned, rows to show, a sentence for users.

    ``rows`` are at most 6 rows of the embeddings; those that belong together follow each other.
    """

    code: str
    tags: tuple[str, ...]
    rows: tuple[int, ...]
    sentence: str


class DataFacts:
    """The facts that all checks share, for N images and the T tags that have an image.

    ``rows`` and ``counts`` (T,) are the images of each tag. ``has`` (N, T) sparse says which image has which tag,
    ``tags_of`` (N,) counts the tags of each image, and ``shared`` (T, T) sparse the images that two tags share.
    ``groups`` (N,) are the groups of near-duplicates, and ``group_sizes`` (N,) their sizes.
    """

    def __init__(self, data: TaggedEmbeddings) -> None:
        from scipy.sparse import csr_matrix

        self.data = data
        self.groups = data.groups
        self.tags = [tag for tag in data.tags if len(data.rows[tag])]
        self.rows = [np.unique(data.rows[tag]) for tag in self.tags]
        self.counts = np.array([len(rows) for rows in self.rows], dtype=np.int64)
        count = len(data.embeddings)
        columns = np.repeat(np.arange(len(self.tags)), self.counts)
        rows = np.concatenate([*self.rows, np.empty(0, dtype=np.int64)])
        self.has: Any = csr_matrix((np.ones(len(rows), dtype=np.int64), (rows, columns)), shape=(count, len(self.tags)))
        self.shared: Any = (self.has.T @ self.has).tocsr()
        self.tags_of = np.bincount(rows, minlength=count)
        self.group_sizes = np.bincount(self.groups, minlength=count)

    def other(self, name: str) -> Rows:
        """Return the rows of one set of other images."""
        return np.unique(self.data.rows.get(name, np.empty(0, dtype=np.int64)))

    def in_both(self, one: int, other: int) -> Rows:
        """Return the rows that two tags share; the tags are given by their indices."""
        return np.intersect1d(self.rows[one], self.rows[other], assume_unique=True)

    def shared_pairs(self) -> Iterator[tuple[int, int, int]]:
        """Yield the indices of two tags and how many images they share, most first."""
        pairs = self.shared.tocoo()
        upper = np.flatnonzero(pairs.row < pairs.col)
        order = upper[np.lexsort((pairs.col[upper], pairs.row[upper], -pairs.data[upper]))]
        yield from zip(pairs.row[order].tolist(), pairs.col[order].tolist(), pairs.data[order].tolist())

    def most_concerned(self, counts: NDArray[np.int64]) -> tuple[str, ...]:
        """Return the tags whose count in ``counts`` (T,) is not 0, the largest first."""
        order = np.argsort(-counts, kind="stable")
        return tuple(self.tags[tag] for tag in order[: np.count_nonzero(counts)])

    def members(self, group: int) -> Rows:
        """Return the rows of one group."""
        return np.flatnonzero(self.groups == group)

    def count_distinct(self) -> NDArray[np.int64]:
        """Return the number (T,) of images of each tag, with near-duplicates counted once."""
        return np.array([len(np.unique(self.groups[rows])) for rows in self.rows], dtype=np.int64)


def first_rows(rows: Rows, most: int = SHOWN) -> tuple[int, ...]:
    """Return the first rows, to be shown."""
    return tuple(rows[:most].tolist())
