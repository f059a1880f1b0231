"""Verdicts as labels: single pictures that a person judged for single tags, as rows of the table of embeddings.

A verdict on a picture counts for its tag alone, and more than the folders that the picture lies in: it changes no other
tag.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Optional

import numpy as np

from ..records import ImportedEmbedding
from .centres import Rows
from .hash_lists import HashList, RowIndex


class VerdictLabel(NamedTuple):
    """The verdict on one picture for one tag; ``has_tag`` is ``None`` where it is not known.

    ``is_check`` says that the picture is validation of the tag, and nothing to be trained on.
    """

    tag: str
    hash_id: str
    has_tag: Optional[bool]
    is_check: bool = False


class VerdictLabels(NamedTuple):
    """All verdicts, and what finds the pictures that are no images of the data set, by their hashes."""

    labels: Sequence[VerdictLabel]
    find: Callable[[Sequence[str]], Iterable[ImportedEmbedding]]


@dataclass(frozen=True, eq=False)
class TagVerdicts:
    """The rows (k,) of the pictures that have a verdict for one tag, each once, by what it is."""

    yes: Rows
    no: Rows
    unsure: Rows
    checked_yes: Rows
    checked_no: Rows

    @property
    def rows(self) -> Rows:
        """All of these rows."""
        return np.concatenate([self.yes, self.no, self.unsure, self.checks])

    @property
    def checks(self) -> Rows:
        """The rows of what is validation."""
        return np.concatenate([self.checked_yes, self.checked_no])

    @classmethod
    def of(cls, rows: Rows, labels: Sequence[VerdictLabel]) -> TagVerdicts:
        """Sort the rows (k,) by their labels; a check that is unsure is unsure."""

        def where(*, has_tag: Optional[bool], is_check: bool) -> Rows:
            kept = [each.has_tag is has_tag and each.is_check is is_check for each in labels]
            return np.asarray(rows[np.array(kept, dtype=bool)])

        return cls(
            yes=where(has_tag=True, is_check=False),
            no=where(has_tag=False, is_check=False),
            unsure=np.concatenate([where(has_tag=None, is_check=False), where(has_tag=None, is_check=True)]),
            checked_yes=where(has_tag=True, is_check=True),
            checked_no=where(has_tag=False, is_check=True),
        )


@dataclass(frozen=True, eq=False)
class VerdictRows:
    """The verdicts on the pictures of a data set and on ``pictures`` (V,) that are no images of it.

    Their rows follow those of the data set. ``used`` has the labels whose pictures are there, ``missing`` counts the
    others.
    """

    by_tag: Mapping[str, TagVerdicts] = field(default_factory=dict)
    pictures: tuple[str, ...] = ()
    used: tuple[VerdictLabel, ...] = ()
    missing: int = 0


def find_pictures(verdicts: VerdictLabels, images: HashList) -> list[ImportedEmbedding]:
    """Return the judged pictures that are no images of the data set and are known, ordered by their hash."""
    named = sorted({label.hash_id for label in verdicts.labels})
    known = frozenset(images.digests.tolist())
    found = {each.hash_id: each for each in verdicts.find([name for name in named if _digest(name) not in known])}
    return [found[hash_id] for hash_id in sorted(found)]


def rows_of_verdicts(verdicts: VerdictLabels, images: HashList, pictures: Iterable[str]) -> VerdictRows:
    """Return the verdicts by the rows of the data set and of the further pictures, which follow them."""
    further = tuple(pictures)
    every = HashList()
    every.join(images)
    every.extend(further)
    index, tags = RowIndex(every), {label.tag: list[VerdictLabel]() for label in sorted(verdicts.labels, key=_order)}
    known = frozenset(every.digests.tolist())
    used = [label for label in sorted(verdicts.labels, key=_order) if _digest(label.hash_id) in known]
    for label in used:
        tags[label.tag].append(label)
    by_tag = {
        tag: TagVerdicts.of(index.find(HashList(each.hash_id for each in labels).digests), labels)
        for tag, labels in tags.items()
    }
    return VerdictRows(by_tag, further, tuple(used), len(verdicts.labels) - len(used))


def no_verdicts() -> TagVerdicts:
    """Return what a tag has that no picture was judged for."""
    return TagVerdicts(*(np.empty(0, dtype=np.int64) for _ in range(5)))


def _digest(hash_id: str) -> bytes:
    (digest,) = HashList([hash_id]).digests.tolist()
    return bytes(digest)


def _order(label: VerdictLabel) -> tuple[str, str]:
    return label.tag, label.hash_id
