"""Find tags with few images, and pairs of tags that may mean the same.

Nearest neighbours decide whether the images of two tags look alike (Schilling 1986): if both tags are one class, the
nearest neighbours of images of the smaller tag lie in the larger one as often as by chance. Measured: in two parts of
one class of photos or sprites 0.49 to 1.31 times as often as by chance (14 classes, ``builtin``), in two classes 0 to
0.44 times (43 pairs); in three pairs of published tags that are spelt with ``environment`` and
``environmental``, 0.64 to 1.0.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...text import counted, escaped, join_tags
from ..centres import Rows
from ..divisions import MIN_IMAGES_TO_SPLIT
from ..tagged_embeddings import TaggedEmbeddings
from .alike_names import differ_in_case, spelt_alike
from .facts import SHOWN, Advice, DataFacts, first_rows

#: Two tags list the same images from this Jaccard index (1901) on, and this many shared images.
_SAME_IMAGES, _FEWEST_SAME = 0.9, 3

#: Below this many images the figures of a tag are rough.
_FEW_IMAGES = 20

#: Tags share images if this share of the smaller one is in both.
_SHARE_IMAGES = 0.1

#: Two tags look alike if nearest neighbours lie in the other tag at least this often relative to chance.
_LOOKS_ALIKE = 0.5

#: The most images of a tag that are compared, and the most pairs of tags.
_COMPARED, _PAIRS_COMPARED = 500, 200


def same_images(facts: DataFacts) -> Iterator[Advice]:
    """Yield pairs of tags with nearly all images in common."""
    pairs = facts.pairs
    same = pairs.shared >= np.maximum(_FEWEST_SAME, _SAME_IMAGES * (pairs.fewer + pairs.more - pairs.shared))
    for one, other, further in pairs.first(same):
        both = facts.in_both(one, other)
        every = facts.counts[one] + facts.counts[other] - len(both)
        pair = facts.tags[one], facts.tags[other]
        names = " and ".join(map(escaped, pair))
        sentence = f"{names} have {len(both):,} of {every:,} images in common: if they mean the same, one is enough."
        yield Advice("same-images", pair, first_rows(both), sentence, further)


def spelt_alike_tags(facts: DataFacts) -> Iterator[Advice]:
    """Yield tags that differ in case alone, and tags spelt nearly alike that share images or look alike."""
    places = {tag: place for place, tag in enumerate(facts.tags)}
    in_case = dict.fromkeys(differ_in_case(facts.tags))
    for pair in dict.fromkeys((*in_case, *spelt_alike(facts.tags)[:_PAIRS_COMPARED])):
        one, other = (facts.rows[places[tag]] for tag in pair)
        if pair in in_case:
            why = "differ in case alone"
        elif shared := _many_shared(one, other):
            why = f"are spelt nearly alike and share {counted(shared, 'image')}"
        elif _look_alike(facts.data, one, other):
            why = "are spelt nearly alike and look alike"
        else:
            continue
        names = " and ".join(f"{escaped(tag)} ({counted(len(rows), 'image')})" for tag, rows in zip(pair, (one, other)))
        sentence = f"{names} {why}: if they mean the same, put all into one folder."
        yield Advice("spelt-alike", pair, (*first_rows(one, SHOWN // 2), *first_rows(other, SHOWN // 2)), sentence)


def _many_shared(one: Rows, other: Rows) -> int:
    """Return how many images two tags share, 0 where these are few."""
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared if shared >= _SHARE_IMAGES * min(len(one), len(other)) else 0


def _look_alike(data: TaggedEmbeddings, one: Rows, other: Rows) -> bool:
    """Return whether the embeddings of two tags are mixed."""
    smaller, larger = sorted((one[:_COMPARED], other[:_COMPARED]), key=len)
    unit = data.embeddings[np.concatenate([smaller, larger])].astype(np.float64)
    lengths = np.linalg.norm(unit, axis=1, keepdims=True)
    unit /= np.where(lengths > 0, lengths, 1)
    cosines = unit[: len(smaller)] @ unit.T
    np.fill_diagonal(cosines, -np.inf)
    across = (cosines.argmax(axis=1) >= len(smaller)).mean()
    return bool(across >= _LOOKS_ALIKE * len(larger) / (len(unit) - 1))


def few_images(facts: DataFacts) -> Iterator[Advice]:
    """Yield tags with few images, near-duplicates counted once."""
    distinct = facts.count_distinct()
    order = np.argsort(distinct, kind="stable")
    for least, most, means in (
        (1, MIN_IMAGES_TO_SPLIT, "models are weak then, and not validated"),
        (MIN_IMAGES_TO_SPLIT, _FEW_IMAGES, "figures are rough then, and every further image helps"),
    ):
        tags = tuple(facts.tags[place] for place in order if least <= distinct[place] < most)
        if tags:
            have = "tag has" if len(tags) == 1 else "tags have"
            rows = tuple(dict.fromkeys(int(facts.data.rows[tag][0]) for tag in tags[:SHOWN]))
            sentence = f"{len(tags):,} {have} fewer than {most} different images ({join_tags(tags)}): {means}."
            yield Advice("few-images", tags, rows, sentence)
