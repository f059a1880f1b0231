"""Objects by the file system that fsspec has for a scheme: Google's buckets, and the memory of this process."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Optional

from .backends import (
    ObjectChangedError,
    ObjectInfo,
    Page,
    ShortReadError,
    TooLargeError,
    stamp_of_object,
    stated_size,
    version_of,
)
from .urls import Place


class GenericBackend:
    """The requests of :class:`~.backends.Backend` by any file system of fsspec.

    Of Google's buckets the ``generation`` of an object is its version, which requests can ask for; of others its time.
    """

    def __init__(self, fs: Any, errors: tuple[type[Exception], ...]) -> None:
        self._fs = fs
        self.errors = errors

    def info(self, place: Place) -> Optional[ObjectInfo]:
        """Return what there is, ``None`` where there is no object."""
        try:
            info = self._fs.info(_path(place))
        except FileNotFoundError:
            return None
        return None if info["type"] != "file" else self._info(place.url, info)

    def page(self, place: Place, following: Optional[str], most: int) -> Page:
        """Return the objects below a folder, all of them: these file systems list in one go."""
        folder = _path(place).rstrip("/")
        root = f"{place.scheme}://{place.bucket}"
        begin = len(place.bucket) + folder.startswith("/")
        found = self._fs.find(folder, detail=True)
        objects = [self._info(root + name[begin:], info) for name, info in found.items() if info["type"] == "file"]
        return Page(objects, None)

    def whole(self, place: Place, most: int, stamp: str) -> bytes:
        """Return the content of an object, of this stamp where one is given."""
        size = stated_size(stamp) if version_of(stamp) else None
        if size is None:
            info = self._there(place)
            size, stamp = info.size, info.stamp
        if size > most:
            raise TooLargeError
        data = self._cat(place, stamp)
        if len(data) != size:
            raise ShortReadError
        return data

    def part(self, place: Place, first: int, count: int, stamp: str) -> bytes:
        """Return ``count`` bytes from ``first``, fewer where the object ends."""
        size = stated_size(stamp)
        return self._cat(place, stamp, start=first, end=first + count if size is None else min(first + count, size))

    def put(self, place: Place, content: bytes) -> None:
        """Write an object whole."""
        self._fs.pipe_file(_path(place), content)

    def put_file(self, place: Place, path: str) -> None:
        """Write an object whole, from a file of this machine."""
        self._fs.put_file(path, _path(place))

    def remove(self, place: Place) -> None:
        """Remove an object, where there is one."""
        with suppress(FileNotFoundError):
            self._fs.rm_file(_path(place))

    def _there(self, place: Place) -> ObjectInfo:
        info = self.info(place)
        if info is None:
            raise FileNotFoundError(place.url)
        return info

    def _cat(self, place: Place, stamp: str, **part: int) -> bytes:
        """Return bytes of an object, of which this is the version before and after they are read."""
        version = version_of(stamp)
        if version and place.scheme == "gs":
            try:
                return bytes(self._fs.cat_file(_path(place), generation=version, **part))
            except FileNotFoundError:
                self._there(place)
                raise ObjectChangedError from None
        data = bytes(self._fs.cat_file(_path(place), **part))
        if version and self._there(place).stamp != stamp:
            raise ObjectChangedError
        return data

    def _info(self, url: str, info: Any) -> ObjectInfo:
        size, version = int(info["size"]), info.get("generation") or self._fs.modified(info["name"]).isoformat()
        return ObjectInfo(url, size, stamp_of_object(size, version))


def _path(place: Place) -> str:
    path = f"{place.bucket}/{place.key}" if place.key else place.bucket
    return f"/{path}" if place.scheme == "memory" else path
