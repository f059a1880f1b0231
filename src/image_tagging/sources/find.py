"""Where images come from: folders, archives, archives in archives.

Finding opens no image: a folder is listed, of an archive only its directory or its headers are read, and each image is
an address with a stamp that changes when the image does. Reading (:mod:`image_tagging.sources.read`) returns the bytes
of one address. Nothing is ever unpacked next to the user's files, and no user file is changed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Optional, Union

from ..addresses import ImageRef, member_parts
from ..errors import InputError, ReadError
from ..files import absolute, stamp_of
from ..records import Failure, Found, FoundArchive, OtherFile
from .archives import (
    DEFAULT_LIMITS,
    LONG_NAME,
    OPENING_BYTES,
    Archive,
    ArchiveLimits,
    Budget,
    long_name_error,
    name_cost,
    open_archive,
)
from .folders import FolderWalk
from .listed_files import found_in_list
from .lists import ListTags, PathList, is_list
from .long_paths import found_image
from .read import as_read_error
from .rules import DataSetRules, MemberRules
from .single_files import begins_like_an_image, has_archive_content, is_archive, require_image, status_of, unread
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
    """Everything at ``root`` (a folder, an archive, a list of paths or one image), in a stable order.

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
        There is nothing at ``root``, it is a file of another kind, or lies where the system shows its state.
    """
    limits = replace(limits, encoding=archive_encoding or limits.encoding)
    if is_system(absolute(root)):
        raise InputError(f"{root} cannot be read: {system_folder_error()}. Name another folder.")
    if not os.path.exists(root):
        raise InputError(f"there is no folder or file at {root}. Check the path.")
    finder = _Finder(root, rules or DataSetRules(), Tags(root, tag_level), limits if open_archives else None)
    if os.path.isdir(root):
        return finder.in_folder(follow_links)
    if is_archive(root):
        return finder.in_archive_file(root)
    if is_list(root):
        paths = PathList(root)
        tags = ListTags(paths.folder, tag_level)
        lister = _Finder(paths.folder, rules or DataSetRules(), tags, limits if open_archives else None)
        return found_in_list(paths, tags, rules or DataSetRules(), lister)
    require_image(root)
    return iter([finder.image_file(ImageRef(root))])


class _Finder:
    """Finds the images of one run; ``limits`` is ``None`` where archives are not to be opened."""

    def __init__(
        self, root: str, rules: DataSetRules, tags: Union[Tags, ListTags], limits: Optional[ArchiveLimits]
    ) -> None:
        self._root = root
        self._rules = rules
        self._tags = tags
        self._limits = limits

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

    @staticmethod
    def _holds_images(table: str) -> bool:
        """Return whether a table has images in it; any other is a file like others, and so is what cannot be read."""
        try:
            status_of(table)
            return has_archive_content(table)
        except (ReadError, OSError):
            return False

    def parts_of(self, file: str) -> Sequence[str]:
        """Return the parts of a path in the input, of one that a list names elsewhere its name."""
        if file == self._root:
            return ()
        below = os.path.join(self._root, "")
        return file[len(below) :].split(os.sep) if file.startswith(below) else (os.path.basename(file),)

    def image_file(self, ref: ImageRef) -> Found:
        try:
            status = status_of(ref.file)
        except (ReadError, OSError) as error:
            return _unreadable(ref, error)
        return found_image(ref, stamp_of(status), self._tags.of(ref), status.st_size)

    def in_archive_file(self, file: str) -> Iterator[Found]:
        ref = ImageRef(file)
        try:
            status = status_of(file)
        except (ReadError, OSError) as error:
            yield _unreadable(ref, error)
            return
        if not self._limits:
            yield FoundArchive(ref, None)
            return
        try:
            budget = Budget(self._limits, status.st_size)
            archive = open_archive(file, budget=budget)
        except (ReadError, OSError) as error:
            yield _unreadable(ref, error)
            yield FoundArchive(ref, 0)
            return
        yield from self._in_open(ref, archive, budget, self.parts_of(file))

    def _by_content(self, ref: ImageRef) -> Iterator[Found]:
        """Yield what is in a file whose name says nothing: as in the caches of browsers, or cut short by a download."""
        try:
            status_of(ref.file)
            is_archived, is_picture = has_archive_content(ref.file), begins_like_an_image(ref.file)
        except (ReadError, OSError) as error:
            yield _unreadable(ref, error)
            return
        if is_archived:
            yield from self.in_archive_file(ref.file)
        elif is_picture:
            yield self.image_file(ref)
        else:
            reason = "neither its name nor its first bytes are those of an image or of an archive"
            yield Failure(ref, "read", "not-an-image", reason)

    def _in_open(self, ref: ImageRef, archive: Archive, budget: Budget, above: Sequence[str]) -> Iterator[Found]:
        """What an open archive holds, ``above`` being the parts of its path in the input; it is closed at the end."""
        images = 0
        try:
            with closing(archive):
                budget.take_members(len(archive.members))
                budget.take_names(len(archive.members) * sum(map(name_cost, ref.members)))  # each address has them all
                for code, fault in (("damaged-archive", archive.damage), ("name-encoding", archive.misnamed)):
                    if fault:
                        yield Failure(ref, "read", code, fault)
                files = [name for name, member in archive.members.items() if member.kind != "folder"]
                rules = MemberRules(self._rules, ref, above, files)
                for name in archive.members if archive.is_sequential else sorted(archive.members):
                    if budget.is_spent:
                        break
                    member = archive.members[name]
                    inner = ImageRef(ref.file, (*ref.members, name))
                    if member.kind == LONG_NAME:
                        yield _unreadable(inner, long_name_error())
                        continue
                    left_out = rules.left_out(name, is_folder=member.kind == "folder")
                    if left_out is not None:
                        yield from left_out
                    elif member.kind == "folder":
                        continue
                    elif is_image_name(name.rstrip("/")):  # what is called like a folder and has content is none
                        if member.size <= budget.limits.image_bytes:  # else it is refused before a byte is unpacked
                            budget.take_bytes(member.most_bytes)
                        images += 1
                        yield found_image(inner, member.stamp, self._tags.of(inner), member.size)
                    elif is_archive_name(name):
                        yield from self._in_nested(archive, inner, budget, (*above, *member_parts(name)))
                    else:
                        yield unread(inner) if is_unread_name(name) else OtherFile(inner)
        except (ReadError, OSError) as error:
            yield _unreadable(ImageRef(ref.file) if budget.is_spent else ref, error)
        yield FoundArchive(ref, images)

    def _in_nested(self, archive: Archive, inner: ImageRef, budget: Budget, above: Sequence[str]) -> Iterator[Found]:
        try:
            if len(inner.members) >= budget.limits.depth:
                raise ReadError("too-deep", f"archives lie more than {budget.limits.depth} deep in each other")
            budget.take_bytes(OPENING_BYTES)
            opened = archive.inner(inner.members[-1], budget)
        except (ReadError, OSError) as error:
            yield _unreadable(ImageRef(inner.file) if budget.is_spent else inner, error)
            yield FoundArchive(inner, 0)
            return
        budget.hold(opened.held_bytes)
        yield from self._in_open(inner, opened, budget, above)
        budget.hold(-opened.held_bytes)


def _unreadable(ref: ImageRef, error: Exception) -> Failure:
    read_error = error if isinstance(error, ReadError) else as_read_error(error)
    return Failure(ref, "read", read_error.code, str(read_error))
