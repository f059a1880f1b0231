"""Where images come from: folders, single files, and archives at any depth inside each other.

:mod:`.find` lists the images of a source without opening one, by the rules of :mod:`.rules`, and :mod:`.manifest` keeps
what it found; :mod:`.read` returns the bytes of one address; :mod:`.archives` reads archive formats in place. Nothing
is unpacked next to the user's files, and no user file is changed.
"""

from __future__ import annotations

from .claims import may_be_opened
from .exclusion import require_patterns
from .find import find_images
from .manifest import ListedBy, Manifest, write_manifest
from .read import SourceReader, ThreadReaders
from .rules import DataSetRules
from .single_files import is_archive

__all__ = [
    "DataSetRules",
    "ListedBy",
    "Manifest",
    "SourceReader",
    "ThreadReaders",
    "find_images",
    "is_archive",
    "may_be_opened",
    "require_patterns",
    "write_manifest",
]
