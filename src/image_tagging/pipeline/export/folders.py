"""Exports of files that hold many pictures each, and of data sets: planned first, so that nothing of others is lost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing

from ...errors import OutputError
from ...interchange import ExportedPicture, ExportedPictures, FolderFormat
from ...progress import Progress
from ...records import Failure
from ...sources import SourceReader
from ...text import counted, short_path
from ...writing import remove_below, remove_empty_folder
from .counts import Counts
from .ledger import Ledger
from .names import MirrorNames
from .written_folders import PlannedFolder, WrittenFolder, identity, path_of, unwritable


class FolderExport:
    """Writes the files of a format below ``root``; ``failures`` are images that could not be read.

    With ``tagged_only`` pictures without a tag are left out.
    """

    def __init__(self, root: str, form: FolderFormat, names: MirrorNames, ledger: Ledger, *, tagged_only: bool) -> None:
        self._tagged_only = tagged_only
        self.root, self._form, self._names, self._ledger = root, form, names, ledger
        self._replace = False
        self.failures: list[Failure] = []

    def plan(self, pictures: ExportedPictures, watch: Progress, *, replace: bool, is_dry: bool) -> Counts:
        """Return what :meth:`write` will do, where ``is_dry``; images that a file holds are read for that.

        Raises
        ------
        OutputError
            A file of others has the name of one.
        """
        self._replace = replace
        with closing(SourceReader()) as reader:
            folder = PlannedFolder(self.root, self._names, self._ledger, reader)
            folder.reads = is_dry
            self._form.write(self._watched(pictures, watch, "Planning", folder.counts), folder)
        if folder.foreign and not replace:
            first, more = folder.foreign[0], len(folder.foreign) - 1
            others = f" (and {counted(more, 'more file')})" if more else ""
            raise OutputError(
                f"{short_path(first)}{others} was not written by an export, or was changed since, so nothing was "
                "written. Move it away, or give --replace to lose what is in it."
            )
        folder.counts.removed = sum(1 for _ in _stale(self.root, self._ledger, folder.wanted))
        self.failures, folder.counts.unread = folder.failures, len(folder.failures)
        return folder.counts

    def write(self, pictures: ExportedPictures, watch: Progress) -> Counts:
        """Write what was planned; return what was done. Raise OutputError."""
        with closing(SourceReader()) as reader:
            folder = WrittenFolder(self.root, self._names, self._ledger, reader)
            folder.replaces = self._replace
            self._form.write(self._watched(pictures, watch, "Writing", folder.counts), folder)
        for name in list(_stale(self.root, self._ledger, folder.wanted)):
            remove_written(self.root, name)
            folder.counts.removed += 1
        self._ledger.finish(lambda name: os.path.lexists(path_of(self.root, name)))
        self.failures, folder.counts.unread = folder.failures, len(folder.failures)
        return folder.counts

    def _watched(self, pictures: ExportedPictures, watch: Progress, activity: str, counts: Counts) -> _Watched:
        return _Watched(pictures, watch, activity, counts, tagged_only=self._tagged_only)


class _Watched:
    """Pictures that are counted, and that the progress is shown of, each time that they are read.

    With ``tagged_only`` those without a tag are counted alone.
    """

    def __init__(
        self, pictures: ExportedPictures, watch: Progress, activity: str, counts: Counts, *, tagged_only: bool
    ) -> None:
        self._pictures, self._watch, self._activity, self._counts = pictures, watch, activity, counts
        self._tagged_only = tagged_only

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of the pictures."""
        return self._pictures.tags

    def __iter__(self) -> Iterator[ExportedPicture]:
        number = self._counts.untagged = 0
        for number, picture in enumerate(self._pictures, start=1):
            if number % 256 == 0:
                self._watch(self._activity, number, None)
            if self._tagged_only and not picture.tags:
                self._counts.untagged += 1
            else:
                yield picture
        self._counts.pictures = number


def _stale(root: str, ledger: Ledger, wanted: set[int]) -> Iterator[str]:
    """Yield the names of our own files that are no longer wanted, and are as we wrote them."""
    for name in ledger.known:
        path = path_of(root, name)
        is_stale = hash(os.path.normcase(path)) not in wanted and os.path.lexists(path)
        if is_stale and ledger.owner(name, identity(path)) is not None:
            yield name


def remove_written(root: str, name: str) -> None:
    """Remove a file by its name below the folder, and the folders that are empty then; raise OutputError."""
    *folders, own = name.split("/")
    try:
        remove_below(root, os.path.join("", *folders), own)
    except OSError as error:
        raise unwritable(path_of(root, name), error) from error
    while folders:
        remove_empty_folder(root, os.path.join(*folders))
        folders.pop()
