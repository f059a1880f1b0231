"""Where the images lie that are to be scored next, from the paths in metadata files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import takewhile

from ..datasets import METADATA_ENDING, read_embeddings
from ..files import is_url
from ..records import ImportedEmbedding


class CommonFolder:
    """Notes the folder that all images of a metadata file lie in, while they are read.

    ``path`` is empty where there is none; ``in_archives`` says that all lie in archives, and of one archive ``path`` is
    that.
    """

    def __init__(self) -> None:
        self.path = ""
        self.in_archives = True
        self._files = 0

    def of(self, images: Iterable[ImportedEmbedding]) -> Iterator[ImportedEmbedding]:
        """Yield the images as they are."""
        for image in images:
            self._add(image)
            yield image

    def _add(self, image: ImportedEmbedding) -> None:
        is_packed = bool(image.address and image.address.members)
        file = image.address.file if image.address else image.file_path
        self.in_archives &= is_packed
        place = file if is_packed else os.path.dirname(file)
        self._files += 1
        if self._files == 1:
            self.path = place
        elif self.path and place != self.path and not place.startswith(os.path.join(self.path, "")):
            self.path = _common(self.path, place)


def _common(path: str, other: str) -> str:
    """Return the folder that two paths have in common, an empty text where there is none."""
    if is_url(path) or is_url(other):
        shared = [one for one, _ in takewhile(_are_same, zip(path.split("/"), other.split("/")))]
        return "/".join(shared) if len(shared) > 2 else ""
    try:
        return os.path.commonpath([path, other])
    except ValueError:  # on two drives, or one of them relative
        return ""


def _are_same(pair: tuple[str, str]) -> bool:
    return pair[0] == pair[1]


def mountain_of(background: str) -> tuple[str, bool]:
    """Return the folder or archive that untagged metadata were written from, and whether its images lie in archives.

    The file is called by it; the path is empty where the first image does not lie in one of that name.
    """
    stem = os.path.splitext(os.path.basename(background))[0].removesuffix(METADATA_ENDING)
    first = next(read_embeddings(background)[1], None)
    if first is None:
        return "", False
    path = first.address.file if first.address else first.file_path
    while path != os.path.dirname(path):
        name = os.path.basename(path)
        if stem in {name, os.path.splitext(name)[0].removesuffix(".tar")}:
            return path, bool(first.address and first.address.members)
        path = os.path.dirname(path)
    return "", False
