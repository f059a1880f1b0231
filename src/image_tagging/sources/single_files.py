"""What one file is: by its status, its name and, where the name says nothing, its first bytes."""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from ..addresses import ImageRef
from ..errors import InputError, ReadError
from ..records import Failure
from .archives import looks_like_archive
from .suffixes import RAW_SUFFIXES, is_archive_name, is_image_name, is_unread_name
from .system_folders import is_system_device, system_folder_error

#: How an image begins, under any name; BMP and the like begin too much like other things.
_IMAGE_BEGINNINGS = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*", b"8BPS", b"qoif", b"\0\0\0\x0cjP  ")
_BOXED_BEGINNINGS = frozenset({b"ftypavif", b"ftypavis", b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1"})


def is_archive(file: str) -> bool:
    """Whether a file that was named is an archive: by its suffix or by its content."""
    if is_archive_name(file):
        return True
    with suppress(OSError):  # what it is then shows when it is read
        return os.path.isfile(file) and looks_like_archive(file, anywhere=not is_image_name(file))
    return False


def require_image(file: str) -> None:
    """Raise InputError for a file that was named and is an image neither by its name nor by its content."""
    if is_unread_name(file):
        suffix = ImageRef(file).suffix
        what = "a raw photo" if suffix in RAW_SUFFIXES else "an image of a kind"
        raise InputError(f"{file} is {what} ({suffix}) that cannot be read. Save it as a PNG or JPEG, and name that.")
    if is_image_name(file):
        return
    with suppress(OSError, ReadError):  # what is wrong shows when it is read
        status_of(file)
        if begins_like_an_image(file):
            return
        raise InputError(f"{file} is neither a folder, an image nor an archive (.zip, .tar, .tar.gz …).")


def unread(ref: ImageRef) -> Failure:
    """Return the failure of an image that nothing here decodes."""
    what = "raw photos" if ref.suffix in RAW_SUFFIXES else "images of this kind"
    return Failure(ref, "read", "unsupported", f"{what} ({ref.suffix}) cannot be read: save it as a PNG or JPEG")


def status_of(file: str) -> os.stat_result:
    """Return the status of a plain file; raises ReadError for anything else, OSError where there is none."""
    status = os.stat(file)
    if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for ever
        raise ReadError("not-a-file", "it is a pipe or a device, not a file")
    if is_system_device(status.st_dev):
        raise system_folder_error()
    return status


def begins_like_an_image(file: str) -> bool:
    """Return whether the first bytes of a file are those of an image."""
    with open(file, "rb", buffering=0) as opened:
        begin = opened.read(16)
    is_webp = begin[:4] == b"RIFF" and begin[8:12] == b"WEBP"
    return is_webp or begin[4:12] in _BOXED_BEGINNINGS or begin.startswith(_IMAGE_BEGINNINGS)
