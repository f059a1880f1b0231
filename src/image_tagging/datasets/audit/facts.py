"""The facts about a data set that its checks use, and the advice that they return."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..centres import Rows
from ..tagged_embeddings import TaggedEmbeddings

#: Images to show with a piece of advice.
SHOWN = 6

#: Up to this many tags, the images of each pair of tags are counted, all of them.
_TAGS_OF_ALL_PAIRS = 1000

#: With more tags, images of more tags than this are left out, and so are those with most tags once the images before
#: them have given this many pairs: a list of a few images for thousands of tags would take gigabytes.
_MOST_TAGS_OF_IMAGE, _MOST_PAIRS = 100, 10_000_000

#: The most pairs of tags that one check makes into advice; the others are counted.
_PAIRS_ADVISED = 1000


@dataclass(frozen=True, eq=False)
class Advice:
    """One problem of a data set: a stable ``code``, the tags concerned, rows to show, a sentence for users.

    ``rows`` are at most 6 rows of the embeddings; those that belong together follow each other. ``further`` counts
    the problems of the same kind that were found after this one and are not made into advice.
    """

    code: str
    tags: tuple[str, ...]
    rows: tuple[int, ...]
    sentence: str
    further: int = 0


class DataFacts:
    """The facts that all checks share, for N images and the T tags that have an image.

    ``rows`` and ``counts`` (T,) are the images of each tag. ``has`` (N, T) sparse says which image has which tag,
    ``tags_of`` (N,) counts the tags of each image. ``groups`` (N,) are the groups of near-duplicates, and
    ``group_sizes`` (N,) their sizes.

    ``pairs`` are the pairs of tags that share images. Of more than 1,000 tags, they are those of the images that have
    at most 100 tags each, those of the fewest tags first, 10,000,000 pairs in all.
    """

    def __init__(self, data: TaggedEmbeddings) -> None:
        from scipy.sparse import csr_matrix

        self.data = data
        self.groups = data.groups
        self.tags = [tag for tag in data.tags if len(data.rows_of(tag))]
        self.rows = [np.unique(data.rows[tag]) for tag in self.tags]
        self.counts = np.array([len(rows) for rows in self.rows], dtype=np.int64)
        count = len(data.embeddings)
        columns = np.repeat(np.arange(len(self.tags)), self.counts)
        rows = np.concatenate([*self.rows, np.empty(0, dtype=np.int64)])
        self.has: Any = csr_matrix((np.ones(len(rows), dtype=np.int64), (rows, columns)), shape=(count, len(self.tags)))
        self.tags_of = np.bincount(rows, minlength=count)
        self.pairs = SharedPairs(self.has, self._images_of_pairs())
        self.group_sizes = np.bincount(self.groups, minlength=count)

    def other(self, name: str) -> Rows:
        """Return the rows of one set of other images."""
        return np.unique(self.data.rows.get(name, np.empty(0, dtype=np.int64)))

    def in_both(self, one: int, other: int) -> Rows:
        """Return the rows that two tags share; the tags are given by their indices."""
        return np.intersect1d(self.rows[one], self.rows[other], assume_unique=True)

    def _images_of_pairs(self) -> Rows:
        """Return the rows of the images of which pairs of tags are counted."""
        if len(self.tags) <= _TAGS_OF_ALL_PAIRS:
            return np.flatnonzero(self.tags_of)
        order = np.argsort(self.tags_of, kind="stable")
        tags_of = self.tags_of[order]
        few = (tags_of <= _MOST_TAGS_OF_IMAGE) & (np.cumsum(tags_of**2) <= _MOST_PAIRS)
        return np.sort(order[few])

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


class SharedPairs:
    """The pairs of tags that share images: the indices ``one`` < ``other`` (P,), and ``shared`` (P,), how many images.

    ``fewer`` and ``more`` (P,) are the numbers of images of the two tags. All numbers are of the images in ``rows``.
    """

    def __init__(self, has: Any, rows: Rows) -> None:
        from scipy.sparse import triu

        looked_at = has[rows]
        upper = triu(looked_at.T @ looked_at, 1, format="coo")
        self.one, self.other, self.shared = upper.row, upper.col, upper.data
        counts = np.asarray(looked_at.sum(axis=0)).ravel()
        self.fewer = np.minimum(counts[self.one], counts[self.other])
        self.more = np.maximum(counts[self.one], counts[self.other])

    def first(self, chosen: NDArray[np.bool_]) -> Iterator[tuple[int, int, int]]:
        """Yield the first pairs of those ``chosen`` (P,), most images first, each with how many are not yielded.

        That number is 0 in all but the last.
        """
        places = np.flatnonzero(chosen)
        order = places[np.lexsort((self.other[places], self.one[places], -self.shared[places]))]
        last = min(len(order), _PAIRS_ADVISED) - 1
        for number, place in enumerate(order[:_PAIRS_ADVISED]):
            yield int(self.one[place]), int(self.other[place]), len(order) - 1 - last if number == last else 0


def first_rows(rows: Rows, most: int = SHOWN) -> tuple[int, ...]:
    """Return the first rows, to be shown."""
    return tuple(rows[:most].tolist())
