"""What is odd about a data set, told before tag models learn it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...text import join_tags
from ..splits import TaggedEmbeddings
from .duplicate_checks import also_other, copies, differently_tagged, excluding_tags, nearly_other
from .facts import SHOWN, Advice, DataFacts
from .tag_checks import few_images, same_images, spelt_alike_tags

__all__ = ["MOST_ADVICE", "Advice", "audit_dataset"]

#: Pieces of advice in all, and of one code.
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
    """What to look at before training, the most important first; at most so many pieces, of which the last counts more.

    The codes, in this order: ``excluding-tags`` (images of two tags that otherwise share none), ``also-other`` (images
    of a tag that are listed as other images too), ``nearly-other`` (near-duplicates of them are),
    ``differently-tagged`` (near-duplicates with different tags), ``nearly-the-same`` (a tag of few different images),
    ``same-images`` (two tags with the same ones), ``spelt-alike`` (and they share images or look alike),
    ``few-images``, ``more``.
    """
    facts = DataFacts(data)
    found = [advice for check in _CHECKS for advice in _cut(check(facts))]
    if len(found) <= most:
        return tuple(found)
    rest = len(found) - most + 1
    return (*found[: most - 1], Advice("more", (), (), f"{rest} more notes: heed these first, and train again."))


def _cut(found: Iterable[Advice]) -> Iterator[Advice]:
    """The first of one code, and one more that names the tags of the others."""
    every = list(found)
    yield from every[:_MOST_OF_CODE]
    if rest := every[_MOST_OF_CODE:]:
        tags = tuple(dict.fromkeys(tag for advice in rest for tag in advice.tags))
        rows = tuple(row for advice in rest for row in advice.rows[:2])[:SHOWN]
        yield Advice(rest[0].code, tags, rows, f"The same goes for {len(rest)} more, of {join_tags(tags)}.")
