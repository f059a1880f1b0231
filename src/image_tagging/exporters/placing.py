"""Place images into the folders of their bins, without overwriting another.

One image goes into a folder per tag model, so placing is what a run with many models spends its time on: a file is
read once, and a copy of it takes four system calls, a link one.
"""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Sequence
from itertools import chain, count
from typing import NamedTuple, Optional

from ..errors import InputError, OutputError
from ..files import fitting_name, is_url, longest_name, numbered_name
from ..settings import PLACES
from ..writing import copy_image, folder_below, link_image, make_folder, move_below
from .contents import Content, holds
from .file_names import file_name

#: When a file was last read and changed, in nanoseconds; that of a link is its own.
Times = Optional[tuple[int, int]]

#: A plain file up to this size is read once and written to all its folders from memory.
_HELD_BYTES = 64 << 20

#: Errors that mean that a file system has no links of this kind, none between these two places, or no more of them.
_NO_LINKS = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})

#: Without it Windows translates the bytes of line ends.
_BINARY: int = getattr(os, "O_BINARY", 0)

_LOOKS_NUMBERED = re.compile(r" \(\d+\)(\.|$)")


def require_place(place: str, *, archives: bool, source: str = "") -> None:
    """Check a way to place, before anything is written; ``archives`` says that the images lie in archives.

    ``source`` is the input, which may be a URL.

    Raises
    ------
    InputError
        There is no such way, or it is not one for images in archives.
    """
    if place not in PLACES:
        raise InputError(f"there is no place {place!r}: choose one of {', '.join(PLACES)}.")
    if is_url(source) and place in {"hardlink", "symlink"}:
        raise InputError(f"images at URLs are no files that a {place} could lead to: place copy or none.")
    if archives and place == "symlink":
        raise InputError("images in archives are no files that a symlink could lead to: place copy, hardlink or none.")


class Place(NamedTuple):
    """A folder below ``root``, with its names as they are there, and the name of a file in it."""

    folder: str
    name: str


class Target(NamedTuple):
    """A folder below ``root`` that an image goes into, with what its name begins with there.

    ``source`` is where the same image lies that is moved there, instead of being placed.
    """

    folder: str
    prefix: str = ""
    source: Optional[Place] = None


class _Image(NamedTuple):
    """An image on its way into its bins; ``unique`` says that its name and number are those of no other."""

    name: str
    content: Content
    times: Times
    number: int
    unique: bool


