"""The storage of an address: the one place that tells a folder from a bucket."""

from __future__ import annotations

from ..files import absolute, is_url
from .base import Storage
from .buckets import RemoteStorage, require_writable
from .local import LocalStorage
from .working_copy import url_of


def storage_at(root: str) -> Storage:
    """Return the storage in a folder that a user named, on this machine or in a bucket (``s3://bucket/results``).

    That of the working copy of a bucket (:mod:`.working_copy`) is the bucket.

    Raises
    ------
    InputError
        The path depends on the current folder, and that cannot be used; or a URL names no bucket.
    StorageError
        Nothing can be written there.
    """
    place = absolute(root)
    place = url_of(place) or place
    if is_url(place):
        require_writable(place)
        return RemoteStorage(place)
    return LocalStorage(place)
