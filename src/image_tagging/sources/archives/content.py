"""Bytes at any place of a file, or of an inner archive that was unpacked into memory."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from typing import Optional, Protocol, Union

from ...files import stamp_of

#: What is the same for two contents only if they hold the same bytes.
Identity = tuple[Union[int, str], ...]

#: Bytes read at a time where much is to be read.
PIECE = 1 << 18


class Content(Protocol):
    """What an archive is read from."""

    @property
    def size(self) -> int:
        """The number of bytes."""

    @property
    def held_bytes(self) -> int:
        """The memory that it takes."""

    @property
    def stamp(self) -> str:
        """The stamp of the file that the bytes are in; empty where they are not as in a file."""

    @property
    def identity(self) -> Optional[Identity]:
        """What is the same only for the same bytes; ``None`` where nothing is."""

    def at(self, offset: int, count: int) -> bytes:
        """The ``count`` bytes from ``offset``, fewer where the content ends; raises OSError."""

    def part(self, offset: int, count: int) -> Content:
        """Return the ``count`` bytes from ``offset`` as a content that outlives this one; none are copied."""

    def is_changed(self) -> bool:
        """Whether the file was changed since it was opened."""

    def close(self) -> None:
        """Close the file, or release the memory."""


class FileContent:
    """A file that stays open, or the ``count`` bytes of it from ``first``. One thread at a time may read it."""

    held_bytes = 0

    def __init__(self, file: Union[str, int], first: int = 0, count: Optional[int] = None) -> None:
        self._file = open(file, "rb", buffering=0)  # noqa: SIM115  closed by close()
        self._first = first
        status = os.fstat(self._file.fileno())
        self.size = status.st_size - first if count is None else min(status.st_size - first, count)
        self.stamp = stamp_of(status)
        self._content_stamp = _content_stamp(status)
        times = (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        self.identity: Optional[Identity] = (status.st_dev, status.st_ino, *times, first, self.size)

    def at(self, offset: int, count: int) -> bytes:
        """The ``count`` bytes from ``offset``, fewer where the file ends; raises OSError."""
        if not 0 <= offset < self.size:
            return b""
        self._file.seek(self._first + offset)
        return self._file.read(min(count, self.size - offset))

    def part(self, offset: int, count: int) -> FileContent:
        """The ``count`` bytes from ``offset`` of the same file, even where another has taken its name."""
        return FileContent(os.dup(self._file.fileno()), self._first + offset, count)

    def is_changed(self) -> bool:
        """Whether the file was written to since it was opened; one that took its name is another file.

        The change time says nothing here: a new name of the file, or a backup that links it, changes it too.
        """
        return _content_stamp(os.fstat(self._file.fileno())) != self._content_stamp

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class HeldContent:
    """Bytes in memory, of which ``held_bytes`` are held by nothing else."""

    stamp = ""
    identity: Optional[Identity] = None

    def __init__(self, data: Union[bytes, bytearray, memoryview], held_bytes: int = 0) -> None:
        self._data = memoryview(data)
        self.held_bytes = held_bytes
        self.size = len(data)

    def at(self, offset: int, count: int) -> bytes:
        """The ``count`` bytes from ``offset``, fewer where the bytes end."""
        return bytes(self._data[offset : offset + count]) if offset >= 0 else b""

    def part(self, offset: int, count: int) -> HeldContent:
        """The ``count`` bytes from ``offset``, in the same memory."""
        return HeldContent(self._data[offset : offset + count])

    def is_changed(self) -> bool:
        """Return that memory does not change."""
        return False

    def close(self) -> None:
        """Release the memory."""
        self._data = memoryview(b"")
        self.size = 0


def _content_stamp(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns


def pieces(content: Content, offset: int, count: int) -> Iterator[bytes]:
    """The ``count`` bytes from ``offset`` in pieces, fewer where the content ends."""
    end = min(offset + count, content.size)
    while offset < end and (piece := content.at(offset, min(PIECE, end - offset))):
        yield piece
        offset += len(piece)


def joined(parts: Iterable[bytes]) -> bytes:
    """Return all parts as one; no more than one copy of them is ever in memory."""
    whole = io.BytesIO()
    for part in parts:
        whole.write(part)
    return whole.getvalue()
