"""What there is at a path or a URL: its size, and the stamp that changes when it does."""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from ..errors import ReadError, StorageError
from ..files import is_url, stamp_of
from ..storage import ObjectInfo, object_info
from .archives.remote_content import object_at
from .system_folders import is_system_device, system_folder_error


class FileStatus(NamedTuple):
    """The size of a file in bytes, and its stamp."""

    st_size: int
    stamp: str

    @classmethod
    def of_object(cls, info: ObjectInfo) -> FileStatus:
        """Return the status of an object in a bucket or on the web."""
        return cls(info.size, info.stamp)


def status_of(file: str) -> FileStatus:
    """Return the status of a plain file or of an object at a URL.

    Raises
    ------
    ReadError
        It is no plain file, or the object is missing or its server does not give it.
    OSError
        There is no such file on this machine.
    """
    if is_url(file):
        return _object_status(file)
    status = os.stat(file)
    if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for ever
        raise ReadError("not-a-file", "it is a pipe or a device, not a file")
    if is_system_device(status.st_dev):
        raise system_folder_error()
    return FileStatus(status.st_size, stamp_of(status))


def stamp_at(file: str) -> str:
    """Return the stamp of a file of any kind or of an object; raise as :func:`status_of` does."""
    return _object_status(file).stamp if is_url(file) else stamp_of(file)


def size_at(file: str) -> int:
    """Return the size of a file of any kind or of an object; raise as :func:`status_of` does."""
    return _object_status(file).st_size if is_url(file) else os.path.getsize(file)


def is_there(file: str) -> bool:
    """Return whether there is a plain file at a path, or an object at a URL that can be read."""
    if not is_url(file):
        return os.path.isfile(file)
    try:
        return object_info(file) is not None
    except StorageError:
        return False


def _object_status(url: str) -> FileStatus:
    return FileStatus.of_object(object_at(url))
