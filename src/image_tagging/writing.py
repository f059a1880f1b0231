"""The one way to write: all files of the program are made here, and no other module opens one for writing.

A stranger may have made the folder that results go to, with links under the names of our files, or a user may keep
files of these names there. Therefore a file is made under a name that is drawn at random and that nothing else has
(``O_CREAT | O_EXCL | O_NOFOLLOW``), and then moved into place; it replaces only a file that holds a text by which ours
are recognised. A folder below that of the results is used only if no link leads out of the latter. A file that is
appended to, or that SQLite opens, must be a plain file with one name.

Windows has no ``O_NOFOLLOW``: there a link is found by looking at the name before the file is opened.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, BinaryIO, TextIO, Union

from .errors import OutputError

#: Bytes at the beginning and at the end of a file that are searched for the mark.
_SEARCHED = 1 << 16

_PREFIX, _SUFFIX = ".image-tagging-", ".part"
_LEFTOVER = re.compile(rf"{re.escape(_PREFIX)}[0-9a-f]{{16}}{re.escape(_SUFFIX)}(-journal)?")

#: Windows translates line ends without the first, and lacks the others.
_FLAGS: int = sum(getattr(os, name, 0) for name in ("O_BINARY", "O_NOFOLLOW", "O_CLOEXEC", "O_NOINHERIT"))
_NEW: int = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS
_APPEND: int = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NONBLOCK", 0) | _FLAGS

_MOVE_AWAY = "Move it away, or use another output folder."


def make_folder(path: str) -> str:
    """Make a folder that the user named, and those above it; return its path.

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


def folder_below(root: str, *names: str) -> str:
    """Make a folder inside the folder ``root``, each of ``names`` in the one before; return its path.

    Raises
    ------
    OutputError
        It cannot be made, a file has its name, or a link on the way leads out of ``root``.
    """
    path = make_folder(root)
    for name in names:
        path = os.path.join(path, name)
        try:
            os.mkdir(path)
        except FileExistsError:
            if not _is_below(path, root):
                raise OutputError(f"{path} is a link that leads out of {root}. {_MOVE_AWAY}") from None
            make_folder(path)  # says so where it is a file
        except OSError as error:
            raise OutputError(f"cannot make the folder {path}: {_why(error)}. Choose another output folder.") from error
    return path


def _is_below(path: str, root: str) -> bool:
    """Return whether a folder that exists lies in ``root`` once links are followed."""
    real_path, real_root = os.path.realpath(path), os.path.realpath(root)
    return os.path.join(real_path, "").startswith(os.path.join(real_root, ""))


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
    """Give the path of an empty file for SQLite to write to; otherwise as :func:`new_file`."""
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
        raise OutputError(f"cannot write {path}: {_why(error)}. Free some space or choose another output.") from error
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
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(f"cannot write {path}: {_why(error)}. Choose another output folder.") from error
    if not stat.S_ISREG(status.st_mode):
        raise OutputError(f"cannot write {path}: it is {_sort(status)}. {_MOVE_AWAY}")
    try:
        with open(path, "rb") as file:
            content = file.read(_SEARCHED)
            file.seek(max(len(content), status.st_size - _SEARCHED))
            content += file.read(_SEARCHED)
    except OSError as error:
        raise OutputError(f"{path} cannot be read to see whose it is: {_why(error)}. {_MOVE_AWAY}") from error
    if content and not mark.search(content):
        raise OutputError(f"{path} is not a file that this program wrote, so it is left as it is. {_MOVE_AWAY}")


def _sort(status: os.stat_result) -> str:
    if stat.S_ISLNK(status.st_mode):
        return "a link"
    return "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe or a device"


def require_plain(path: str) -> None:
    """Raise OutputError where something is at ``path`` that is no plain file with one name, and must not be opened."""
    try:
        status = os.lstat(path)
    except OSError:  # nothing is there, or what opens it says why it cannot
        return
    if not stat.S_ISREG(status.st_mode):
        raise OutputError(f"{path} is {_sort(status)}, and is not written to. {_MOVE_AWAY}")
    if status.st_nlink > 1:
        raise OutputError(
            f"{path} has another name as well (a hard link), and is not written to: copy it, or move it away."
        )


def require_plain_database(path: str) -> None:
    """Raise OutputError as :func:`require_plain` does, also for the files that SQLite writes next to a database."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        require_plain(path + suffix)


def appended_text(path: str) -> io.TextIOWrapper:
    """Open a text file (UTF-8) to append to.

    Raises
    ------
    OutputError
        What is there is no plain file with one name.
    OSError
        It cannot be opened.
    """
    require_plain(path)
    return open(os.open(path, _APPEND, 0o666), "a", encoding="utf-8", errors="backslashreplace")


def temporary_file() -> IO[bytes]:
    """Return a file without a name in the folder for temporary files; it is gone when it is closed."""
    return tempfile.TemporaryFile(prefix="image-tagging-")


def copy_image(content: Union[str, bytes], target: str, root: str) -> None:
    """Copy an image, given as a path or its bytes, to ``target``, where nothing is, by way of the folder ``root``.

    There, and not next to the target, a run that was killed leaves what :func:`remove_leftovers` removes. Raises
    OSError.
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
        os.replace(aside, target)
    except BaseException:  # Ctrl-C, too, leaves no half of an image
        _remove(aside)
        raise


def link_image(source: str, target: str, *, symbolic: bool) -> None:
    """Make a link to an image; raises OSError, FileExistsError where the name is taken."""
    (os.symlink if symbolic else os.link)(source, target)


def _why(error: OSError) -> str:
    return error.strerror or str(error)
