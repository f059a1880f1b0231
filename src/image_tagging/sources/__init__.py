"""Where images come from: folders, single files, and archives at any depth inside each other.

:mod:`.find` lists the images of a source without opening one; :mod:`.read` returns the bytes of one address;
:mod:`.archives` reads archive formats in place. Nothing is unpacked next to the user's files, and no user file is
changed.
"""

from __future__ import annotations

from .claims import may_be_opened
from .find import find_images, is_archive, sub_folders
from .read import SourceReader, ThreadReaders

__all__ = [
    "SourceReader",
    "ThreadReaders",
    "find_images",
    "is_archive",
    "may_be_opened",
    "sub_folders",
]
