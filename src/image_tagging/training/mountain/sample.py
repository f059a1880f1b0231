"""The background as all tags use it: which pictures models are fitted to, unit vectors, and groups of near-duplicates.

Nothing here depends on a tag, so that a further tag of known images changes nothing for the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Optional

import numpy as np
from numpy.typing import NDArray

from ...datasets import Background, Rows, TaggedEmbeddings, close_pairs, join_labels, near_duplicate_groups
from ...tag_models import Floats, unit_rows
from ..fitting.decorrelation import Moments

#: Of a background so large models are fitted to a part alone. Its own pictures of the tag are negatives there: of a
#: small mountain a larger part would teach them away.
_ALL_BELOW, _PART, _MOST_FITTED = 300, 1 / 3, 2_000


@dataclass(frozen=True, eq=False)
class MountainSample:
    """``x`` (m, D) float64 unit vectors of the background; the first ``fitted`` are those that models are fitted to.

    ``groups`` (m,) and ``example_groups`` (N,), of the images of the data set, number near-duplicates in common: a
    number does not depend on the order of the metadata. ``moments`` are those of the part fitted to and of the images,
    without those of ``other-validation``. ``hashes`` (m,) name the pictures.
    """

    x: Floats
    fitted: int
    groups: Rows
    example_groups: Rows
    moments: Moments
    hashes: tuple[str, ...] = ()
    _changed: dict[float, NDArray[np.float32]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, background: Background, data: TaggedEmbeddings) -> MountainSample:
        """Prepare a background for the tags of a data set."""
        order = data.shuffled(np.arange(len(data.embeddings)), 0)
        count = len(background)
        fitted = count if count < _ALL_BELOW else min(max(_ALL_BELOW, int(count * _PART)), _MOST_FITTED)
        together = np.concatenate([data.embeddings[order], background.embeddings])
        groups = near_duplicate_groups(together, cosine=data.nearly_the_same)
        of_examples = np.empty(len(order), dtype=np.int64)
        of_examples[order] = groups[: len(order)]
        has_part = np.arange(len(together)) < len(order) + fitted
        has_part[: len(order)] &= ~np.isin(order, data.only_validated)
        moments = Moments.of(together[has_part])
        x = unit_rows(background.embeddings.astype(np.float64))
        hashes = tuple(picture.hash_id for picture in background.pictures)
        return cls(x, fitted, groups[len(order) :], of_examples, moments, hashes)

    def of_tag(self, tag: str, data: TaggedEmbeddings) -> tuple[MountainSample, Optional[NDArray[np.bool_]]]:
        """Return the sample with the groups (N + V,) of all pictures that were judged for a tag, and what is apart.

        Apart (m,) are the pictures that models of the tag are not fitted to as others: those that are examples
        themselves, and what is nearly the same as a picture that is unsure or validation. ``None`` where none was
        judged. Groups of pictures that another tag alone has verdicts on are -1.
        """
        verdicts, count, pictures = data.verdicts_of(tag), len(data.embeddings), len(self)
        if not len(verdicts.rows):
            return self, None
        added = np.sort(verdicts.rows[verdicts.rows >= count])
        # As the images of the data set and the pictures were numbered: in one table, what is added after these.
        labels = np.concatenate([self.example_groups, np.full(len(data.table) - count, -1), self.groups])
        labels[added] = added + pictures
        first, second = close_pairs(data.table[added], self.x.astype(np.float32), cosine=data.nearly_the_same)
        place = {hash_id: row for row, hash_id in enumerate(self.hashes)}
        same = {row: place[name] for row in added.tolist() if (name := data.verdicts.pictures[row - count]) in place}
        pairs = np.concatenate([added[first], [*same]]), np.concatenate([second, [*same.values()]]) + len(data.table)
        labels = join_labels(data.joined(labels, added), *(each.astype(np.int64) for each in pairs))
        groups, of_table = labels[len(data.table) :], labels[: len(data.table)]
        is_apart = np.isin(groups, of_table[np.concatenate([verdicts.unsure, verdicts.checks])])
        is_apart[[*same.values()]] = True
        return replace(self, groups=groups, example_groups=of_table), is_apart

    def __len__(self) -> int:
        return len(self.x)

    def changed(self, amount: float) -> NDArray[np.float32]:
        """Return the part that models are fitted to after a decorrelation by ``amount``: once for all tags."""
        if amount not in self._changed:
            self._changed[amount] = self.moments.decorrelation(amount).of(self.x[: self.fitted]).astype(np.float32)
        return self._changed[amount]

    def is_like(self, rows: Rows) -> NDArray[np.bool_]:
        """Return which pictures (m,) are near-duplicates of images of the data set."""
        return np.isin(self.groups, self.example_groups[rows])
