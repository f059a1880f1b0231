"""The tag of an image: what a folder on the way to it is called.

An archive on the way counts as a folder, called as the archive without its suffix.
"""

from __future__ import annotations

import os
from typing import Optional

from ..addresses import ImageRef, member_parts
from ..files import absolute, below, file_name, is_url
from ..text import as_tag, encodable

#: What parts the path of a file on this system.
_SEPARATORS = os.sep + (os.altsep or "")


class Tags:
    """The tags of what lies at ``root``; ``level`` says which folder is the tag, one of ``TAG_LEVELS``.

    ``parent`` is the folder that holds the image, ``top`` the first one below ``root``. Of images that lie in ``root``
    itself the tag is its name; of an image that was named, that of its folder.
    """

    def __init__(self, root: str, level: str, *, is_folder: Optional[bool] = None) -> None:
        self._level = level
        here = absolute(root)
        is_folder = os.path.isdir(root) if is_folder is None else is_folder
        self._below = below(root) if is_folder else None
        self._root = root
        self._name = file_name(here)
        self._folder = os.path.basename(os.path.dirname(here))
        self._last: tuple[object, tuple[str, str]] = (None, ("", ""))  # images of one folder mostly follow each other

    def of(self, ref: ImageRef) -> tuple[str, str]:
        """Return the tag of an image, and what the first folder below ``root`` stands for."""
        path = ref.members[-1].rstrip("/") if ref.members else ref.file.rstrip(_SEPARATORS)
        end = max(map(path.rfind, "/" if ref.members else _SEPARATORS))
        folder = (ref.file if ref.members else "", ref.members[:-1], path[: end + 1])
        if folder != self._last[0]:
            self._last = (folder, self._of(ref))
        return self._last[1]

    def _of(self, ref: ImageRef) -> tuple[str, str]:
        levels = self._levels(ref)
        if not levels:
            return (_tag(self._root_name(ref)),) * 2
        top = _tag(levels[0])
        parent = _tag(levels[-1]) if len(levels) > 1 else top
        return (top if self._level == "top" else parent), top

    def _root_name(self, ref: ImageRef) -> str:
        if self._below is not None:
            return self._name
        return _stem(self._name) if ref.members else self._folder

    def _levels(self, ref: ImageRef) -> list[str]:
        """Return the names of the folders and archives on the way from ``root`` to an image."""
        levels = [] if self._below is None else self._parts(ref.file[len(self._below) :])
        for member in ref.members:
            if levels:
                levels[-1] = _stem(levels[-1])
            levels += member_parts(member)
        return levels[:-1]

    def _parts(self, path: str) -> list[str]:
        return member_parts(path) if is_url(self._root) else path.split(os.sep)


def _tag(name: str) -> str:
    return as_tag(encodable(name))


def _stem(archive: str) -> str:
    return os.path.splitext(archive)[0].removesuffix(".tar")
