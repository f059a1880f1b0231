"""A query as values: terms, which say what pictures show, and filters, which pictures must pass."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Optional, Union


@dataclass(frozen=True)
class TextTerm:
    """What pictures show, in words. A term of negative ``weight`` is what they shall not show."""

    text: str
    weight: float = 1.0


@dataclass(frozen=True)
class FileTerm:
    """A picture that others shall be like, by its path."""

    path: str
    weight: float = 1.0


@dataclass(frozen=True)
class NearTerm:
    """A picture of the output folder that others shall be like, by its ``hash_id`` or the begin of it."""

    hash_id: str
    weight: float = 1.0


@dataclass(frozen=True)
class Range:
    """The numbers from ``least`` to ``most``, both included."""

    least: float = -math.inf
    most: float = math.inf


@dataclass(frozen=True)
class TagFilter:
    """Pictures that have a tag, or whose probability of it is in a range; ``is_not``: all others."""

    tag: str
    probability: Optional[Range] = None
    is_not: bool = False


@dataclass(frozen=True)
class PathFilter:
    """Pictures with a file whose path matches a pattern; ``is_not``: all others."""

    pattern: str
    is_not: bool = False


@dataclass(frozen=True)
class SideFilter:
    """Pictures whose ``side``, ``width`` or ``height``, is in a range of pixels; ``is_not``: all others."""

    side: str
    pixels: Range
    is_not: bool = False


Term = Union[TextTerm, FileTerm, NearTerm]
Filter = Union[TagFilter, PathFilter, SideFilter]


@dataclass(frozen=True)
class Query:
    """A query: pictures that pass all ``filters``, the nearest to the sum of the ``terms`` first."""

    terms: tuple[Term, ...] = ()
    filters: tuple[Filter, ...] = ()
