"""One name for each member of an archive, whichever names its headers repeat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...files import numbered_name


def unique_names(names: Sequence[str]) -> Sequence[str]:
    """One name for each member, in order: of several with one name the last keeps it, as when all are unpacked.

    The others are numbered as elsewhere (``cat (2).png``), past the names that other members have.
    """
    taken = set(names)
    if len(taken) == len(names):
        return names
    to_come = Counter(names)
    numbers: Counter[str] = Counter()
    unique = []
    for name in names:
        to_come[name] -= 1
        unique.append(_numbered(name, numbers, taken) if to_come[name] else name)
    return unique


def _numbered(name: str, numbers: Counter[str], taken: set[str]) -> str:
    while True:
        numbers[name] += 1
        numbered = numbered_name(name, numbers[name] + 1)
        if numbered not in taken:
            taken.add(numbered)
            return numbered
