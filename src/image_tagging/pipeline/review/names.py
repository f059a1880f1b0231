"""Names of tags that a person gives."""

from __future__ import annotations

from ...errors import InputError
from ...text import as_tag, encodable

_LONGEST_TAG = 200


def as_name(tag: str) -> str:
    """Return the name of a tag as it is kept and compared; InputError where it is none."""
    name = encodable(as_tag(tag.strip()))
    if not name or len(name) > _LONGEST_TAG:
        raise InputError(f"a tag has a name of 1 to {_LONGEST_TAG} characters.")
    return name
