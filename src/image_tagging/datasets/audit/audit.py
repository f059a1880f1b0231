"""Run all checks of a data set before training, and select the most important advice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...text import join_tags
from ..tagged_embeddings import TaggedEmbeddings
from .duplicate_checks import also_other, copies, differently_tagged, excluding_tags, nearly_other
from .facts import SHOWN, Advice, DataFacts
from .tag_checks import few_images, same_images, spelt_alike_tags

__all__ = ["MOST_ADVICE", "Advice", "audit_dataset"]

#: The most pieces of advice in total, and of one code.
MOST_ADVICE = 12
_MOST_OF_CODE = 3

_CHECKS = (
    excluding_tags,
    also_other,
    nearly_other,
    differently_tagged,
    copies,
    same_images,
    spelt_alike_tags,
    few_images,
)


def audit_dataset(data: TaggedEmbeddings, *, most: int = MOST_ADVICE) -> tuple[Advice, ...]:
    """Return what to look at before training, the most important first; at most ``most`` pieces.

    Where there are more, the last piece counts the rest.

    The codes, in this order: ``excluding-tags`` (images of two tags that exclude each other), ``also-other`` (images
    of a tag that are listed as other images too), ``nearly-other`` (other images that are near-duplicates of images of
    a tag), ``differently-tagged`` (near-duplicates with different tags), ``nearly-the-same`` (a tag of few different
    images), ``same-images`` (two tags with the same images), ``spelt-alike`` (two tags spelt alike that share images or
    look alike), ``few-images``, ``more``.
    """
    facts = DataFacts(data)
    found = [advice for check in _CHECKS for advice in _limit(check(facts))]
    if len(found) <= most:
        return tuple(found)
    rest = len(found) - most + 1
    return (*found[: most - 1], Advice("more", (), (), f"{rest} more notes: follow these first, and train again."))


def _limit(found: Iterable[Advice]) -> Iterator[Advice]:
    """Yield the first advice of one code, and one piece that names the tags of the rest."""
    every = list(found)
    yield from every[:_MOST_OF_CODE]
    if rest := every[_MOST_OF_CODE:]:
        tags = tuple(dict.fromkeys(tag for advice in rest for tag in advice.tags))
        rows = tuple(row for advice in rest for row in advice.rows[:2])[:SHOWN]
        of = "among others of" if every[-1].further else "of"
        count = len(rest) + every[-1].further
        yield Advice(rest[0].code, tags, rows, f"The same goes for {count:,} more, {of} {join_tags(tags)}.")
