"""Copies on this machine of objects that are read as files, in the user's folder for such things."""

from __future__ import annotations

import hashlib
import os
import re
import sys

from ..errors import OutputError, StorageError
from ..files import file_name
from ..writing import make_folder, new_file
from .backends import ObjectInfo
from .objects import list_objects, object_info, read_part

#: Content of any kind is replaced: the folder is the program's own.
_ANY = re.compile(rb"(?s).|\Z")

#: Bytes that are held at a time.
_PIECE = 16 << 20


def cache_folder(*parts: str) -> str:
    """Return a folder below that of copies: ``XDG_CACHE_HOME``, else ``~/.cache`` (Windows: ``LOCALAPPDATA``)."""
    home = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME") or "~/.cache"
    return os.path.abspath(os.path.join(os.path.expanduser(home), "image-tagging-tools", *parts))


def digest_of(*texts: str) -> str:
    """Return a short name that is another for other texts."""
    whole = "\0".join(texts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(whole, digest_size=10).hexdigest()


def copy_object(info: ObjectInfo, path: str) -> None:
    """Copy an object of this stamp to a file, a piece at a time.

    Raises
    ------
    StorageError
        It cannot be read or was changed, or the file cannot be written.
    """
    try:
        make_folder(os.path.dirname(path))
        with new_file(path, _ANY) as file:
            for first in range(0, info.size, _PIECE):
                file.write(read_part(info.url, first, min(_PIECE, info.size - first), info.stamp))
    except OutputError as error:
        raise StorageError(str(error)) from error


def copy_of_file(url: str) -> str:
    """Return the path of a copy of the object at a URL, which is made where there is none of its present version.

    Raises
    ------
    StorageError
        There is no such object, or it cannot be read or copied.
    """
    info = object_info(url)
    if info is None:
        raise StorageError(f"there is no file at {url}. Check the address.", "missing")
    path = os.path.join(cache_folder("inputs", digest_of(url, info.stamp)), file_name(url))
    if not os.path.exists(path):
        copy_object(info, path)
    return path


def copy_of_folder(url: str, suffixes: tuple[str, ...]) -> str:
    """Return the path of a copy of the files of a folder whose names end so, without those in folders below.

    Raises
    ------
    StorageError
        There are none, or they cannot be read or copied.
    """
    begin = len(url) + 1
    found = [info for info in list_objects(url) if is_plain_name(info.url[begin:]) and info.url.endswith(suffixes)]
    found = [info for info in found if "/" not in info.url[begin:]]
    if not found:
        raise StorageError(f"there are no files ({', '.join(suffixes)}) at {url}. Check the address.", "missing")
    stamps = [f"{info.url} {info.stamp}" for info in found]
    folder = os.path.join(cache_folder("inputs", digest_of(*stamps)), file_name(url))
    for info in found:
        path = os.path.join(folder, info.url[begin:])
        if not os.path.exists(path):
            copy_object(info, path)
    return folder


def is_plain_name(name: str) -> bool:
    """Return whether a name of an object can be that of a file below a folder of this machine, and of no other."""
    parts = name.split("/")
    return all(part not in {"", ".", ".."} and not re.search(r'[\\:\0<>|"?*]|[. ]\Z', part) for part in parts)
