"""Objects by their URLs: what there is, and their content; a request that fails by the way is sent again."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from functools import partial
from typing import Callable, Optional, TypeVar

from ..errors import InputError, LibraryMissingError, StorageError
from .backends import Backend, ObjectChangedError, ObjectInfo, Page, ShortReadError, TooLargeError
from .object_errors import as_storage_error, may_pass, too_large
from .remote import backend_of
from .urls import Place, parse_url

Result = TypeVar("Result")

#: Seconds before each further try of a request that may pass; up to as much again is added, so that many machines
#: that were refused at one time do not come back at one time.
WAITS = (0.1, 0.3, 1.0, 2.0, 4.0, 8.0)

#: Objects of one page of a listing (what S3 gives at most).
_PAGE = 1000


def object_info(url: str) -> Optional[ObjectInfo]:
    """Return the size and the stamp of an object, ``None`` where there is none of this URL.

    Raises
    ------
    StorageError
        That cannot be known.
    """
    place = parse_url(url)
    return _tried(place, "read", lambda backend: backend.info(place)) if place.key else None


def is_at_url(url: str) -> bool:
    """Return whether there is an object at a URL, or objects are below it; not where that cannot be known."""
    try:
        return object_info(url) is not None or any(True for _ in list_objects(url, 1))
    except (InputError, StorageError, LibraryMissingError):
        return False


def list_objects(folder: str, most: Optional[int] = None) -> Iterator[ObjectInfo]:
    """Yield the objects below a folder (or bucket), at any depth, at most ``most``; S3 gives them in the order of keys.

    Raises
    ------
    StorageError
        They cannot be listed.
    """
    place = parse_url(folder)
    place = place._replace(key=f"{place.key.rstrip('/')}/" if place.key.strip("/") else "")
    following: Optional[str] = None
    count = 0
    while True:
        wanted = _PAGE if most is None else min(_PAGE, most - count)
        page = _tried(place, "listed", partial(_page, place, following, wanted))
        for each in page.objects[: None if most is None else most - count]:
            count += 1
            yield each
        following = page.following
        if following is None or (most is not None and count >= most):
            return


def read_object(url: str, most: int, stamp: str = "") -> bytes:
    """Return the content of an object, of this stamp where one is given.

    Raises
    ------
    StorageError
        It is gone (``missing``), may not be read (``no-permission``), has another stamp (``changed``) or more than
        ``most`` bytes (``too-large``), of which no more are held; or its server is not reached (``unreachable``).
    """
    place = parse_url(url)
    try:
        return _tried(place, "read", lambda backend: backend.whole(place, most, stamp))
    except TooLargeError:
        raise too_large(place, most) from None


def read_part(url: str, first: int, count: int, stamp: str) -> bytes:
    """Return ``count`` bytes of an object of this stamp from ``first``, fewer where it ends.

    Raises
    ------
    StorageError
        As :func:`read_object` does.
    """
    place = parse_url(url)
    if count <= 0:
        return b""
    try:
        return _tried(place, "read", lambda backend: backend.part(place, first, count, stamp))
    except TooLargeError:
        raise too_large(place, count) from None


def write_object(url: str, content: bytes) -> None:
    """Write an object whole. Raises StorageError."""
    place = parse_url(url)
    _tried(place, "written", lambda backend: backend.put(place, content))


def write_object_from(url: str, path: str) -> None:
    """Write an object whole, from a file of this machine that may be large. Raises StorageError."""
    place = parse_url(url)
    _tried(place, "written", lambda backend: backend.put_file(place, path))


def remove_object(url: str) -> None:
    """Remove an object, where there is one. Raises StorageError."""
    place = parse_url(url)
    _tried(place, "removed", lambda backend: backend.remove(place))


def _page(place: Place, following: Optional[str], most: int, backend: Backend) -> Page:
    return backend.page(place, following, most)


def _tried(place: Place, what: str, request: Callable[[Backend], Result]) -> Result:
    """Send a request, several times where that may help; raise StorageError, or TooLargeError."""
    backend = backend_of(place)
    expected: tuple[type[Exception], ...] = (ObjectChangedError, ShortReadError, *backend.errors)
    for wait in (*WAITS, None):
        try:
            return request(backend)
        except expected as error:
            if wait is None or not may_pass(error):
                raise as_storage_error(error, place, what) from error
        time.sleep(wait * (1 + random.random()))  # noqa: S311  no secret
    raise AssertionError("the last try returns or raises")
