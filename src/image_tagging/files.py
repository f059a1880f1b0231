"""Names and stamps of files."""

from __future__ import annotations

import functools
import os
import sys
from contextlib import suppress
from typing import Union

from .errors import InputError

#: File systems that number files again whenever they are mounted, or leave the numbers to a server: FAT has none.
_WITHOUT_INODES = frozenset({"vfat", "msdos", "umsdos", "exfat", "fuse", "cifs", "smb3", "smbfs", "vboxsf"})


def absolute(path: str) -> str:
    """Return the absolute path of a file or folder that a user named.

    Raises
    ------
    InputError
        It depends on the current folder, and that was removed or may not be read.
    """
    try:
        return os.path.abspath(path)
    except OSError as error:
        why = error.strerror or str(error)
        raise InputError(
            f"{path} depends on the current folder, which cannot be used ({why}): change to another folder, or name it "
            "in full."
        ) from error


def stamp_of(file: Union[str, int, os.stat_result]) -> str:
    """Return text that changes when a file does: its size, the time of its content, its inode, its change time.

    ``file`` is a path, an open file or its status. The inode shows that files of one size and time have changed places,
    and the change time, which no program can set, that one was written over and given its old time again. On Windows
    the change time is that of creation. Raises OSError if the file cannot be read.
    """
    status = file if isinstance(file, os.stat_result) else os.stat(file)
    inode = status.st_ino if _has_inodes(status.st_dev) else ""
    return f"{status.st_size}:{status.st_mtime_ns}:{inode}:{status.st_ctime_ns}"


def is_relinked(stamp: str, later: str) -> bool:
    """Return whether two stamps of a file differ in the change time alone, as they do when it gets a further name."""
    return stamp != later and stamp.rpartition(":")[0] == later.rpartition(":")[0]


@functools.lru_cache(maxsize=1024)
def _has_inodes(device: int) -> bool:
    """Return whether a file keeps its inode number for as long as it exists."""
    kind = file_system_of(device)
    return kind not in _WITHOUT_INODES and not kind.startswith("fuse.")


@functools.lru_cache(maxsize=1024)
def file_system_of(device: int) -> str:
    """Return the type of the file system of a device (``st_dev``), such as ``ext4``; empty where Linux names none."""
    if sys.platform != "linux":
        return ""
    number = b"%d:%d" % (os.major(device), os.minor(device))
    with suppress(OSError), open("/proc/self/mountinfo", "rb") as mounts:
        for mount in mounts:
            fields, _, kinds = mount.partition(b" - ")
            if fields.split()[2] == number:
                return kinds.split()[0].decode("ascii", "replace")
    return ""


def numbered_name(name: str, number: int) -> str:
    """Return the name of the ``number``-th file called ``name``: ``cat.png``, ``cat (2).png``, ``cat (3).png`` …"""
    if number == 1:
        return name
    stem, suffix = os.path.splitext(name)
    return f"{stem} ({number}){suffix}"
