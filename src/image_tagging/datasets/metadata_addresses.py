"""The address of a picture as a metadata file gives it, which a stranger may have written."""

from __future__ import annotations

from typing import Any, Optional

from ..addresses import ImageRef
from .metadata_errors import bad_address


def address_of(path: str, hash_id: str, value: Any) -> Optional[ImageRef]:
    """Return the address, ``None`` where the file at ``path`` has none: it was written before there were any.

    Raises
    ------
    MetadataError
        It is no list of names, or longer than addresses can be.
    """
    if value is None:
        return None
    try:
        return ImageRef.of(value)
    except ValueError as error:
        raise bad_address(path, hash_id, error) from error
