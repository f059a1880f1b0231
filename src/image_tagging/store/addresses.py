"""How the address of an image stands in the tables: as its key, the file and its members as a JSON list."""

from __future__ import annotations

import os
from typing import Any

from ..addresses import ImageRef
from .store_file import StoreFile


def as_ref(file: StoreFile, key: Any) -> ImageRef:
    """Return the address that a key from ``file`` stands for; OutputError where it is none."""
    try:
        return ImageRef.of_key(key)
    except ValueError as error:
        raise file.damaged("an address of an image cannot be read") from error


def keys_below(folder: str) -> tuple[str, str]:
    """Return the bounds, both exclusive, between which the keys of all images lie that are below a folder."""
    begin = ImageRef(os.path.join(folder, "")).key[:-2]  # without the end of the text and of the list
    return begin, begin[:-1] + chr(ord(begin[-1]) + 1)
