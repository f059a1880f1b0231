"""How the address of an image stands in the tables: as its key, the file and its members as a JSON list."""

from __future__ import annotations

from typing import Any

from ..addresses import ImageRef
from .store_file import StoreFile


def as_ref(file: StoreFile, key: Any) -> ImageRef:
    """Return the address that a key from ``file`` stands for; OutputError where it is none."""
    try:
        return ImageRef.of_key(key)
    except ValueError as error:
        raise file.damaged("an address of an image cannot be read") from error