class Placer:
    """Places images into folders below ``root``; what is there already is never overwritten.

    ``how`` is one of ``PLACES``. With ``hardlink`` an image out of an archive is written once, and its further
    folders get links to that file. ``made`` are the paths that the last call placed new, and ``moved`` are those
    that it moved a file to, each with the place that this came from.
    """

    def __init__(self, root: str, how: str = "copy") -> None:
        self.root = root
        self.how = how
        self.made: set[str] = set()
        self.moved: dict[str, Place] = {}
        self._longest = 0
        self._folders: dict[str, tuple[str, int]] = {}  # those met, one for each model and bin
        self._is_new: dict[str, bool] = {}  # by the path of a folder
        self._free: dict[tuple[str, str], int] = {}  # where numbers go on that were taken by other images
        self._changed: set[str] = set()  # names that others were changed to

    def place(self, targets: Sequence[Target], name: str, content: Content, *, number: int = 1) -> list[str]:
        """Put the ``number``-th image called ``name`` into each of the ``targets``; return the paths it has there.

        A copy of a file keeps its time. Names and folders that are longer than the file system takes are shortened.
        Where a name is taken by another image the next number is tried. Where it is taken by the same image,
        as a link to it or with the same bytes, an earlier run has placed it, and nothing is written.

        A name and a number together (in any case of the letters) stand for one image in the life of a placer:
        that is why a folder that it made itself need not be looked into.

        Raises
        ------
        OSError
            The image cannot be read or written.
        OutputError
            It cannot be linked, or a folder on the way is a link that leads out of ``root``.
        """
        self.made, self.moved = set(), {}
        if self.how == "none":
            return []
        content, times = self._prepared(content)
        unique = number == 1 and self._is_unique(name)
        image = _Image(file_name(name), content, times, number, unique)
        placed: list[str] = []
        for target in targets:
            placed.append(self._place(target, image))
            if self.how == "hardlink" and isinstance(content, bytes):
                image = image._replace(content=placed[0])
        return placed

    def _prepared(self, content: Content) -> tuple[Content, Times]:
        """Return what all folders get: the bytes that are copied and their times, or the path that is linked."""
        if isinstance(content, bytes):
            if self.how == "symlink":
                raise OutputError("an image in an archive cannot be placed as a symlink: place copy, hardlink or none.")
            now = time.time_ns()  # once, so that all copies of an image have one time
            return content, (now, now)
        if self.how == "copy":
            return _read_small(content)
        if self.how == "hardlink":  # of a link that is the file it leads to: elsewhere the link may lead nowhere
            return os.path.realpath(content) if os.path.islink(content) else content, None
        os.stat(content)  # a link can also be made to a file that is gone
        return os.path.abspath(content), None

    def _place(self, to: Target, image: _Image) -> str:
        (folder, prefix, source), (name, content, times, number, unique) = to, image
        path, longest = self._folder(folder)
        for each in chain([number], count(self._free.get((path, prefix + name), number + 1))):
            full = numbered_name(name, each)
            fitting = fitting_name(full, longest - len(prefix))
            if fitting != full:
                self._changed.add(fitting.casefold())
            target = os.path.join(path, prefix + fitting)
            try:
                if source is None or not self._move(source, Place(self.fitted(folder), prefix + fitting)):
                    self._put(content, target, unique and self._is_new[path] and fitting == full, times)
                    self.made.add(target)
            except FileExistsError:
                if not holds(target, content):
                    continue
            if each != number:
                self._free[path, prefix + name] = each + 1
            return target
        raise AssertionError("numbers do not end")

    def _is_unique(self, name: str) -> bool:
        """Return whether only one first image can get this name.

        Not where the name had to be changed, or is what another one was changed to. Not where it looks as if it were
        numbered: the second ``x.png`` and the first ``x (2).png`` want one name. Nor beyond ASCII, where some file
        systems take two spellings for the same.
        """
        safe = file_name(name)
        if safe != name:
            self._changed.add(safe.casefold())
            return False
        return safe.isascii() and not _LOOKS_NUMBERED.search(safe) and safe.casefold() not in self._changed

    def _folder(self, folder: str) -> tuple[str, int]:
        """Return the path of a folder, which is made, and how long names in it may be."""
        if folder not in self._folders:
            fitted = self.fitted(folder)
            path = os.path.join(self.root, fitted)
            self._is_new[path] = not os.path.lexists(path)
            folder_below(self.root, *fitted.split(os.sep))
            self._folders[folder] = path, longest_name(path)
        return self._folders[folder]

    def fitted(self, folder: str) -> str:
        """Return a folder below ``root`` with its names as they are there, where they may be no longer."""
        self._longest = self._longest or longest_name(make_folder(self.root))
        return os.path.join(*(fitting_name(part, self._longest) for part in folder.split(os.sep)))

    def _move(self, source: Place, target: Place) -> bool:
        """Move a file; return whether that could be done. Raises FileExistsError where the name is taken."""
        try:
            move_below(self.root, *source, *target)
        except FileExistsError:
            raise
        except OSError:
            return False
        self.moved[os.path.join(self.root, *target)] = source
        return True

    def _put(self, content: Content, target: str, is_free: bool, times: Times) -> None:
        """Make the file; raises ``FileExistsError`` where the name is taken, which links find out by themselves."""
        if self.how == "symlink" and isinstance(content, str):
            self._link(content, target, "copy")
        elif self.how == "hardlink" and isinstance(content, str):
            self._link(content, target, "copy, or symlink for images that lie in no archive")
        elif not is_free and os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)
        else:
            copy_image(content, target, self.root, times)

    def _link(self, source: str, target: str, instead: str) -> None:
        try:
            link_image(source, target, symbolic=self.how == "symlink")
        except OSError as error:
            if error.errno in _NO_LINKS:
                raise OutputError(f"cannot link {target} to the image: {error.strerror}. Place {instead}.") from error
            raise


def _read_small(path: str) -> tuple[Content, Times]:
    """Return the bytes of a file, or its path where it is large, and its times."""
    descriptor = os.open(path, os.O_RDONLY | _BINARY)
    try:
        status = os.fstat(descriptor)
        data = os.read(descriptor, status.st_size + 1) if status.st_size <= _HELD_BYTES else b""
    finally:
        os.close(descriptor)
    is_whole = len(data) == status.st_size  # otherwise it is large, or is being written
    return data if is_whole else path, (status.st_atime_ns, status.st_mtime_ns)
