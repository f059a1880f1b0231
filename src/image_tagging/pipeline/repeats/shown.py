"""Groups of repeats as a page for the browser: the kept picture of each first, and why it is kept."""

from __future__ import annotations

import os

from ...files import StrPath, absolute, user_path
from ...reports import PagePicture, PageSection, write_picture_page
from ...store import CollectedFile
from ...text import counted, in_bytes
from .found import Repeat, RepeatGroup, Repeats

#: The page of the last call, in its output folder.
PAGE_NAME = "duplicates.html"

#: Repeats of a group that are shown on the page.
_MOST_REPEATS = 24


def write_repeats_page(found: Repeats, path: StrPath = "", *, top: int = 100) -> str:
    """Write the first ``top`` groups as a page, by default ``duplicates.html`` in the output folder; return its path.

    Raises
    ------
    OutputError
        Something else has its name, or it cannot be written.
    """
    page = absolute(user_path(path, "page")) if path else os.path.join(found.folder, PAGE_NAME)
    shown = found.groups[:top]
    first = f", the first {len(shown):,} of them here" if len(shown) < len(found.groups) else ""
    summary = (
        f"{counted(len(found.groups), 'group')}{first}. {counted(found.files, 'file')} of {in_bytes(found.size_bytes)} "
        "repeat another; the first picture of each group is kept. Nothing was changed."
    )
    write_picture_page(page, f"Repeats in {found.folder}", summary, map(_section, shown))
    return page


def _section(group: RepeatGroup) -> PageSection:
    more = len(group.repeats) - _MOST_REPEATS
    cut = f" ({counted(more, 'file')} more)" if more > 0 else ""
    kept = PagePicture(group.kept.hash_id, group.kept.ref, ("keep", _size(group.kept)), is_marked=True)
    repeats = (_repeat(repeat) for repeat in group.repeats[:_MOST_REPEATS])
    heading = f"{counted(len(group.repeats) + 1, 'file')}{cut}: keep {group.kept.ref.name}, {group.why}"
    return PageSection(heading, [kept, *repeats])


def _repeat(repeat: Repeat) -> PagePicture:
    alike = "the same pixels" if repeat.is_same else f"alike {repeat.cosine:.3f}"
    return PagePicture(repeat.file.hash_id, repeat.file.ref, (alike, _size(repeat.file)))


def _size(file: CollectedFile) -> str:
    return f"{file.width} x {file.height}, {file.format}, {in_bytes(file.size_bytes)}"
