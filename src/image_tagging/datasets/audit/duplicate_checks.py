"""Find pictures with contradictory labels: tags that exclude each other, other images with tags, near-duplicates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...text import counted, counted_are, escaped, join_tags
from ..tagged_embeddings import OTHER_TRAINING, OTHER_VALIDATION
from .alike_names import opposites
from .facts import SHOWN, Advice, DataFacts, first_rows

#: Tags are taken to exclude each other where at most this share of the images has several tags.
_FEW_OF_SEVERAL_TAGS = 0.05

#: A tag is reported from this many near-duplicates on, and this share.
_MANY_COPIES, _MANY_COPIES_SHARE = 3, 0.1


def excluding_tags(facts: DataFacts) -> Iterator[Advice]:
    """Yield images of two tags that exclude each other: by their names, or since nearly all images have one tag."""
    places = {tag: place for place, tag in enumerate(facts.tags)}
    opposed = {tuple(sorted((places[one], places[other]))) for one, other in opposites(facts.tags)}
    several = int((facts.tags_of > 1).sum())
    exclude = 0 < several <= _FEW_OF_SEVERAL_TAGS * int((facts.tags_of > 0).sum())
    pairs, many = facts.pairs, len(facts.tags)
    numbers = np.array([one * many + other for one, other in opposed], dtype=np.int64)
    by_name = np.isin(pairs.one.astype(np.int64) * many + pairs.other, numbers)
    for one, other, further in pairs.first(by_name | (exclude & (2 * pairs.shared <= pairs.fewer))):
        pair = facts.tags[one], facts.tags[other]
        rows = facts.in_both(one, other)
        both = f"{counted_are(len(rows), 'image')} in both {escaped(pair[0])} and {escaped(pair[1])}"
        if (one, other) in opposed:
            sentence = f"{both}, which by their names exclude each other: leave each in one of the two."
        else:
            sentence = f"{both}, while nearly all others have one tag: leave each in one unless both are true."
        yield Advice("excluding-tags", pair, first_rows(rows), sentence, further)


def also_other(facts: DataFacts) -> Iterator[Advice]:
    """Yield images of tags, and of ``other-validation``, that are listed as other images too."""
    for name in (OTHER_TRAINING, OTHER_VALIDATION):
        both = facts.other(name)[facts.tags_of[facts.other(name)] > 0]
        if len(both):
            tags = facts.most_concerned(_tag_counts(facts, both))
            means = "each counts as an image of its tag, and as an other image for all other tags"
            sentence = f"{counted_are(len(both), 'image')} both in {name} and in tags ({join_tags(tags)}): {means}."
            yield Advice("also-other", tags, first_rows(both), sentence)
    both = np.intersect1d(facts.other(OTHER_TRAINING), facts.other(OTHER_VALIDATION))
    if len(both):
        what = f"{counted_are(len(both), 'image')} both in {OTHER_TRAINING} and in {OTHER_VALIDATION}"
        yield Advice(
            "also-other", (), first_rows(both), f"{what}: they are used for validation only, not for training."
        )


def nearly_other(facts: DataFacts) -> Iterator[Advice]:
    """Yield other images that are nearly the same as images of tags."""
    tagged = np.zeros(len(facts.groups), dtype=bool)
    tagged[facts.groups[facts.tags_of > 0]] = True
    for name, harm in (
        (OTHER_TRAINING, "models learn the same picture with and without the tag"),
        (OTHER_VALIDATION, "a model that tags them correctly is counted as wrong"),
    ):
        others = facts.other(name)[facts.tags_of[facts.other(name)] == 0]
        near = others[tagged[facts.groups[others]]]
        if len(near):
            tags = facts.most_concerned(_tag_counts(facts, np.isin(facts.groups, facts.groups[near])))
            what = f"{counted(len(near), 'image')} of {name} {'is' if len(near) == 1 else 'are'}"
            sentence = f"{what} nearly the same as images of tags ({join_tags(tags)}): {harm}."
            rows = tuple(row for other in near[: SHOWN // 2] for row in (int(other), _tagged_like(facts, other)))
            yield Advice("nearly-other", tags, rows, sentence)


def _tag_counts(facts: DataFacts, rows: NDArray[Any]) -> NDArray[np.int64]:
    """Return how many of the images (n,) have each tag (T,)."""
    return np.asarray(facts.has[rows].sum(axis=0)).ravel()


def _tagged_like(facts: DataFacts, row: int) -> int:
    """Return the first image with a tag that is nearly the same as an image."""
    members = facts.members(facts.groups[row])
    return int(members[facts.tags_of[members] > 0][0])


def differently_tagged(facts: DataFacts) -> Iterator[Advice]:
    """Yield near-duplicates that have tags, but not all the same ones."""
    from scipy.sparse import csr_matrix

    rows = np.flatnonzero((facts.group_sizes[facts.groups] > 1) & (facts.tags_of > 0))
    if not len(rows):
        return
    groups, number, sizes = np.unique(facts.groups[rows], return_inverse=True, return_counts=True)
    member = csr_matrix((np.ones(len(rows), dtype=np.int64), (number, np.arange(len(rows)))))
    counts = (member @ facts.has[rows]).tocoo()
    some_have = counts.data < sizes[counts.row]
    concerned = groups[np.unique(counts.row[some_have])]
    if len(concerned):
        tags = facts.most_concerned(np.bincount(counts.col[some_have], minlength=len(facts.tags)))
        what = "1 picture is" if len(concerned) == 1 else f"{len(concerned):,} pictures are"
        sentence = (
            f"{what} there more than once, nearly the same, with different tags ({join_tags(tags)}): give all the same."
        )
        shown = tuple(row for group in concerned[: SHOWN // 2] for row in _unlike_tags(facts, group))
        yield Advice("differently-tagged", tags, shown, sentence)


def _unlike_tags(facts: DataFacts, group: int) -> tuple[int, int]:
    """Return two images of one group whose tags differ."""
    members = facts.members(group)
    members = members[facts.tags_of[members] > 0]
    first = facts.has[members[:1]]
    unlike = next(row for row in members[1:] if (facts.has[[row]] != first).nnz)
    return int(members[0]), int(unlike)


def copies(facts: DataFacts) -> Iterator[Advice]:
    """Yield tags of which many images are nearly the same."""
    distinct = facts.count_distinct()
    repeated = facts.counts - distinct
    many = repeated >= np.maximum(_MANY_COPIES, facts.counts * _MANY_COPIES_SHARE)
    for place in np.argsort(-repeated / facts.counts, kind="stable"):
        if many[place]:
            members = facts.groups[facts.rows[place]]
            numbers, sizes = np.unique(members, return_counts=True)
            rows = facts.rows[place][members == numbers[sizes.argmax()]]
            has = f"{escaped(facts.tags[place])} has {counted(facts.counts[place], 'image')}"
            sentence = f"{has}, but only {distinct[place]:,} that are not nearly the same: add different ones."
            yield Advice("nearly-the-same", (facts.tags[place],), first_rows(rows), sentence)
