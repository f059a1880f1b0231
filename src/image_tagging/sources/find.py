"""Where images come from: folders, archives, archives in archives.

Finding opens no image: a folder is listed, of an archive only its directory or its headers are read, and each image is
an address with a stamp that changes when the image does. Reading (:mod:`image_tagging.sources.read`) returns the bytes
of one address. Nothing is ever unpacked next to the user's files, and no user file is changed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from typing import Optional, Union

from ..addresses import ImageRef
from ..errors import InputError, ReadError
from ..files import absolute, stamp_of
from ..records import Failure, Found, FoundArchive, FoundImage, OtherFile
from .archives import (
    DEFAULT_LIMITS,
    LONG_NAME,
    OPENING_BYTES,
    Archive,
    ArchiveLimits,
    Budget,
    long_name_error,
    looks_like_archive,
    name_cost,
    open_archive,
)
from .folders import FolderWalk, is_hidden_folder
from .long_paths import found_image
from .read import as_read_error
from .suffixes import is_archive_name, is_image_name, is_other_name, is_unread_name
from .system_folders import is_system, is_system_device, system_folder_error

#: How an image begins, under any name; BMP and the like begin too much like other things.
_IMAGE_BEGINNINGS = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*", b"8BPS", b"qoif", b"\0\0\0\x0cjP  ")
_BOXED_BEGINNINGS = frozenset({b"ftypavif", b"ftypavis", b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1"})


def find_images(
    root: str,
    *,
    open_archives: bool = True,
    leave_out: Iterable[str] = (),
    follow_links: bool = False,
    limits: ArchiveLimits = DEFAULT_LIMITS,
) -> Iterator[Found]:
    """Everything at ``root`` (a folder, an archive or one image), in a stable order.

    Images come as :class:`FoundImage`; after the images of an archive comes its :class:`FoundArchive`; what
    cannot be opened comes as a :class:`Failure`, and so does an archive of which only a part can be used. Files that
    are neither images nor archives by their names come as :class:`OtherFile`. A file without a suffix, or with one
    that nobody knows, is what it begins like; ``root`` itself may be an archive under any name.

    Not reported are hidden files and folders (``.git``, ``__MACOSX``), the companions that macOS leaves
    (``._cat.png``), links back to a folder above, and the folders ``leave_out`` (those of results).

    Links that lead out of the folder ``root`` are failures, and are followed only with ``follow_links``; what lies in
    ``/proc``, ``/sys`` and ``/dev`` is never read.

    Raises
    ------
    InputError
        There is nothing at ``root``, it is a file of another kind, or lies where the system shows its state.
    """
    if is_system(absolute(root)):
        raise InputError(f"{root} cannot be read: {system_folder_error()}. Name another folder.")
    if not os.path.exists(root):
        raise InputError(f"there is no folder or file at {root}. Check the path.")
    if os.path.isdir(root):
        walk = FolderWalk(root, leave_out=leave_out, follow_links=follow_links)
        return _find_in_folder(walk, limits if open_archives else None)
    if is_archive(root):
        return _find_in_archive_file(root, limits if open_archives else None)
    if not is_image_name(root):
        raise InputError(f"{root} is neither a folder, an image nor an archive (.zip, .tar, .tar.gz …).")
    return _find_in_file(root, None)


def sub_folders(root: str, *, leave_out: Iterable[str] = (), follow_links: bool = False) -> list[str]:
    """The paths of the folders directly in the folder ``root`` that :func:`find_images` looks into, by name.

    Raises
    ------
    OSError
        The folder cannot be listed.
    """
    return list(FolderWalk(root, leave_out=leave_out, follow_links=follow_links).sub_folders())


def is_archive(file: str) -> bool:
    """Whether a file that was named is an archive: by its suffix or by its content."""
    if is_archive_name(file):
        return True
    with suppress(OSError):  # what it is then shows when it is read
        return os.path.isfile(file) and looks_like_archive(file, anywhere=not is_image_name(file))
    return False


def _is_hidden_member(name: str) -> bool:
    *folders, last = name.replace("\\", "/").split("/")
    return last.startswith("._") or any(is_hidden_folder(folder) for folder in folders if folder.strip("."))


def _find_in_folder(walk: FolderWalk, limits: Optional[ArchiveLimits]) -> Iterator[Found]:
    for item in walk.files():
        if isinstance(item, Failure):
            yield item
        elif is_image_name(item):
            yield _image_file(ImageRef(item))
        else:
            yield from _find_in_file(item, limits)


def _find_in_file(file: str, limits: Optional[ArchiveLimits]) -> Iterator[Found]:
    """``limits`` is ``None`` where archives are not to be opened."""
    ref = ImageRef(file)
    if is_image_name(file):
        yield _image_file(ref)
    elif is_archive_name(file):
        yield from _find_in_archive_file(file, limits)
    elif is_unread_name(file):
        yield _unread(ref)
    elif is_other_name(file):
        if not ref.name.startswith("."):
            yield OtherFile(ref)
    else:
        yield from _find_by_content(ref, limits)


def _find_by_content(ref: ImageRef, limits: Optional[ArchiveLimits]) -> Iterator[Found]:
    """A file whose name says nothing: without a suffix, as in the caches of browsers, or cut short by a download."""
    try:
        _status(ref.file)
        is_archived, is_picture = looks_like_archive(ref.file), _begins_like_an_image(ref.file)
    except (ReadError, OSError) as error:
        yield _unreadable(ref, error)
        return
    if is_archived:
        yield from _find_in_archive_file(ref.file, limits)
    elif is_picture:
        yield _image_file(ref)
    else:
        reason = "neither its name nor its first bytes are those of an image or of an archive"
        yield Failure(ref, "read", "not-an-image", reason)


def _image_file(ref: ImageRef) -> Union[FoundImage, Failure]:
    try:
        status = _status(ref.file)
    except (ReadError, OSError) as error:
        return _unreadable(ref, error)
    return found_image(ref, stamp_of(status))


def _unread(ref: ImageRef) -> Failure:
    return Failure(ref, "read", "unsupported", f"images of this kind ({ref.suffix}) cannot be read: save it as a PNG")


def _begins_like_an_image(file: str) -> bool:
    with open(file, "rb", buffering=0) as opened:
        begin = opened.read(16)
    is_webp = begin[:4] == b"RIFF" and begin[8:12] == b"WEBP"
    return is_webp or begin[4:12] in _BOXED_BEGINNINGS or begin.startswith(_IMAGE_BEGINNINGS)


def _status(file: str) -> os.stat_result:
    status = os.stat(file)
    if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for ever
        raise ReadError("not-a-file", "it is a pipe or a device, not a file")
    if is_system_device(status.st_dev):
        raise system_folder_error()
    return status


def _find_in_archive_file(file: str, limits: Optional[ArchiveLimits]) -> Iterator[Found]:
    ref = ImageRef(file)
    try:
        status = _status(file)
    except (ReadError, OSError) as error:
        yield _unreadable(ref, error)
        return
    if not limits:
        yield FoundArchive(ref, None)
        return
    try:
        budget = Budget(limits, status.st_size)
        archive = open_archive(file, budget=budget)
    except (ReadError, OSError) as error:
        yield _unreadable(ref, error)
        yield FoundArchive(ref, 0)
        return
    yield from _find_in_open(ref, archive, budget)


def _find_in_open(ref: ImageRef, archive: Archive, budget: Budget) -> Iterator[Found]:
    """What an open archive holds; it is closed at the end."""
    images = 0
    try:
        with closing(archive):
            budget.take_members(len(archive.members))
            budget.take_names(len(archive.members) * sum(map(name_cost, ref.members)))  # each address has them all
            if archive.damage:
                yield Failure(ref, "read", "damaged-archive", archive.damage)
            for name in archive.members if archive.is_sequential else sorted(archive.members):
                member = archive.members[name]
                inner = ImageRef(ref.file, (*ref.members, name))
                if budget.is_spent:
                    break
                if member.kind == LONG_NAME:
                    yield _unreadable(inner, long_name_error())
                elif member.kind == "folder" or _is_hidden_member(name):
                    continue
                elif is_image_name(name.rstrip("/\\")):  # what is called like a folder and has content is none
                    if member.size <= budget.limits.image_bytes:  # else it is refused before a byte is unpacked
                        budget.take_bytes(member.most_bytes)
                    images += 1
                    yield found_image(inner, member.stamp)
                elif is_archive_name(name):
                    yield from _find_in_nested(archive, inner, budget)
                else:
                    yield _unread(inner) if is_unread_name(name) else OtherFile(inner)
    except (ReadError, OSError) as error:
        yield _unreadable(ImageRef(ref.file) if budget.is_spent else ref, error)
    yield FoundArchive(ref, images)


def _find_in_nested(archive: Archive, inner: ImageRef, budget: Budget) -> Iterator[Found]:
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
    yield from _find_in_open(inner, opened, budget)
    budget.hold(-opened.held_bytes)


def _unreadable(ref: ImageRef, error: Exception) -> Failure:
    read_error = error if isinstance(error, ReadError) else as_read_error(error)
    return Failure(ref, "read", read_error.code, str(read_error))
