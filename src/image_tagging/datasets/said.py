"""What people said of single pictures for single tags, as rows of the table of embeddings.

What is said of a picture for one tag counts for that tag alone, and more than the folders that the picture lies in: it
changes no other tag.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Optional

import numpy as np

from ..records import ImportedEmbedding
from .centres import Rows
from .hash_lists import HashList, RowIndex


class Label(NamedTuple):
    """What was said of one picture for one tag; ``has_tag`` is ``None`` where it is not known.

    ``is_check`` says that the picture is validation of the tag, and nothing to be trained on.
    """

    tag: str
    hash_id: str
    has_tag: Optional[bool]
    is_check: bool = False


class Said(NamedTuple):
    """All that was said, and what finds the pictures that are no images of the data set, by their hashes."""

    labels: Sequence[Label]
    find: Callable[[Sequence[str]], Iterable[ImportedEmbedding]]


@dataclass(frozen=True, eq=False)
class SaidOfTag:
    """The rows (k,) of the pictures that something was said of for one tag, each once, by what that is."""

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
    def of(cls, rows: Rows, labels: Sequence[Label]) -> SaidOfTag:
        """Sort the rows (k,) by what the labels say of them; what is not known of a check is not known."""

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
class SaidOfPictures:
    """What was said of the pictures of a data set and of ``pictures`` (V,) that are no images of it.

    Their rows follow those of the data set. ``used`` has the labels whose pictures are there, ``missing`` counts the
    others.
    """

    by_tag: Mapping[str, SaidOfTag] = field(default_factory=dict)
    pictures: tuple[str, ...] = ()
    used: tuple[Label, ...] = ()
    missing: int = 0


def find_said(said: Said, images: HashList) -> list[ImportedEmbedding]:
    """Return the pictures of what was said that are no images of the data set and are known, ordered by their hash."""
    named = sorted({label.hash_id for label in said.labels})
    known = frozenset(images.digests.tolist())
    found = {each.hash_id: each for each in said.find([name for name in named if _digest(name) not in known])}
    return [found[hash_id] for hash_id in sorted(found)]


def rows_of_said(said: Said, images: HashList, pictures: Iterable[str]) -> SaidOfPictures:
    """Return what was said by the rows of the data set and of the further pictures, which follow them."""
    further = tuple(pictures)
    every = HashList()
    every.join(images)
    every.extend(further)
    index, tags = RowIndex(every), {label.tag: list[Label]() for label in sorted(said.labels, key=_order)}
    known = frozenset(every.digests.tolist())
    used = [label for label in sorted(said.labels, key=_order) if _digest(label.hash_id) in known]
    for label in used:
        tags[label.tag].append(label)
    by_tag = {
        tag: SaidOfTag.of(index.find(HashList(each.hash_id for each in labels).digests), labels)
        for tag, labels in tags.items()
    }
    return SaidOfPictures(by_tag, further, tuple(used), len(said.labels) - len(used))


def empty_said() -> SaidOfTag:
    """Return that nothing was said of a tag."""
    return SaidOfTag(*(np.empty(0, dtype=np.int64) for _ in range(5)))


def _digest(hash_id: str) -> bytes:
    (digest,) = HashList([hash_id]).digests.tolist()
    return bytes(digest)


def _order(label: Label) -> tuple[str, str]:
    return label.tag, label.hash_id
