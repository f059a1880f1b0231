"""Images whose addresses are longer than metadata holds: through archives, and by escapes of bytes that are no text."""

from __future__ import annotations

from typing import Union

from ..addresses import LONGEST_ADDRESS, LONGEST_PATH, MOST_NAMES, ImageRef
from ..records import Failure, FoundImage

_WHY = f"its path through the archives is longer than metadata can hold ({LONGEST_PATH:,} characters): shorten names"

#: Characters of the escape for one that is no text.
_ESCAPE = 6


def found_image(ref: ImageRef, stamp: str, tags: tuple[str, str], size: int = 0) -> Union[FoundImage, Failure]:
    """Return the image with its tags and its bytes, or the failure of one that the readers of metadata refuse."""
    return FoundImage(ref, stamp, *tags, size) if _fits(ref) else Failure(ref, "read", "long-name", _WHY)


def _fits(ref: ImageRef) -> bool:
    count = 1 + len(ref.members)
    if count <= MOST_NAMES and _ESCAPE * (len(ref.file) + sum(map(len, ref.members)) + count) <= LONGEST_PATH:
        return True  # as nearly all: no escape makes them too long
    return count <= MOST_NAMES and len(ref.path) <= LONGEST_PATH and sum(map(len, ref.address)) <= LONGEST_ADDRESS
