"""The images of a data set: below its folder, under names that every system and every reader takes.

An image is named by its hash, so that no name of a person leads a reader astray: one takes ``test/`` in a path for a
part of the data set, one cuts a name at its first dot, one opens names in the encoding of its system. The name that the
image had is a value of its record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Optional

from ..addresses import ImageRef
from .base import COPY, ExportedPicture, ExportedPictures, ExportFolder

#: Says that a data set names images below the folder that they come from, and holds none.
NOT_PLACED = "none"

#: Characters of a hash in a name: 128 bits are those of one picture, and a tar has no more than 100 for a name.
_LONGEST_STEM = 32

_SUFFIX = re.compile(r"\.[a-z0-9]{1,10}")


def suffix_of(ref: ImageRef, picture: ExportedPicture) -> str:
    """Return how the name of an image ends: its own suffix in lower case, or one of its format where that is odd."""
    format_suffix = "." + re.sub(r"[^a-z0-9]", "", picture.format.lower())
    return next((suffix for suffix in (ref.suffix, format_suffix) if _SUFFIX.fullmatch(suffix)), ".img")


def stem_of(picture: ExportedPicture) -> str:
    """Return how the names of a picture's files begin in a data set: the first half of its hash, or less."""
    return picture.hash_id[:_LONGEST_STEM]


class DataSetImages:
    """Places the images of a data set: ``below/0a/0a1b….png``, or ``below/0a1b….png`` where it is ``flat``.

    ``place`` is ``copy`` (also where it is empty), ``hardlink``, ``symlink`` or ``none``.
    """

    def __init__(self, folder: ExportFolder, place: str, below: str, *, flat: bool = False) -> None:
        self._folder, self._place = folder, place or COPY
        self._below, self._flat = below, flat

    @property
    def are_placed(self) -> bool:
        """Whether the data set holds its images."""
        return self._place != NOT_PLACED

    def add(self, picture: ExportedPicture) -> Optional[str]:
        """Place a picture, from the first of its files that can be read; return its name below the data set.

        Where images are not placed it is the name below the folder that they come from; ``None`` where no file can
        be read.

        Raises
        ------
        OutputError
            It cannot be written or linked.
        """
        if not self.are_placed:
            return self._folder.name_of(picture.files[0])
        part = "" if self._flat else f"{picture.hash_id[:2]}/"
        for ref in picture.files:
            name = f"{self._below}/{part}{stem_of(picture)}{suffix_of(ref, picture)}"
            if self._folder.copy(ref, name, self._place):
                return name
        return None


def record_of(picture: ExportedPicture, folder: ExportFolder) -> dict[str, Any]:
    """Return what data sets say of a picture: three lists as long as it has tags, its hash and the names of its files.

    Names are those below the folder that the images come from: a data set that is published tells no one's folders.
    """
    return {
        "tags": [tag.tag for tag in picture.tags],
        "probabilities": [float(tag.probability) for tag in picture.tags],
        "said_by": [tag.said_by for tag in picture.tags],
        "hash_id": picture.hash_id,
        "width": picture.width,
        "height": picture.height,
        "files": [folder.name_of(ref) for ref in picture.files],
    }


def typed_first(pictures: ExportedPictures) -> Iterator[ExportedPicture]:
    """Yield each picture once, the first one with tags before all others.

    Readers take the types of columns from the first records: where these have no tags, their lists are of nothing.
    """
    first = next((picture for picture in pictures if picture.tags), None)
    if first is not None:
        yield first
    for picture in pictures:
        if first is None or picture.hash_id != first.hash_id:
            yield picture
