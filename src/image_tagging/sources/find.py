"""Where images come from: folders, archives, archives in archives.

Finding opens no image: a folder is listed, of an archive only its directory or its headers are read, and each image is
an address with a stamp that changes when the image does. Reading (:mod:`image_tagging.sources.read`) returns the bytes
of one address. Nothing is ever unpacked next to the user's files, and no user file is changed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Optional, Union

from ..addresses import ImageRef
from ..errors import InputError, ReadError
from ..files import absolute, below, file_name, is_url, parts_of
from ..records import Failure, Found, FoundArchive, OtherFile
from ..storage import ObjectInfo
from .archives import (
    DEFAULT_LIMITS,
    ArchiveLimits,
    Budget,
    open_archive,
)
from .file_status import FileStatus, status_of
from .folders import FolderWalk
from .found_in_archives import ArchiveFinder, unreadable
from .listed_files import found_in_list
from .lists import ListTags, PathList, is_list
from .long_paths import found_image
from .remote_folders import RemoteWalk, is_remote_folder
from .rules import DataSetRules
from .single_files import begins_like_an_image, has_archive_content, is_archive, require_image, unread
from .suffixes import is_archive_name, is_image_name, is_other_name, is_table_name, is_unread_name
from .system_folders import is_system, system_folder_error
from .tags import Tags


def find_images(  # noqa: PLR0913 - the settings of one run, each by its name
    root: str,
    rules: Optional[DataSetRules] = None,
    *,
    open_archives: bool = True,
    follow_links: bool = False,
    tag_level: str = "parent",
    limits: ArchiveLimits = DEFAULT_LIMITS,
    archive_encoding: Optional[str] = None,
) -> Iterator[Found]:
    """Everything at ``root`` (a folder, an archive, a list of paths or one image, here or at a URL), in a stable order.

    Images come as :class:`FoundImage`; after the images of an archive comes its :class:`FoundArchive`; what
    cannot be opened comes as a :class:`Failure`, and so does an archive of which only a part can be used. Files that
    are neither images nor archives by their names come as :class:`OtherFile`, and folders directly in ``root`` as
    :class:`FoundFolder`. A file without a suffix, or with one that nobody knows, is what it begins like; ``root``
    itself may be an archive or an image under any name.

    What ``rules`` leave out below ``root`` comes as :class:`LeftOut` and is not looked into; hidden files that are no
    images by their names are not reported. ``tag_level`` says which folder is the tag: see :class:`.tags.Tags`.

    Links that lead out of the folder ``root`` are failures, and are followed only with ``follow_links``; what lies in
    ``/proc``, ``/sys`` and ``/dev`` is never read. ``archive_encoding`` is that of names whose archives do not say it.

    Raises
    ------
    InputError
        There is nothing at ``root``, this user may not look there, it is a file of another kind, or lies where the
        system shows its state.
    """
    limits = replace(limits, encoding=archive_encoding or limits.encoding)
    if is_url(root):
        is_folder = is_remote_folder(root)
        tags = Tags(root, tag_level, is_folder=is_folder)
        finder = _Finder(root, rules or DataSetRules(), tags, limits if open_archives else None)
        return finder.in_remote_folder() if is_folder else finder.in_file()
    if is_system(absolute(root)):
        raise InputError(f"{root} cannot be read: {system_folder_error()}. Name another folder.")
    _require_there(root)
    finder = _Finder(root, rules or DataSetRules(), Tags(root, tag_level), limits if open_archives else None)
    if os.path.isdir(root):
        return finder.in_folder(follow_links)
    if not is_archive(root) and is_list(root):
        paths = PathList(root)
        list_tags = ListTags(paths.folder, tag_level)
        lister = _Finder(paths.folder, rules or DataSetRules(), list_tags, limits if open_archives else None)
        return found_in_list(paths, list_tags, rules or DataSetRules(), lister)
    return finder.in_file()


def _require_there(root: str) -> None:
    try:
        os.stat(root)
    except PermissionError as error:
        raise InputError(
            f"{root} cannot be looked at: {error.strerror}. Give this user the right to read it, or run as its owner."
        ) from error
    except (OSError, ValueError) as error:
        raise InputError(f"there is no folder or file at {root}. Check the path.") from error


class _Finder:
    """Finds the images of one run; ``limits`` is ``None`` where archives are not to be opened."""

    def __init__(
        self, root: str, rules: DataSetRules, tags: Union[Tags, ListTags], limits: Optional[ArchiveLimits]
    ) -> None:
        self._root = root
        self._rules = rules
        self._tags = tags
        self._limits = limits
        self._archives = ArchiveFinder(rules, tags)
        self._known = ("", FileStatus(0, ""))  # the object that a listing gave last, whose status it knows

    def in_file(self) -> Iterator[Found]:
        """Return what is in the root, which is an archive or an image; raises InputError where it is neither."""
        if is_archive(self._root):
            return self.in_archive_file(self._root)
        require_image(self._root)
        return iter([self.image_file(ImageRef(self._root))])

    def in_remote_folder(self) -> Iterator[Found]:
        for item in RemoteWalk(self._root, self._rules).items():
            if isinstance(item, ObjectInfo):
                self._known = (item.url, FileStatus.of_object(item))
                yield from self.by_name(item.url)
            else:
                yield item

    def in_folder(self, follow_links: bool) -> Iterator[Found]:
        for item in FolderWalk(self._root, self._rules, follow_links=follow_links).items():
            if isinstance(item, str):
                yield from self.by_name(item)
            else:
                yield item

    def by_name(self, file: str) -> Iterator[Found]:
        """Yield what a file is or holds, by its name or else by its content."""
        if is_image_name(file):
            yield self.image_file(ImageRef(file))
        elif is_archive_name(file):
            yield from self.in_archive_file(file)
        elif is_unread_name(file):
            yield unread(ImageRef(file))
        elif is_table_name(file) and self._holds_images(file):
            yield from self.in_archive_file(file)
        elif is_other_name(file):
            yield OtherFile(ImageRef(file))
        else:
            yield from self._by_content(ImageRef(file))

    def _holds_images(self, table: str) -> bool:
        """Return whether a table has images in it; any other is a file like others, and so is what cannot be read."""
        try:
            self._status_of(table)
            return has_archive_content(table)
        except (ReadError, OSError):
            return False

    def parts_of(self, file: str) -> Sequence[str]:
        """Return the parts of a path in the input, of one that a list names elsewhere its name."""
        if file == self._root:
            return ()
        start = below(self._root)
        return parts_of(file[len(start) :], self._root) if file.startswith(start) else (file_name(file),)

    def _status_of(self, file: str) -> FileStatus:
        return self._known[1] if self._known[0] == file else status_of(file)

    def image_file(self, ref: ImageRef) -> Found:
        try:
            status = self._status_of(ref.file)
        except (ReadError, OSError) as error:
            return unreadable(ref, error)
        return found_image(ref, status.stamp, self._tags.of(ref), status.st_size)

    def in_archive_file(self, file: str) -> Iterator[Found]:
        ref = ImageRef(file)
        try:
            status = self._status_of(file)
        except (ReadError, OSError) as error:
            yield unreadable(ref, error)
            return
        if not self._limits:
            yield FoundArchive(ref, None)
            return
        try:
            budget = Budget(self._limits, status.st_size)
            archive = open_archive(file, budget=budget)
        except (ReadError, OSError) as error:
            yield unreadable(ref, error)
            yield FoundArchive(ref, 0)
            return
        yield from self._archives.in_open(ref, archive, budget, self.parts_of(file))

    def _by_content(self, ref: ImageRef) -> Iterator[Found]:
        """Yield what is in a file whose name says nothing: as in the caches of browsers, or cut short by a download."""
        try:
            self._status_of(ref.file)
            is_archived, is_picture = has_archive_content(ref.file), begins_like_an_image(ref.file)
        except (ReadError, OSError) as error:
            yield unreadable(ref, error)
            return
        if is_archived:
            yield from self.in_archive_file(ref.file)
        elif is_picture:
            yield self.image_file(ref)
        else:
            reason = "neither its name nor its first bytes are those of an image or of an archive"
            yield Failure(ref, "read", "not-an-image", reason)
