"""Move and remove files that this program placed below the folder of results, and no others.

A stranger may have made that folder, or a user may have put links in place of folders in it. So each folder on the way
is opened from the one above, and a link among them is an error; where a system cannot do that (Windows) a path counts
only if it is where links lead, too.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Optional

from ..errors import OutputError
from .base import MOVE_AWAY, why

#: A folder, and nothing that a link leads to.
_FOLDER: int = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)

_OPENS_FOLDERS = os.open in os.supports_dir_fd and os.rename in os.supports_dir_fd


def status_below(root: str, folder: str, name: str) -> Optional[os.stat_result]:
    """Return the status of a file in a folder below ``root``, of a link that of itself; ``None`` where none is there.

    Raises OSError where a link stands in place of one of the folders.
    """
    try:
        with _opened(root, folder) as (path, descriptor):
            return os.stat(os.path.join(path, name), dir_fd=descriptor, follow_symlinks=False)
    except FileNotFoundError:
        return None


def names_below(root: str, folder: str) -> list[str]:
    """Return the names in a folder below ``root``, in order; none where it is missing. Raises OutputError."""
    try:
        with _opened(root, folder) as (path, descriptor):
            return sorted(os.listdir(path if descriptor is None else descriptor))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise OutputError(f"cannot read the folder {os.path.join(root, folder)}: {why(error)}. {MOVE_AWAY}") from error


def move_below(root: str, folder: str, name: str, new_folder: str, new_name: str) -> None:
    """Move a file from one folder below ``root`` to another, where nothing has the new name.

    Raises OSError; FileExistsError where something has the name.
    """
    with _opened(root, folder) as (path, descriptor), _opened(root, new_folder) as (new_path, new_descriptor):
        source, target = os.path.join(path, name), os.path.join(new_path, new_name)
        with suppress(FileNotFoundError):
            os.stat(target, dir_fd=new_descriptor, follow_symlinks=False)
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new_name)
        os.rename(source, target, src_dir_fd=descriptor, dst_dir_fd=new_descriptor)


def remove_below(root: str, folder: str, name: str) -> None:
    """Remove a file, or a link, from a folder below ``root``. Raises OSError."""
    with _opened(root, folder) as (path, descriptor):
        os.unlink(os.path.join(path, name), dir_fd=descriptor)


def remove_empty_folder(root: str, folder: str) -> None:
    """Remove a folder below ``root`` where nothing is in it."""
    above, name = os.path.split(folder)
    with suppress(OSError), _opened(root, above) as (path, descriptor):
        os.rmdir(os.path.join(path, name), dir_fd=descriptor)


@contextmanager
def _opened(root: str, folder: str) -> Iterator[tuple[str, Optional[int]]]:
    """Give the path and the descriptor that names in a folder are looked up by; ``root`` itself may be a link."""
    parts = [part for part in folder.split(os.sep) if part]
    if any(part in {os.curdir, os.pardir} for part in parts):
        raise OSError(errno.EINVAL, "it leads out of the folder of results")
    if not _OPENS_FOLDERS:
        path = os.path.join(root, *parts)
        if os.path.normcase(os.path.realpath(path)) != os.path.normcase(os.path.join(os.path.realpath(root), *parts)):
            raise OSError(errno.ELOOP, "a link stands in place of a folder")
        yield path, None
        return
    descriptor = os.open(root, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0))
    try:
        for part in parts:
            inner = os.open(part, _FOLDER, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        yield "", descriptor
    finally:
        os.close(descriptor)
