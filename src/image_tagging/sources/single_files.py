"""What one file is: by its status, its name and, where the name says nothing, its first bytes."""

from __future__ import annotations

import re
from contextlib import suppress

from ..addresses import ImageRef
from ..errors import InputError, ReadError
from ..files import is_url
from ..records import Failure
from .archives import RemoteContent, looks_like_archive
from .file_status import is_there, status_of
from .suffixes import (
    DRAWING_SUFFIXES,
    RAW_SUFFIXES,
    is_archive_name,
    is_image_name,
    is_unread_name,
    is_zipped_drawing_name,
)

#: How an image begins, under any name; BMP and the like begin too much like other things.
_IMAGE_BEGINNINGS = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*", b"8BPS", b"qoif", b"\0\0\0\x0cjP  ")

#: How a drawing begins that is a zip inside: its first member, which is not packed, says so.
_ZIPPED_DRAWING = re.compile(rb"PK\x03\x04.{26}mimetype.{0,64}?(image/openraster|application/x-krita)", re.DOTALL)

_BOXED_BEGINNINGS = frozenset({b"ftypavif", b"ftypavis", b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1"})

_SAVE_IT = "save it as a PNG or JPEG"

#: How many bytes tell what a file is.
_BEGIN_BYTES = 160


def is_archive(file: str) -> bool:
    """Whether a file that was named is an archive: by its suffix or by its content."""
    if is_archive_name(file):
        return True
    if is_zipped_drawing_name(file):
        return False
    with suppress(OSError, ReadError):  # what it is then shows when it is read
        return is_there(file) and has_archive_content(file, anywhere=not is_image_name(file))
    return False


def require_image(file: str) -> None:
    """Raise InputError for a file that was named and is an image neither by its name nor by its content."""
    if is_unread_name(file):
        suffix = ImageRef(file).suffix
        one, _, what_to_do = _kind_of_unread(suffix)
        raise InputError(
            f"{file} is {one} ({suffix}) that cannot be read. {what_to_do[0].upper()}{what_to_do[1:]}, and name that."
        )
    if is_image_name(file):
        return
    with suppress(OSError, ReadError):  # what is wrong shows when it is read
        status_of(file)
        if begins_like_an_image(file):
            return
        raise InputError(f"{file} is neither a folder, an image nor an archive (.zip, .tar, .tar.gz …).")


def unread(ref: ImageRef) -> Failure:
    """Return the failure of an image that nothing here decodes."""
    _, many, what_to_do = _kind_of_unread(ref.suffix)
    return Failure(ref, "read", "unsupported", f"{many} ({ref.suffix}) cannot be read: {what_to_do}")


def _kind_of_unread(suffix: str) -> tuple[str, str, str]:
    """Return what an image of this suffix is, what many of them are, and what to do with it."""
    if suffix in RAW_SUFFIXES:
        return "a raw photo", "raw photos", _SAVE_IT
    if suffix in DRAWING_SUFFIXES:
        return "a drawing", "drawings of this kind", "export it as a PNG"
    return "an image of a kind", "images of this kind", _SAVE_IT


def begins_like_an_image(file: str) -> bool:
    """Return whether the first bytes of a file are those of an image."""
    begin = _begin(file)
    is_webp = begin[:4] == b"RIFF" and begin[8:12] == b"WEBP"
    is_known = is_webp or begin[4:12] in _BOXED_BEGINNINGS or begin.startswith(_IMAGE_BEGINNINGS)
    return is_known or bool(_ZIPPED_DRAWING.match(begin))


def has_archive_content(file: str, *, anywhere: bool = False) -> bool:
    """Return whether the content of a file is that of an archive, and not of a drawing that is a zip inside.

    With ``anywhere`` an archive behind other bytes counts too.
    """
    return not _ZIPPED_DRAWING.match(_begin(file)) and looks_like_archive(file, anywhere=anywhere)


def _begin(file: str) -> bytes:
    if is_url(file):
        return RemoteContent(file).at(0, _BEGIN_BYTES)
    with open(file, "rb", buffering=0) as opened:
        return opened.read(_BEGIN_BYTES)
