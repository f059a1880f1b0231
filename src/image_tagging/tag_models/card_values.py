"""Values of a card that are for people: what is missing, or in another form than this program writes, is ``None``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, Optional

# Characters; these texts are shown to people.
LONGEST_TEXT = 1000
# Images; a count as large as this is ignored.
_TOO_MANY = 10**12


class ImageCounts(NamedTuple):
    """How many images of the tag, and how many others."""

    tag: int
    other: int


def as_object(value: object) -> Mapping[str, Any]:
    """Return an object of JSON; an empty one for any other value."""
    return value if isinstance(value, dict) else {}


def as_text(value: object) -> Optional[str]:
    """Return a text that is neither empty nor long."""
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT else None


def as_texts(value: object, most: int) -> tuple[str, ...]:
    """Return the texts among the first values of a list."""
    return tuple(filter(None, map(as_text, value[:most] if isinstance(value, list) else ())))


def as_share(value: object) -> Optional[float]:
    """Return a number from 0 to 1."""
    number = as_amount(value)
    return number if number is not None and number <= 1 else None


def as_interval(value: object) -> Optional[tuple[float, float]]:
    """Return two shares, of which the second is not the smaller."""
    if not isinstance(value, list) or len(value) != 2:
        return None
    low, high = map(as_share, value)
    return (low, high) if low is not None and high is not None and low <= high else None


def as_amount(value: object) -> Optional[float]:
    """Return a number from 0 on, as large as counts of images are."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    return float(value) if 0 <= value < _TOO_MANY else None


def as_count(value: object) -> Optional[int]:
    """Return a whole number of images; ``true`` is none."""
    return value if type(value) is int and 0 <= value < _TOO_MANY else None


def as_counts(value: object) -> Optional[ImageCounts]:
    """Return how many images of the tag, and how many others."""
    tag, other = as_count(as_object(value).get("tag")), as_count(as_object(value).get("other"))
    return None if tag is None or other is None else ImageCounts(tag, other)


def as_time(value: object) -> Optional[datetime]:
    """Return a time as ISO 8601 writes it."""
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value[:-1] + "+00:00" if value.endswith("Z") else value)
    except ValueError:
        return None
