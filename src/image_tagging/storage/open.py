"""The storage of an address: the one place that tells a folder from a bucket."""

from __future__ import annotations

from ..files import absolute
from .base import Storage
from .local import LocalStorage


def storage_at(root: str) -> Storage:
    """Return the storage in a folder that a user named.

    Raises
    ------
    InputError
        The path depends on the current folder, and that cannot be used.
    """
    return LocalStorage(absolute(root))
