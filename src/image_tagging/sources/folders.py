"""The files below a folder that the user named, in a stable order, and no others.

A folder may come from a stranger. A link in it that leads out of it could give away any file of the user, and is
followed only on request; where the system shows its state nothing is ever read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Optional, Union

from ..addresses import ImageRef
from ..errors import ReadError
from ..records import Failure
from .read import as_read_error
from .suffixes import is_passed_over
from .system_folders import is_below, is_in_memory, is_system_device, is_system_path, system_folder_error


def is_hidden_folder(name: str) -> bool:
    """Whether folders of this name are passed over, in archives too."""
    return name.startswith(".") or name == "__MACOSX"


class FolderWalk:
    """Goes through a folder and those below it, with a list of the names of each folder in which it is.

    ``leave_out`` are folders that are passed over. ``follow_links`` says whether links may lead out of ``root``; those
    that stay within are always followed, except back to a folder above. A link that is met again, by way of another
    link, gives nothing new and is not followed again: else a few links to each other would have no end.
    """

    def __init__(self, root: str, *, leave_out: Iterable[str] = (), follow_links: bool = False) -> None:
        self._root = root
        self._real_root = os.path.realpath(root)
        self._is_in_memory = is_in_memory(self._real_root)
        self._left_out = frozenset(map(os.path.realpath, leave_out))
        self._follow_links = follow_links
        # The folders in which it is, by their real paths.
        self._stack: list[tuple[str, Iterator[os.DirEntry[str]]]] = []
        self._above = {self._real_root}
        self._followed: set[str] = set()

    def files(self) -> Iterator[Union[str, Failure]]:
        """Yield the path of each file, and a ``Failure`` for what must not or cannot be looked into."""
        yield from self._open(self._root, self._real_root)
        while self._stack:
            real, entries = self._stack[-1]
            for entry in entries:
                if _is_folder(entry):
                    inner = self._folder(entry, real)
                    if isinstance(inner, Failure):
                        yield inner
                    elif inner:
                        yield from self._open(entry.path, inner)
                        break
                elif not entry.name.startswith("._"):
                    yield self._linked_file(entry) if entry.is_symlink() else entry.path
            else:
                self._stack.pop()
                self._above.discard(real)

    def sub_folders(self) -> Iterator[str]:
        """Yield the paths of the folders directly in ``root`` that are looked into; raises OSError if there is none."""
        for entry in _listed(self._root):
            if _is_folder(entry):
                inner = self._folder(entry, self._real_root)
                if inner and not isinstance(inner, Failure):
                    yield entry.path

    def _open(self, folder: str, real: str) -> Iterator[Failure]:
        """Go into a folder, or yield why that is not possible."""
        try:
            entries = _listed(folder)
        except OSError as error:
            yield _failure(folder, as_read_error(error))
            entries = []
        self._above.add(real)
        self._stack.append((real, iter(entries)))

    def _linked_file(self, entry: os.DirEntry[str]) -> Union[str, Failure]:
        if is_passed_over(entry.name):
            return entry.path
        refused = self._refused(os.path.realpath(entry.path), is_link=True)
        return _failure(entry.path, refused) if refused else entry.path

    def _folder(self, entry: os.DirEntry[str], parent: str) -> Union[str, Failure, None]:
        """Return the real path of a folder to look into, why it is not looked into, ``None`` where nobody need know."""
        if is_hidden_folder(entry.name):
            return None
        place = os.path.join(parent, entry.name)
        real = os.path.realpath(entry.path) if os.name == "nt" or entry.is_symlink() else place
        is_link = os.path.normcase(real) != os.path.normcase(place)  # junctions of Windows too
        if real in self._left_out or real in self._above:
            return None
        refused = self._refused(real, is_link=is_link)
        with suppress(OSError):  # what is wrong shows when it is listed
            if not refused and is_system_device(entry.stat().st_dev):
                refused = system_folder_error()
        if refused:
            return _failure(entry.path, refused)
        if is_link and place in self._followed:
            return None
        if is_link:
            self._followed.add(place)
        return real

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
