"""Names of tags that are spelt nearly alike, ``environment`` and ``environmental``, and those that deny each other."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import combinations

#: Letters in which two names may differ: none of short names, one, and from so many letters on two.
_ONE_FROM, _TWO_FROM = 4, 10

#: A letter or two that tell more names than this apart are no slips.
_MOST_ALIKE = 4

#: Of longer names all pairs of letters are too many to leave out.
_TWO_UP_TO = 60

_SEPARATORS = re.compile(r"[\W_]+")
_NEGATION = re.compile(r"^(?:not|non|no|kein|keine)[\W_]+(.+)$", re.IGNORECASE)
_AFFIRMATION = re.compile(r"^(?:pos|is|yes)[\W_]+(.+)$", re.IGNORECASE)


def spelt_alike(names: Iterable[str]) -> list[tuple[str, str]]:
    """The pairs of names, each in alphabetical order, that differ in a letter or two, in case, or in what parts words.

    Digits are no slips: ``level-1`` and ``level-2`` are two names. A pair that shares what is left when a letter or two
    are left out of either is found without comparing all pairs (Garbe's symmetric deletes).
    """
    holders: dict[str, list[str]] = defaultdict(list)
    for name in sorted(set(names)):
        for key in _with_letters_left_out(_SEPARATORS.sub("", name.casefold())):
            holders[key].append(name)
    pairs = {pair for alike in holders.values() if len(alike) <= _MOST_ALIKE for pair in combinations(alike, 2)}
    return sorted(pair for pair in pairs if not _opposed(*pair))


def _with_letters_left_out(name: str) -> set[str]:
    letters = [place for place, char in enumerate(name) if not char.isdigit()]
    most = 0 if len(letters) < _ONE_FROM else 1 if len(letters) < _TWO_FROM or len(letters) > _TWO_UP_TO else 2
    keys = {name}
    for count in range(1, most + 1):
        for left_out in combinations(letters, count):
            keys.add("".join(char for place, char in enumerate(name) if place not in left_out))
    return keys


def _opposed(one: str, other: str) -> bool:
    return bool(_NEGATION.match(one)) != bool(_NEGATION.match(other))


def opposites(names: Iterable[str]) -> list[tuple[str, str]]:
    """The pairs of names of which one says that it is not the other: ``not-cat`` with ``cat`` and ``pos-cat``."""
    every = sorted(set(names))
    plain: dict[str, list[str]] = defaultdict(list)
    for name in every:
        affirmed = _AFFIRMATION.match(name)
        plain[_SEPARATORS.sub("-", (affirmed[1] if affirmed else name).casefold())].append(name)
    found = ((name, _NEGATION.match(name)) for name in every)
    return [
        (name, other) for name, denied in found if denied for other in plain[_SEPARATORS.sub("-", denied[1].casefold())]
    ]
