"""The files below a folder that the user named, in a stable order, and no others.

A folder may come from a stranger. A link in it that leads out of it could give away any file of the user, and is
followed only on request; where the system shows its state nothing is ever read.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple, Optional, Union

from ..addresses import ImageRef
from ..errors import ReadError
from ..records import Failure, FoundFolder, LeftOut
from ..text import as_tag, encodable
from .read import as_read_error
from .reserved import NO_MEDIA
from .results import RESULT_FILES, STORE, TABLES, is_kind_folder, is_own_file, is_own_folder
from .rules import DataSetRules, is_marked_hidden
from .suffixes import is_passed_over, is_table_name
from .system_folders import is_below, is_in_memory, is_system_device, is_system_path, system_folder_error

#: Files that say something of the folder that they are in.
_SAY_MORE = frozenset({NO_MEDIA, *RESULT_FILES})

#: What a walk yields: the path of a file, and what is to be said of folders and of files that are not read.
Walked = Union[str, FoundFolder, LeftOut, Failure]


class _Open(NamedTuple):
    """A folder in which the walk is: its name, its real path, its entries by name, and what lies in it."""

    name: str
    real: str
    entries: Iterator[os.DirEntry[str]]
    has_results: bool
    has_store: bool


class FolderWalk:
    """Goes through a folder and those below it, each real folder once, with a list of the names of each.

    A folder is read where it lies. Links to folders are followed after all that is no link, so that one which leads to
    a folder that was read gives nothing new; of several to one folder the first is followed. ``follow_links`` says
    whether links may lead out of ``root``.
    """

    def __init__(self, root: str, rules: DataSetRules, *, follow_links: bool = False) -> None:
        self._root = root
        self._below_root = len(os.path.join(root, ""))
        self._real_root = os.path.realpath(root)
        self._is_in_memory = is_in_memory(self._real_root)
        self._rules = rules
        self._follow_links = follow_links
        self._walked: set[str] = set()  # real paths
        self._known = 0  # folders that were met again
        self._links: deque[tuple[str, str]] = deque()  # paths, and where they lead

    def items(self) -> Iterator[Walked]:
        """Yield the path of each file, and what is not looked into with the reason."""
        yield from self._tree(self._root, self._real_root)
        while self._links:
            path, real = self._links.popleft()
            if real in self._walked:
                yield LeftOut(ImageRef(path), "link", is_folder=False)
            else:
                yield from self._linked_tree(path, real)

    def _linked_tree(self, path: str, real: str) -> Iterator[Walked]:
        """Go through a folder by way of a link; it adds nothing where all that is in it was read already."""
        folders, known, is_new = [], self._known, False
        for item in self._tree(path, real):
            if isinstance(item, FoundFolder):
                folders.append(item)
            else:
                is_new = True
                yield item
        if is_new or self._known == known:
            yield from folders
        else:
            yield LeftOut(ImageRef(path), "link", is_folder=False)

    def _tree(self, folder: str, real: str) -> Iterator[Walked]:
        """Go through a folder and those below it, links aside."""
        stack: list[_Open] = []
        yield from self._open(folder, real, stack)
        while stack:
            here = stack[-1]
            for entry in here.entries:
                if not _is_folder(entry):
                    yield from self._file(entry, here)
                    continue
                inner = self._folder(entry, here)
                if not isinstance(inner, str):
                    yield from inner
                elif inner in self._walked:
                    self._known += 1
                else:
                    yield from self._open(entry.path, inner, stack)
                    break
            else:
                stack.pop()

    def _open(self, folder: str, real: str, stack: list[_Open]) -> Iterator[Walked]:
        """Go into a folder, or yield why that is not done."""
        self._walked.add(real)
        try:
            entries = _listed(folder)
        except OSError as error:
            yield _failure(folder, as_read_error(error))
            entries = []
        names = {entry.name for entry in entries if entry.name in _SAY_MORE}
        if NO_MEDIA in names and folder != self._root:
            yield LeftOut(ImageRef(folder), "hidden-on-phones", is_folder=True)
            return
        if self._is_first_level(folder) and not self._is_of_results(folder, names, stack):
            yield FoundFolder(ImageRef(folder), as_tag(encodable(os.path.basename(folder))))
        has_results = not names.isdisjoint(RESULT_FILES)
        stack.append(_Open(os.path.basename(folder), real, iter(entries), has_results, STORE in names))

    def _is_first_level(self, folder: str) -> bool:
        return folder != self._root and os.sep not in folder[self._below_root :]

    @staticmethod
    def _is_of_results(folder: str, names: set[str], stack: list[_Open]) -> bool:
        """Return whether a folder is one of results: without an image it is no tag either."""
        return (
            not names.isdisjoint(TABLES)
            or STORE in names
            or bool(stack and stack[-1].has_store and is_own_folder(os.path.basename(folder)))
        )

    def _file(self, entry: os.DirEntry[str], here: _Open) -> Iterator[Walked]:
        reason = self._rules.file_reason(entry.name, self._path_in_root(entry))
        if reason is None and not (here.has_results and is_own_file(entry.name)):
            if is_marked_hidden(entry):
                reason = "" if is_passed_over(entry.name) else "hidden"
            else:
                yield self._linked_file(entry) if entry.is_symlink() else entry.path
        if reason:
            yield LeftOut(ImageRef(entry.path), reason, is_folder=False)

    def _linked_file(self, entry: os.DirEntry[str]) -> Union[str, Failure]:
        if is_passed_over(entry.name) and not is_table_name(entry.name):
            return entry.path
        refused = self._refused(os.path.realpath(entry.path), is_link=True)
        return _failure(entry.path, refused) if refused else entry.path

    def _folder(self, entry: os.DirEntry[str], here: _Open) -> Union[str, list[Walked]]:
        """Return the real path of a folder to look into now, else what there is to say of it."""
        reason = self._rules.folder_reason(entry.name, here.name, self._path_in_root(entry))
        if not reason and is_marked_hidden(entry):
            reason = "hidden"
        if reason:
            return [LeftOut(ImageRef(entry.path), reason, is_folder=True)]
        place = os.path.join(here.real, entry.name)
        real = os.path.realpath(entry.path) if os.name == "nt" or entry.is_symlink() else place
        is_link = os.path.normcase(real) != os.path.normcase(place)  # junctions of Windows too
        refused = self._refused(real, is_link=is_link)
        with suppress(OSError):  # what is wrong shows when it is listed
            if not refused and is_system_device(entry.stat().st_dev):
                refused = system_folder_error()
        if refused:
            return [_failure(entry.path, refused)]
        if is_link:
            self._links.append((entry.path, real))
            return []
        if here.has_results and is_kind_folder(entry.path, self._rules.kinds):
            return [LeftOut(ImageRef(entry.path), "results", is_folder=True)]
        return real

    def _path_in_root(self, entry: os.DirEntry[str]) -> str:
        path = entry.path[self._below_root :]
        return path if os.sep == "/" else path.replace(os.sep, "/")

    def _refused(self, real: str, *, is_link: bool) -> Optional[ReadError]:
        if is_system_path(real) and not (self._is_in_memory and is_in_memory(real)):
            return system_folder_error()
        if is_link and not self._follow_links and not is_below(real, self._real_root):
            return ReadError(
                "link-out",
                "it is a link that leads out of the folder that was named: give --follow_links to follow such links",
            )
        return None


def _listed(folder: str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _failure(path: str, error: ReadError) -> Failure:
    return Failure(ImageRef(path), "read", error.code, str(error))
