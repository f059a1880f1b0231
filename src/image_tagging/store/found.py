"""What one run found in an input, sorted in one pass: images into rows and a digest, all else into lists."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from ..failures import FailureList
from ..records import (
    Failure,
    Found,
    FoundArchive,
    FoundFolder,
    FoundImage,
    LeftOut,
    LeftOutCount,
    OtherFile,
    count_left_out,
)
from .inputs import FoundNotes

#: Images held before the listing is written, and characters of all their rows: up to here a run in which nothing has
#: changed writes nothing.
_HELD = 50_000
_HELD_CHARACTERS = 1 << 25

#: Folders that are named of those whose images have one tag.
_MOST_TOPS = 4

#: Suffixes that are counted apart, and how long they may be: in archives any name can have any suffix.
_MOST_SUFFIXES = 1000
_LONGEST_SUFFIX = 20
_OTHER_SUFFIXES = ".…"


@dataclass(frozen=True)
class FoundSummary:
    """What one run found: how many images, the archives in order, what could not be opened, how many files of each
    suffix were passed over, and what was left out.

    ``failures`` are the first ones, ``failure_codes`` counts all of them by code. ``bare_folders`` are the tags of
    folders directly in an input in which no image was found; ``merged_tags`` has the tags of images from several
    such folders, with the first of these.

    ``archives`` and ``bare_folders`` are of all inputs of the role, and ``digest`` stands for these and all their
    images with their stamps and tags, in order. All else is of the input that was looked through; ``new`` counts its
    images that no input of the role had before, and ``gone`` those that none has any more.
    """

    images: int
    new: int
    gone: int
    archives: tuple[FoundArchive, ...]
    failures: tuple[Failure, ...]
    failure_codes: dict[str, int]
    passed_over: dict[str, int]
    left_out: tuple[LeftOutCount, ...]
    bare_folders: tuple[str, ...]
    merged_tags: dict[str, tuple[str, ...]]
    digest: str


def first_rows(images: Iterator[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Yield as many rows as may be held."""
    characters = 0
    for row in islice(images, _HELD):
        yield row
        characters += sum(map(len, row))
        if characters > _HELD_CHARACTERS:
            return


class FoundSorter:
    """Sorts what was found, in one pass: the images into rows and a digest, archives and failures into lists."""

    def __init__(self) -> None:
        self.archives: list[FoundArchive] = []
        self.failures = FailureList()
        self.is_done = False
        self.passed_over: Counter[str] = Counter()
        self.left_out: dict[str, LeftOutCount] = {}
        self.bare_folders: dict[str, None] = {}
        self.tops: dict[str, list[str]] = {}  # by tag
        self._digest = hashlib.blake2b(digest_size=32)

    @property
    def notes(self) -> FoundNotes:
        """What is kept of the input, once all images were taken."""
        return FoundNotes(self._digest.hexdigest(), self.archives, self.bare_folders)

    def images(self, found: Iterable[Found]) -> Iterator[tuple[str, ...]]:
        """Yield the row of each image; what is no image is put into its list on the way."""
        for item in found:
            if isinstance(item, FoundArchive):
                self.archives.append(item)
            elif isinstance(item, Failure):
                self.failures.add(item)
            elif isinstance(item, OtherFile):
                self.passed_over[self._counted_suffix(item.ref.suffix)] += 1
            elif isinstance(item, LeftOut):
                count_left_out(self.left_out, item)
            elif isinstance(item, FoundFolder):
                self.bare_folders[item.tag] = None
            else:
                address = item.ref.key
                self._digest.update(f"{address} {item.stamp} {item.tag}\n".encode())
                self._note_tag(item)
                yield address, item.stamp, item.ref.name.casefold(), item.tag
        self.is_done = True

    def _note_tag(self, image: FoundImage) -> None:
        self.bare_folders.pop(image.top, None)
        tops = self.tops.setdefault(image.tag, [])
        if len(tops) < _MOST_TOPS and image.top not in tops:
            tops.append(image.top)

    def _counted_suffix(self, suffix: str) -> str:
        is_new = suffix not in self.passed_over
        if is_new and (len(suffix) > _LONGEST_SUFFIX or len(self.passed_over) >= _MOST_SUFFIXES):
            return _OTHER_SUFFIXES
        return suffix
