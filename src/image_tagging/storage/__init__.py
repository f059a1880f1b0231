"""Files by name in one folder, which may lie on this machine, on a shared disk or in a bucket.

:mod:`.base` is the protocol, :mod:`.local` a folder of the file system, :mod:`.buckets` one in a bucket. What is
written here is written whole, or not at all, and the same content gives the same file. :mod:`.objects` reads single
objects by their URLs, in buckets and on the web; :mod:`.remote` alone opens the file systems of fsspec.
"""

from __future__ import annotations

from .backends import ObjectInfo, stated_size
from .base import Storage
from .buckets import RemoteStorage
from .copies import copy_of_file, copy_of_folder
from .local import LocalStorage
from .objects import is_at_url, list_objects, object_info, read_object, read_part
from .open import storage_at
from .urls import parse_url
from .working_copy import WorkingCopy

__all__ = [
    "LocalStorage",
    "ObjectInfo",
    "RemoteStorage",
    "Storage",
    "WorkingCopy",
    "copy_of_file",
    "copy_of_folder",
    "is_at_url",
    "list_objects",
    "object_info",
    "parse_url",
    "read_object",
    "read_part",
    "stated_size",
    "storage_at",
]
