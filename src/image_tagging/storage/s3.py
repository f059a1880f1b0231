"""Objects of S3 and of servers that speak its language, by their exact keys.

s3fs finds the credentials, keeps the connections and signs the requests. Its own paths are not used: they drop slashes
at the end of keys, and take ``?versionId=`` in a key for a version.
"""

from __future__ import annotations

import os
from typing import Any, Optional

from .backends import (
    ObjectChangedError,
    ObjectInfo,
    Page,
    ShortReadError,
    TooLargeError,
    stamp_of_object,
    version_of,
)
from .urls import Place

#: Larger files are put up in parts, by s3fs.
_LARGEST_PUT = 64 << 20


class S3Backend:
    """The requests of :class:`~.backends.Backend` by a file system of s3fs."""

    def __init__(self, fs: Any, errors: tuple[type[Exception], ...]) -> None:
        self._fs = fs
        self.errors = errors

    def info(self, place: Place) -> Optional[ObjectInfo]:
        """Return what there is, ``None`` where there is no object."""
        try:
            head = self._fs.call_s3("head_object", Bucket=place.bucket, Key=place.key)
        except FileNotFoundError:
            return None
        return _info(place.url, head["ContentLength"], head.get("ETag"))

    def page(self, place: Place, following: Optional[str], most: int) -> Page:
        """Return at most ``most`` of the objects whose keys begin with that of ``place``."""
        more = {"ContinuationToken": following} if following else {}
        found = self._fs.call_s3("list_objects_v2", Bucket=place.bucket, Prefix=place.key, MaxKeys=most, **more)
        root = f"{place.scheme}://{place.bucket}/"
        objects = [_info(root + each["Key"], each["Size"], each.get("ETag")) for each in found.get("Contents", ())]
        return Page(objects, found.get("NextContinuationToken") if found.get("IsTruncated") else None)

    def whole(self, place: Place, most: int, stamp: str) -> bytes:
        """Return the content of an object, of this stamp where one is given."""
        return self._get(place, most, stamp)

    def part(self, place: Place, first: int, count: int, stamp: str) -> bytes:
        """Return ``count`` bytes from ``first``, fewer where the object ends."""
        return self._get(place, count, stamp, Range=f"bytes={first}-{first + count - 1}")

    def put(self, place: Place, content: bytes) -> None:
        """Write an object whole."""
        self._fs.call_s3("put_object", Bucket=place.bucket, Key=place.key, Body=content)

    def put_file(self, place: Place, path: str) -> None:
        """Write an object whole, from a file of this machine."""
        if os.path.getsize(path) > _LARGEST_PUT:
            self._fs.put_file(path, f"{place.bucket}/{place.key}")
            return
        with open(path, "rb") as file:
            self.put(place, file.read())

    def remove(self, place: Place) -> None:
        """Remove an object, where there is one."""
        self._fs.call_s3("delete_object", Bucket=place.bucket, Key=place.key)

    def _get(self, place: Place, most: int, stamp: str, **more: str) -> bytes:
        from fsspec.asyn import sync

        version = version_of(stamp)
        if version:
            more["IfMatch"] = f'"{version}"'
        try:
            data = sync(self._fs.loop, _body, self._fs, most, Bucket=place.bucket, Key=place.key, **more)
        except OSError as error:
            if _status(error) == 412:
                raise ObjectChangedError from error
            raise
        return bytes(data)


async def _body(fs: Any, most: int, **request: str) -> bytes:
    """Send a request for an object, and read what it is answered with, where that is not too much."""
    answer = await fs._call_s3("get_object", **request)
    body, size = answer["Body"], answer["ContentLength"]
    try:
        if size > most:
            raise TooLargeError
        data: bytes = await body.read()
    finally:
        body.close()
    if len(data) != size:
        raise ShortReadError
    return data


def _info(url: str, size: int, tag: Optional[str]) -> ObjectInfo:
    return ObjectInfo(url, size, stamp_of_object(size, (tag or "").strip('"')))


def _status(error: BaseException) -> Optional[int]:
    response = getattr(error.__cause__, "response", None) or {}
    status: Optional[int] = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status
