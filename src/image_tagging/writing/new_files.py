"""New files: made under a name that nothing else has, and moved into place, where only one of ours is replaced."""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, BinaryIO, Optional, TextIO, Union

from ..errors import OutputError
from .base import FLAGS, MOVE_AWAY, sort_of, why
from .folders import make_folder
from .plain_files import require_no_journal

#: Bytes at the beginning and at the end of a file that are searched for the mark.
_SEARCHED = 1 << 16

_PREFIX, _SUFFIX = ".image-tagging-", ".part"
_LEFTOVER = re.compile(rf"{re.escape(_PREFIX)}[0-9a-f]{{16}}{re.escape(_SUFFIX)}(-journal)?")

_NEW: int = os.O_WRONLY | os.O_CREAT | os.O_EXCL | FLAGS
_SCRATCH: int = os.O_RDWR | os.O_CREAT | os.O_EXCL | FLAGS


@contextmanager
def new_file(path: str, mark: re.Pattern[bytes]) -> Iterator[BinaryIO]:
    """Give a binary file to write to, which is moved to ``path`` at the end of the block.

    If the block fails, nothing is left of it, and an earlier file at ``path`` stays whole. That one is replaced only
    if it holds ``mark``, which every file of its sort holds near its beginning or its end.

    Raises
    ------
    OutputError
        The file cannot be written or moved, or what is at ``path`` is not ours.
    """
    with _aside(path, mark) as aside, os.fdopen(os.open(aside, _NEW, 0o666), "wb") as file:
        yield file


@contextmanager
def new_text(path: str, mark: re.Pattern[bytes]) -> Iterator[TextIO]:
    """Give a text file (UTF-8, line ends of one character) to write to; otherwise as :func:`new_file`."""
    with (
        _aside(path, mark) as aside,
        open(os.open(aside, _NEW, 0o666), "w", encoding="utf-8", newline="\n") as file,
    ):
        yield file


@contextmanager
def new_database(path: str, mark: re.Pattern[bytes]) -> Iterator[str]:
    """Give the path of an empty file for SQLite to write to; otherwise as :func:`new_file`.

    A journal next to ``path`` would change the new database as soon as that is read; it raises OutputError too.
    """
    require_no_journal(path)
    with _aside(path, mark) as aside:
        os.close(os.open(aside, _NEW, 0o666))
        yield aside


@contextmanager
def _aside(path: str, mark: re.Pattern[bytes]) -> Iterator[str]:
    """Give a name drawn at random in the folder of ``path``; move what is there at the end."""
    folder = make_folder(os.path.dirname(os.path.abspath(path)))
    aside = _drawn_name(folder)
    try:
        yield aside
        require_ours(path, mark)
        os.replace(aside, path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {why(error)}. Free some space or choose another output.") from error
    finally:
        _remove(aside)


def _drawn_name(folder: str) -> str:
    return os.path.join(folder, f"{_PREFIX}{os.urandom(8).hex()}{_SUFFIX}")


def _remove(path: str) -> None:
    with suppress(OSError):
        os.remove(path)


def remove_leftovers(*folders: str) -> None:
    """Remove what runs that were killed left in folders; call it while no other run writes there."""
    for folder in folders:
        with suppress(OSError):
            names = [entry.name for entry in os.scandir(folder) if _LEFTOVER.fullmatch(entry.name)]
            for name in names:
                _remove(os.path.join(folder, name))


def require_ours(path: str, mark: re.Pattern[bytes]) -> None:
    """Raise OutputError where something is at ``path`` that must not be replaced: no plain file that holds ``mark``.

    An empty file may be replaced, since nothing is lost.
    """
    try:
        status = os.lstat(path)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENAMETOOLONG}:
            return
        raise OutputError(f"cannot write {path}: {why(error)}. Choose another output folder.") from error
    if not stat.S_ISREG(status.st_mode):
        raise OutputError(f"cannot write {path}: it is {sort_of(status)}. {MOVE_AWAY}")
    try:
        with open(path, "rb") as file:
            content = file.read(_SEARCHED)
            file.seek(max(len(content), status.st_size - _SEARCHED))
            content += file.read(_SEARCHED)
    except OSError as error:
        raise OutputError(f"{path} cannot be read to see whose it is: {why(error)}. {MOVE_AWAY}") from error
    if content and not mark.search(content):
        raise OutputError(f"{path} is not a file that this program wrote, so it is left as it is. {MOVE_AWAY}")


def temporary_file() -> IO[bytes]:
    """Return a file without a name in the folder for temporary files; it is gone when it is closed. Raises OSError."""
    return tempfile.TemporaryFile(prefix="image-tagging-")


@contextmanager
def scratch_file(folder: str) -> Iterator[BinaryIO]:
    """Give an empty binary file to write to and read from, in a folder of results; at the end of the block it is gone.

    Raises
    ------
    OutputError
        It cannot be made or written.
    """
    aside = _drawn_name(make_folder(folder))
    try:
        with os.fdopen(os.open(aside, _SCRATCH, 0o666), "w+b") as file:
            yield file
    except OSError as error:
        raise OutputError(
            f"cannot write in {folder}: {why(error)}. Free some space or choose another output."
        ) from error
    finally:
        _remove(aside)


def small_temporary_file() -> IO[bytes]:
    """Return a file as :func:`temporary_file` does, which on Linux is in memory: no folder is needed there."""
    if sys.platform == "linux" and hasattr(os, "memfd_create"):
        with suppress(OSError):  # some systems forbid these
            return os.fdopen(os.memfd_create("image-tagging"), "w+b")
    return temporary_file()


def has_temporary_folder() -> bool:
    """Return whether there is a folder for temporary files that can be written: a read-only system may have none."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        return False
    return True


def copy_image(content: Union[str, bytes], target: str, root: str, times: Optional[tuple[int, int]] = None) -> None:
    """Copy an image, given as a path or its bytes, to ``target``, where nothing is, by way of the folder ``root``.

    There, and not next to the target, a run that was killed leaves what :func:`remove_leftovers` removes. The copy gets
    the ``times`` (last read and changed, in nanoseconds) where the file system takes them. Raises OSError.
    """
    aside = _drawn_name(root)
    try:
        descriptor = os.open(aside, _NEW, 0o666)
        try:
            if isinstance(content, str):
                with open(content, "rb") as source, open(descriptor, "wb", closefd=False) as file:
                    shutil.copyfileobj(source, file)
            else:
                left = memoryview(content)
                while left:
                    left = left[os.write(descriptor, left) :]
        finally:
            os.close(descriptor)
        if times:
            with suppress(OSError):  # the image matters more than its time
                os.utime(aside, ns=times)
        os.replace(aside, target)
    except BaseException:  # Ctrl-C, too, leaves no half of an image
        _remove(aside)
        raise


def link_image(source: str, target: str, *, symbolic: bool) -> None:
    """Make a link to an image; raises OSError, FileExistsError where the name is taken."""
    (os.symlink if symbolic else os.link)(source, target)
