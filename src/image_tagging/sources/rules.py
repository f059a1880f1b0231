"""What belongs to a data set: the rules for what is met below the input, in folders and archives alike.

Left out are names that systems reserve (:mod:`.reserved`), what is hidden, results of this program (:mod:`.results`),
and what a person excludes (:mod:`.exclusion`). What is named itself is always read.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Collection, Iterable, Sequence
from typing import Optional

from ..addresses import ImageRef, member_parts
from ..records import LeftOut
from .exclusion import DEEPEST, Exclusion
from .reserved import NO_MEDIA, file_reason, folder_reason, may_be_left_out
from .results import kind_folders
from .suffixes import is_archive_name, is_image_name, is_unread_name

#: Whether the system can mark a file as hidden without a dot in its name.
_MARKS_HIDDEN = os.name == "nt" or sys.platform == "darwin"


class DataSetRules:
    """The rules of one run: ``exclude`` are patterns as in a ``.gitignore`` file, ``kinds`` those of tag models.

    Raises
    ------
    InputError
        A pattern means nothing.
    """

    def __init__(self, exclude: Sequence[str] = (), kinds: Iterable[str] = ()) -> None:
        self.excluded = Exclusion(exclude)
        self.kinds = frozenset(kinds)

    def folder_reason(self, name: str, parent: str, path: str) -> Optional[str]:
        """Return why a folder is left out; ``parent`` is the name of the one it is in, ``path`` its path in the input.

        ``None`` means that it is looked into.
        """
        excluded = "excluded" if self.excluded.is_out(path, is_folder=True) else None
        return folder_reason(name, parent) or excluded

    def file_reason(self, name: str, path: str) -> Optional[str]:
        """Return the same for a file; an empty text where it is no image by its name, which need not be counted."""
        if reason := file_reason(name):
            return reason if _may_be_image(name) else ""
        return "excluded" if self.excluded.is_out(path, is_folder=False) else None


class MemberRules:
    """The rules for the members of one archive, of which ``files`` are no folders.

    ``above`` are the parts of the archive's own path in the input.
    """

    def __init__(self, rules: DataSetRules, archive: ImageRef, above: Sequence[str], files: Collection[str]) -> None:
        self._rules = rules
        self._archive = archive
        self._above = tuple(above)
        self._results = kind_folders(files, rules.kinds)
        marks = (member_parts(name) for name in files if name.endswith(NO_MEDIA))
        self._without_gallery = {"/".join(parts[:-1]) for parts in marks if parts[1:] and parts[-1] == NO_MEDIA}
        self._counted: set[str] = set()
        self._folder: Optional[str] = None  # that was looked up last: members of one mostly follow each other
        self._folder_left_out: Optional[tuple[str, str]] = None
        self._path = ""  # of that folder in the input

    def left_out(self, name: str, *, is_folder: bool) -> Optional[list[LeftOut]]:
        """Return ``None`` for a member that belongs to the data set, else what there is to count: a folder once."""
        path = name.rstrip("/")
        last = path.rfind("/") + 1
        folder = path if is_folder else path[:last]
        if folder != self._folder:
            parts = member_parts(folder)
            self._folder, self._folder_left_out = folder, self._first_folder(parts)
            self._path = "/".join((*self._above, *parts, ""))
        if self._folder_left_out:
            return self._once(*self._folder_left_out)
        if is_folder:
            return None
        reason = self._rules.file_reason(path[last:], self._path + path[last:])
        if reason is None:
            return None
        ref = ImageRef(self._archive.file, (*self._archive.members, name))
        return [LeftOut(ref, reason, is_folder=False)] if reason else []

    def _first_folder(self, folders: Sequence[str]) -> Optional[tuple[str, str]]:
        """Return the path of the first folder on the way that is left out, and why it is."""
        excluded = self._rules.excluded.first_folder([*self._above, *folders])
        if excluded is not None and excluded <= len(self._above):
            return "", "excluded"
        deepest = len(folders) if may_be_left_out(folders) else DEEPEST
        for number, name in enumerate(folders[:deepest], start=1):
            reason = folder_reason(name, folders[number - 2] if number > 1 else "") or self._marked(folders, number)
            if not reason and excluded == len(self._above) + number:
                reason = "excluded"
            if reason:
                return "/".join(folders[:number]), reason
        return None

    def _marked(self, folders: Sequence[str], number: int) -> Optional[str]:
        """Return why one of the folders on the way is left out by a file that is in it or next to it."""
        if number > DEEPEST or not (self._results or self._without_gallery):
            return None
        path = "/".join(folders[:number])
        if path in self._results:
            return "results"
        return "hidden-on-phones" if path in self._without_gallery else None

    def _once(self, folder: str, reason: str) -> list[LeftOut]:
        if folder in self._counted:
            return []
        self._counted.add(folder)
        members = (*self._archive.members, folder) if folder else self._archive.members
        return [LeftOut(ImageRef(self._archive.file, members), reason, is_folder=True)]


def is_marked_hidden(entry: os.DirEntry[str]) -> bool:
    """Return whether the system hides a file or folder by a mark on it: Windows and macOS have one."""
    if not _MARKS_HIDDEN:
        return False
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:  # what is wrong shows when it is read
        return False
    marks = getattr(status, "st_file_attributes", 0) & stat.FILE_ATTRIBUTE_HIDDEN
    return bool(marks or getattr(status, "st_flags", 0) & stat.UF_HIDDEN)


def _may_be_image(name: str) -> bool:
    """Return whether a file is an image, or holds some, by its name; ``.1.png.icloud`` stands for one."""
    name = name.removesuffix(".icloud")
    return is_image_name(name) or is_archive_name(name) or is_unread_name(name)
