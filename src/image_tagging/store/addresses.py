"""How the address of an image stands in the tables: the file and its members as a JSON list, all of it ASCII.

Names that are no valid Unicode come back as they were: JSON spells their surrogates as escapes.
"""

from __future__ import annotations

import json

from ..addresses import ImageRef
from .store_file import StoreFile


def as_text(ref: ImageRef) -> str:
    """Return the text that stands for an address."""
    return json.dumps([ref.file, *ref.members])


def as_ref(file: StoreFile, text: str) -> ImageRef:
    """Return the address that a text from ``file`` stands for; OutputError where it is none."""
    try:
        first, *members = json.loads(text)
    except (ValueError, TypeError) as error:
        raise file.damaged("an address of an image cannot be read") from error
    if not all(isinstance(each, str) for each in (first, *members)):
        raise file.damaged("an address of an image is no list of names")
    return ImageRef(first, tuple(members))
