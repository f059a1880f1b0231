"""What a search found as pictures to look at: a page for the browser, thumbnails for a terminal."""

from __future__ import annotations

import os

from ...addresses import ImageRef
from ...files import absolute
from ...reports import PagePicture, PageSection, ShownImage, draw_thumbnails, write_picture_page
from ...sources import may_be_opened
from ...text import counted
from .found import FoundPicture, FoundPictures

#: The page of the last search, in its output folder.
PAGE_NAME = "search.html"


def write_found_page(found: FoundPictures, words: str, output: str) -> str:
    """Write what was found by ``words`` as a page in the output folder, in place of the last; return its path.

    Raises
    ------
    OutputError
        Something else has its name, or the folder cannot be written.
    """
    path = os.path.join(absolute(output), PAGE_NAME)
    passed = f"{found.passed:,} that pass the filters, of " if found.passed != found.all else ""
    summary = f"{counted(len(found.pictures), 'picture')} of {passed}{found.all:,}"
    pictures = [PagePicture(each.hash_id, each.files[0], _notes(each)) for each in found.pictures]
    write_picture_page(path, f"Search: {words}", summary, [PageSection("", pictures)])
    return path


def thumbnails_of_found(found: FoundPictures) -> list[str]:
    """Return the thumbnail of each picture as a data URI, in their order; empty of those that cannot be shown."""
    shown: dict[ImageRef, ShownImage] = {
        each.files[0]: ShownImage(each.files[0], each.hash_id)
        for each in found.pictures
        if may_be_opened(each.files[0])
    }
    drawn = draw_thumbnails({ref.key: image for ref, image in shown.items()})
    return [drawn.get(each.files[0].key, "") for each in found.pictures]


def _notes(picture: FoundPicture) -> tuple[str, ...]:
    score = () if picture.score is None else (f"{picture.score:.3f}",)
    files = len(picture.files)
    more = () if files == 1 else (f"in {files:,} files",)
    return (*score, f"{picture.width} x {picture.height}", picture.hash_id[:12], *more)
