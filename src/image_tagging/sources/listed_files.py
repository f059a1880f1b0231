"""What the lines of a list name, found one after the other as finding gives it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Optional, Protocol

from ..addresses import ImageRef
from ..errors import ReadError
from ..files import is_url
from ..records import Failure, Found, LeftOut
from .lists import ListTags, PathList
from .long_paths import found_image
from .read import as_read_error
from .rules import DataSetRules
from .suffixes import is_archive_name, is_image_name
from .system_folders import is_system, system_folder_error


class Finder(Protocol):
    """What finds the images of one file."""

    def by_name(self, file: str) -> Iterator[Found]:
        """Yield what a file is or holds, by its name or else by its content."""

    def parts_of(self, file: str) -> Sequence[str]:
        """Return the parts of a path in the input."""


def found_in_list(paths: PathList, tags: ListTags, rules: DataSetRules, finder: Finder) -> Iterator[Found]:
    """Yield everything that a list names, in its order; a line that is no path comes as a failure with its number."""
    for number, entry in paths.entries():
        if isinstance(entry, ReadError):
            yield Failure(ImageRef(paths.file), "read", entry.code, f"line {number:,} is no path: {entry}")
        elif is_url(entry) and not is_archive_name(entry):
            ref = ImageRef(entry)
            yield found_image(ref, "", tags.of(ref))
        else:
            ref = ImageRef(entry)
            for item in _named(entry, rules, finder):
                if isinstance(item, Failure) and item.ref == ref:
                    item = replace(item, reason=f"{item.reason} (line {number:,} of the list)")  # noqa: PLW2901
                yield item


def _named(path: str, rules: DataSetRules, finder: Finder) -> Iterator[Found]:
    if rules.excluded.is_out("/".join(finder.parts_of(path)), is_folder=False):
        yield LeftOut(ImageRef(path), "excluded", is_folder=False)
    elif error := _refused(path):
        yield Failure(ImageRef(path), "read", error.code, str(error))
    else:
        yield from finder.by_name(path)


def _refused(path: str) -> Optional[ReadError]:
    """Return why what a line names is not read, ``None`` where it may be an image or hold some."""
    if _is_of_system(os.path.dirname(path)):
        return system_folder_error()
    if not is_image_name(path):
        if os.path.isdir(path):
            return ReadError("not-a-file", "it is a folder: list its images, or give the folder itself as the input")
        if not os.path.lexists(path):
            return as_read_error(FileNotFoundError())
    return None


@lru_cache(maxsize=4096)
def _is_of_system(folder: str) -> bool:
    return is_system(folder)
