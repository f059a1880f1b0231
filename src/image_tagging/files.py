"""Atomic writes of files, and the names and stamps of files."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Union

from .errors import OutputError

#: File systems that number files again whenever they are mounted, or leave the numbers to a server: FAT has none.
_WITHOUT_INODES = frozenset({"vfat", "msdos", "umsdos", "exfat", "fuse", "cifs", "smb3", "smbfs", "vboxsf"})


def make_folder(path: str) -> str:
    """Make a folder and those above it; return its path.

    Raises
    ------
    OutputError
        It cannot be made, or a file has its name.
    """
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {path}: {_why(error)}. Choose another output folder.") from error
    return path


@contextmanager
def write_aside(path: str) -> Iterator[str]:
    """Yield a temporary path next to ``path``, and move the file written there into place at the end.

    The temporary path is free: a leftover of a killed run is removed. If the block fails, the temporary file is
    removed and an earlier ``path`` stays whole.

    Raises
    ------
    OutputError
        The file cannot be written or moved into place.
    """
    aside = f"{path}.part"
    make_folder(os.path.dirname(os.path.abspath(path)))
    _remove(aside)
    try:
        yield aside
        os.replace(aside, path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {_why(error)}. Free some space or choose another output.") from error
    finally:
        _remove(aside)


def _remove(path: str) -> None:
    with suppress(OSError):
        os.remove(path)


def _why(error: OSError) -> str:
    return error.strerror or str(error)


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
