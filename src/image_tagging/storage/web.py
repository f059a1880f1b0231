"""Files on the web, which are only read: each by its own address, which another cannot be made from."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import Any, NoReturn, Optional

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

#: Servers that do not answer a HEAD request; the content is asked for, and not read.
_WITHOUT_HEAD = frozenset({403, 405, 501})

_PIECE = 1 << 18

#: Status, headers, and the bytes that were asked for.
_Answer = tuple[int, Mapping[str, str], bytes]


class WebBackend:
    """The requests of :class:`~.backends.Backend` by the HTTP file system of fsspec, without those that write."""

    def __init__(self, fs: Any, errors: tuple[type[Exception], ...]) -> None:
        self._fs = fs
        self.errors = errors

    def info(self, place: Place) -> Optional[ObjectInfo]:
        """Return what there is, ``None`` where there is no such file."""
        status, headers, _ = self._ask(place, "HEAD", {}, 0)
        if status in _WITHOUT_HEAD:
            status, headers, _ = self._ask(place, "GET", {}, 0)
        if status in {404, 410}:
            return None
        _require(status, place)
        size = int(headers.get("Content-Length", -1))
        if size < 0:
            raise OSError(errno.EIO, "the server does not say how long the file is")
        return ObjectInfo(place.url, size, stamp_of_object(size, _version(headers)))

    def page(self, place: Place, following: Optional[str], most: int) -> Page:
        """Raise the error of an address whose files cannot be listed."""
        raise OSError(
            errno.ENOTSUP, "files on the web cannot be listed: name an image, an archive, or a list of images"
        )

    def whole(self, place: Place, most: int, stamp: str) -> bytes:
        """Return the content of a file, of this stamp where one is given."""
        status, headers, data = self._ask(place, "GET", {}, most)
        self._require_same(status, place, headers, stamp)
        if len(data) != int(headers.get("Content-Length", len(data))):
            raise ShortReadError
        return data

    def part(self, place: Place, first: int, count: int, stamp: str) -> bytes:
        """Return ``count`` bytes from ``first``, fewer where the file ends."""
        status, headers, data = self._ask(place, "GET", {"Range": f"bytes={first}-{first + count - 1}"}, count)
        if status == 416:
            return b""
        self._require_same(status, place, headers, stamp)
        if status != 206:
            raise OSError(errno.ENOTSUP, "the server gives whole files alone: download the archive, and name that")
        if len(data) != int(headers.get("Content-Length", len(data))):
            raise ShortReadError
        return data

    def put(self, place: Place, content: bytes) -> None:
        """Raise the error of an address that cannot be written."""
        _refuse()

    def put_file(self, place: Place, path: str) -> None:
        """Raise the error of an address that cannot be written."""
        _refuse()

    def remove(self, place: Place) -> None:
        """Raise the error of an address that cannot be written."""
        _refuse()

    @staticmethod
    def _require_same(status: int, place: Place, headers: Mapping[str, str], stamp: str) -> None:
        _require(status, place)
        if (version := version_of(stamp)) and version != _version(headers):
            raise ObjectChangedError

    def _ask(self, place: Place, method: str, headers: Mapping[str, str], most: int) -> _Answer:
        """Return the status, the headers and at most ``most`` bytes that an address answers a request with."""
        from fsspec.asyn import sync

        answer: _Answer = sync(self._fs.loop, _answer, self._fs, place.url, method, headers, most)
        return answer


async def _answer(fs: Any, url: str, method: str, headers: Mapping[str, str], most: int) -> _Answer:
    session = await fs.set_session()
    options = {**fs.kwargs, "headers": {**fs.kwargs.get("headers", {}), "Accept-Encoding": "identity", **headers}}
    async with session.request(method, fs.encode_url(url), **options) as answer:
        if not most or answer.status not in {200, 206} or (headers and answer.status != 206):
            return answer.status, answer.headers, b""
        data = bytearray()
        while piece := await answer.content.read(_PIECE):
            data += piece
            if len(data) > most:
                raise TooLargeError
        return answer.status, answer.headers, bytes(data)


def _version(headers: Mapping[str, str]) -> str:
    return headers.get("ETag", "").strip('"') or headers.get("Last-Modified", "")


def _require(status: int, place: Place) -> None:
    if status in {200, 206}:
        return
    if status in {404, 410}:
        raise FileNotFoundError(place.url)
    if status in {401, 403}:
        raise PermissionError(errno.EACCES, f"the server refuses it (status {status})")
    transient = status == 429 or status >= 500
    raise OSError(errno.EBUSY if transient else errno.EIO, f"the server answers with status {status}")


def _refuse() -> NoReturn:
    raise OSError(errno.EROFS, "nothing is written to addresses of the web: name a folder, or a bucket")
