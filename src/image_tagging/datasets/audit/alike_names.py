"""Find tag names spelt nearly alike (``environment``, ``environmental``), and opposites (``cat``, ``not-cat``)."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from itertools import combinations

#: From this many letters on two names may differ in one letter, and in two; shorter names may not differ.
_ONE_FROM, _TWO_FROM = 4, 10

#: Where more names than this differ in one place, they differ on purpose.
_MOST_ALIKE = 4

#: Up to this many letters two are left out; longer names have too many pairs of letters.
_TWO_UP_TO = 60

#: Longer names are not compared: leaving out each letter of a name costs the square of its length.
_LONGEST = 255

_SEPARATORS = re.compile(r"[\W_]+")
_NEGATION = re.compile(r"^(?:not|non|no|kein|keine)[\W_]+(.+)$", re.IGNORECASE)
_AFFIRMATION = re.compile(r"^(?:pos|is|yes)[\W_]+(.+)$", re.IGNORECASE)


def spelt_alike(names: Iterable[str]) -> list[tuple[str, str]]:
    """Return the pairs of names that differ only in one or two letters, in case, or in separators.

    Each pair is in alphabetical order. Digits must agree: ``level-1`` and ``level-2`` are different names. All names
    are indexed by what remains when one or two letters are deleted, so that not all pairs are compared (Garbe's
    symmetric delete algorithm).
    """
    holders: dict[str, list[str]] = defaultdict(list)
    for name in sorted(set(names)):
        for key in _deletions(_SEPARATORS.sub("", name.casefold())):
            holders[key].append(name)
    pairs = {pair for alike in holders.values() if len(alike) <= _MOST_ALIKE for pair in combinations(alike, 2)}
    return sorted(pair for pair in pairs if not _opposed(*pair))


def differ_in_case(names: Iterable[str]) -> list[tuple[str, str]]:
    """Return the pairs of names that differ in case alone, as far as they follow each other in alphabetical order."""
    spellings: dict[str, list[str]] = defaultdict(list)
    for name in sorted(set(names)):
        spellings[unicodedata.normalize("NFC", name.casefold())].append(name)
    return sorted(pair for same in spellings.values() for pair in zip(same, same[1:]))


def _deletions(name: str) -> set[str]:
    """Return the name, and what remains of it when one or two letters are deleted."""
    letters = [place for place, char in enumerate(name) if not char.isdigit()]
    most = 0 if len(letters) < _ONE_FROM else 1 if len(letters) < _TWO_FROM or len(letters) > _TWO_UP_TO else 2
    keys = {name}
    if len(name) > _LONGEST:
        return keys
    for count in range(1, most + 1):
        for left_out in combinations(letters, count):
            keys.add("".join(char for place, char in enumerate(name) if place not in left_out))
    return keys


def _opposed(one: str, other: str) -> bool:
    return bool(_NEGATION.match(one)) != bool(_NEGATION.match(other))


def opposites(names: Iterable[str]) -> list[tuple[str, str]]:
    """Return the pairs of names of which one negates the other: ``not-cat`` with ``cat`` and ``pos-cat``."""
    every = sorted(set(names))
    plain: dict[str, list[str]] = defaultdict(list)
    for name in every:
        affirmed = _AFFIRMATION.match(name)
        plain[_SEPARATORS.sub("-", (affirmed[1] if affirmed else name).casefold())].append(name)
    found = ((name, _NEGATION.match(name)) for name in every)
    return [
        (name, other) for name, denied in found if denied for other in plain[_SEPARATORS.sub("-", denied[1].casefold())]
    ]
