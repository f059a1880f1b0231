"""Names and stamps of files, and the paths that a user gives."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import sys
import unicodedata
from contextlib import suppress
from typing import Union

from .errors import InputError

#: A path as callers may give it.
StrPath = Union[str, "os.PathLike[str]"]

#: File systems that number files again whenever they are mounted, or leave the numbers to a server: FAT has none.
_WITHOUT_INODES = frozenset({"vfat", "msdos", "umsdos", "exfat", "fuse", "cifs", "smb3", "smbfs", "vboxsf"})

#: How long names are on nearly all file systems, and paths of Windows; the least that is made of a name in a deep one.
_LONGEST_NAME, _LONGEST_WINDOWS_PATH, _SHORTEST_LIMIT = 255, 259, 40

#: Longer endings of names are no suffixes.
_LONGEST_SUFFIX = 20

#: What an address of the web or of a bucket begins with, one that leads through another too; a drive has one letter.
_URL = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]+::)*[A-Za-z][A-Za-z0-9+.-]+://")


def is_url(path: str) -> bool:
    """Return whether a path that a user named is a URL such as ``s3://bucket/photos``, of any scheme."""
    return _URL.match(path) is not None


def absolute(path: str) -> str:
    """Return the absolute path of a file or folder that a user named; a URL as it is, without slashes at its end.

    Raises
    ------
    InputError
        It depends on the current folder, and that was removed or may not be read.
    """
    if is_url(path):
        scheme, mark, rest = path.partition("://")
        return scheme.lower() + mark + (rest if scheme.lower().startswith("http") else rest.rstrip("/"))
    try:
        return os.path.abspath(path)
    except OSError as error:
        why = error.strerror or str(error)
        raise InputError(
            f"{path} depends on the current folder, which cannot be used ({why}): change to another folder, or name it "
            "in full."
        ) from error


def below(folder: str) -> str:
    """Return what the paths of all files below a folder begin with: the folder and a separator."""
    if is_url(folder):
        return folder if folder.endswith("/") else f"{folder}/"
    return os.path.join(folder, "")


def parts_of(path: str, root: str) -> list[str]:
    """Return the parts of a path below ``root``: a URL parts them by ``/`` on every system."""
    return path.split("/" if is_url(root) else os.sep)


def file_name(path: str) -> str:
    """Return the name of a file: the last part of its path, of an address of the web without query and fragment."""
    if path.startswith(("http://", "https://")):
        path = re.split(r"[?#]", path, maxsplit=1)[0]
    return path.rpartition("/")[2] if is_url(path) else os.path.basename(path)


def stamp_of(file: Union[str, int, os.stat_result]) -> str:
    """Return text that changes when a file does: its size, the time of its content, its inode, its change time.

    ``file`` is a path, an open file or its status. The inode shows that files of one size and time have changed places,
    and the change time, which no program can set, that one was written over and given its old time again. On Windows
    the change time is that of creation. Raises OSError if the file cannot be read.
    """
    status = file if isinstance(file, os.stat_result) else os.stat(file)
    inode = status.st_ino if _has_inodes(status.st_dev) else ""
    return f"{status.st_size}:{status.st_mtime_ns}:{inode}:{status.st_ctime_ns}"


def link_target(path: str) -> str:
    """Return where a link leads; Windows says it with a prefix, which is left out. Raise OSError."""
    return os.readlink(path).removeprefix("\\\\?\\")


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


def user_path(path: StrPath, what: str = "the path") -> str:
    """Return a path that a user gave as text, with the home folder in place of ``~`` or ``~name`` at its begin.

    A shell leaves these where they follow ``=`` or stand in quotes. A file or folder whose own name begins so is
    given as ``./~``; without that, ``~name`` is one only if it exists and there is no such user.

    Raises
    ------
    InputError
        It is no path, or the home folder is not known.
    """
    text = os.fspath(path) if isinstance(path, (str, os.PathLike)) else path
    if not isinstance(text, str):
        raise InputError(f"{what} is {path!r}, which is no path: give a text or a pathlib.Path.")
    if not text:
        raise InputError(f"{what} is an empty path; give one.")
    if not text.startswith("~"):
        return text
    home = text.replace("\\", "/").partition("/")[0]
    is_empty = home == "~" and os.environ.get("HOME") == ""  # with which ~/x would be /x
    expanded = text if is_empty else os.path.expanduser(text)
    if expanded != text or (home != "~" and os.path.lexists(text)):
        return expanded
    raise InputError(
        f"{text}: no home folder is known for {home}. Write the path in full, or ./{text} for a folder of that name."
    )


def name_or_path(value: StrPath, what: str) -> str:
    """Return a name as it is, or a path as :func:`user_path` does.

    A ``pathlib.Path`` is a path even where its text alone would be a name: then it is given its folder.
    """
    text = user_path(value, what)
    return os.path.join(os.curdir, text) if isinstance(value, os.PathLike) and not os.path.dirname(text) else text


def longest_name(folder: str) -> int:
    """Return how long the names in a folder may be: in bytes of UTF-8, on Windows in units of UTF-16.

    Folders that the system encrypts (eCryptfs, on many NAS) take 143 bytes, nearly all others 255. On Windows a whole
    path has at most 259 units.
    """
    if sys.platform == "win32":
        return max(_SHORTEST_LIMIT, min(_LONGEST_NAME, _LONGEST_WINDOWS_PATH - len(os.path.abspath(folder)) - 1))
    try:
        return min(_LONGEST_NAME, os.pathconf(folder, "PC_NAME_MAX"))
    except (OSError, ValueError):  # a file system, or a system, that does not say it
        return _LONGEST_NAME


def fitting_name(name: str, most: int, *, encoding: str = "utf-16-le" if os.name == "nt" else "utf-8") -> str:
    """Return a name that is no longer than ``most``, as :func:`longest_name` counts: of a longer one its begin, a
    digest of all of it, and its suffix. So different names stay different, and one is always shortened alike.
    """
    unit = 2 if encoding == "utf-16-le" else 1
    if len(name.encode(encoding, "surrogatepass")) <= most * unit:
        return name
    stem, suffix = os.path.splitext(name)
    if len(suffix) > _LONGEST_SUFFIX or not suffix.isascii():
        stem, suffix = name, ""
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    room = max(0, most - len(digest) - len(suffix) - 1)
    begin = stem.encode(encoding, "surrogatepass")[: room * unit].decode(encoding, "ignore")
    while begin and unicodedata.combining(stem[len(begin)]):  # a letter keeps its marks, or goes with them
        begin = begin[:-1]
    return f"{begin}~{digest}{suffix}"
