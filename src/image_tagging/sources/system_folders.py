"""Where the system shows its state: ``/proc``, ``/sys``, ``/dev``, wherever they are mounted. Nothing there is read."""

from __future__ import annotations

import functools
import os
from contextlib import suppress

from ..errors import ReadError
from ..files import file_system_of

#: Where the system shows its state: files without end, files that do something when they are read.
_SYSTEM_FOLDERS = ("/proc", "/sys", "/dev")

#: A plain disk in memory in one of them, which may be named, since people keep data sets in it.
_MEMORY_DISK = "/dev/shm"  # noqa: S108  nothing is written there

#: The file systems of these folders, wherever else they are mounted.
_SYSTEM_FILE_SYSTEMS = frozenset(
    "proc sysfs devtmpfs devpts cgroup cgroup2 debugfs tracefs securityfs pstore bpf configfs fusectl mqueue "
    "binfmt_misc efivarfs selinuxfs rpc_pipefs nsfs".split()
)


def system_folder_error() -> ReadError:
    """Of a file or folder of the system's own."""
    return ReadError(
        "system-folder", "it lies where the system shows its state (/proc, /sys, /dev): nothing there is ever read"
    )


@functools.lru_cache(maxsize=1024)
def is_system_device(device: int) -> bool:
    """Whether a device (``st_dev``) is that of a file system in which the system shows its state."""
    return file_system_of(device) in _SYSTEM_FILE_SYSTEMS


def is_system_path(real_path: str) -> bool:
    """Whether a path without links is that of a folder in which the system shows its state, or of what is in it."""
    if os.name == "nt":
        return False
    return any(is_below(real_path, folder) for folder in _SYSTEM_FOLDERS)


def is_in_memory(real_path: str) -> bool:
    """Whether a path without links lies on the disk in memory."""
    return is_below(real_path, _MEMORY_DISK)


def is_system(path: str) -> bool:
    """Whether a path that was named leads to where the system shows its state."""
    real_path = os.path.realpath(path)
    if is_system_path(real_path) and not is_in_memory(real_path):
        return True
    with suppress(OSError):  # what it is then shows when it is read
        return is_system_device(os.stat(path).st_dev)
    return False


def is_below(real_path: str, folder: str) -> bool:
    """Whether a path without links is that of a folder, or of what is in it."""
    return real_path == folder or real_path.startswith(os.path.join(folder, ""))
