"""The bytes of an archive at a URL: no more of it is sent than is read, and a little ahead."""

from __future__ import annotations

from typing import Optional

from ...errors import ReadError, StorageError
from ...storage import ObjectInfo, object_info, read_part
from .content import Identity

#: Bytes that a request asks for at least, and at most where reading goes on where it was: the headers of a tar lie
#: between its images, so that all of it passes by.
_LEAST, _MOST = 1 << 16, 1 << 22


class RemoteContent:
    """An object at a URL, or the ``count`` bytes of it from ``first``, as it was when it was opened.

    One thread at a time may read it. Raises ReadError where the object cannot be read, or was changed.
    """

    def __init__(
        self, url: str, first: int = 0, count: Optional[int] = None, *, info: Optional[ObjectInfo] = None
    ) -> None:
        _, size, stamp = info or object_at(url)
        self._url = url
        self._first = first
        self._whole = size
        self.stamp = stamp
        self.size = max(0, size - first) if count is None else max(0, min(size - first, count))
        self.identity: Optional[Identity] = (url, stamp, first, self.size) if stamp.partition(":")[2] else None
        self._ahead = _LEAST
        self._at = 0
        self._held = b""

    @property
    def held_bytes(self) -> int:
        """The memory that it takes."""
        return len(self._held)

    def at(self, offset: int, count: int) -> bytes:
        """The ``count`` bytes from ``offset``, fewer where the object ends."""
        if not 0 <= offset < self.size or count <= 0:
            return b""
        count = min(count, self.size - offset)
        begin = offset - self._at
        if not (begin >= 0 and begin + count <= len(self._held)):
            self._fetch(offset, count)
            begin = offset - self._at
        return self._held[begin : begin + count]

    def part(self, offset: int, count: int) -> RemoteContent:
        """The ``count`` bytes from ``offset`` of the same object."""
        info = ObjectInfo(self._url, self._whole, self.stamp)
        return RemoteContent(self._url, self._first + offset, count, info=info)

    def is_changed(self) -> bool:
        """Whether the object is another now."""
        try:
            return object_at(self._url).stamp != self.stamp
        except ReadError:
            return False

    def close(self) -> None:
        """Release the bytes that were read ahead."""
        self._held = b""

    def _fetch(self, offset: int, count: int) -> None:
        end = self._at + len(self._held)
        goes_on = bool(self._held) and self._at < offset <= end + self._ahead
        self._ahead = min(2 * self._ahead, _MOST) if goes_on else _LEAST
        wanted = min(max(count, self._ahead), self.size - offset)
        try:
            self._held = read_part(self._url, self._first + offset, wanted, self.stamp)
        except StorageError as error:
            raise ReadError(error.code, error.reason) from error
        self._at = offset


def object_at(url: str) -> ObjectInfo:
    """Return what is known of an object without reading it; raise ReadError where it is gone or cannot be asked for."""
    try:
        info = object_info(url)
    except StorageError as error:
        raise ReadError(error.code, error.reason) from error
    if info is None:
        raise ReadError("missing", "the file is no longer there")
    return info
