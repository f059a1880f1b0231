"""Bytes at any place of a file, or of an inner archive that was unpacked into memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Optional, Protocol, Union

#: Bytes read at a time where much is to be read.
PIECE = 1 << 18


class Content(Protocol):
    """What an archive is read from."""

    size: int
    held_bytes: int  # memory that it takes

    def at(self, offset: int, count: int) -> bytes:
        """The ``count`` bytes from ``offset``, fewer where the content ends; raises OSError."""

    def part(self, offset: int, count: int) -> Content:
        """Return the ``count`` bytes from ``offset`` as a content that outlives this one; none are copied."""

    def close(self) -> None:
        """Close the file, or release the memory."""


class FileContent:
    """A file that stays open, or the ``count`` bytes of it from ``first``. One thread at a time may read it."""

    held_bytes = 0

    def __init__(self, file: Union[str, int], first: int = 0, count: Optional[int] = None) -> None:
        self._file = open(file, "rb", buffering=0)  # noqa: SIM115  closed by close()
        self._first = first
        size = os.fstat(self._file.fileno()).st_size - first
        self.size = size if count is None else min(size, count)

    def at(self, offset: int, count: int) -> bytes:
        """The ``count`` bytes from ``offset``, fewer where the file ends; raises OSError."""
        if not 0 <= offset < self.size:
            return b""
        self._file.seek(self._first + offset)
        return self._file.read(min(count, self.size - offset))

    def part(self, offset: int, count: int) -> FileContent:
        """The ``count`` bytes from ``offset`` of the same file, even where another has taken its name."""
        return FileContent(os.dup(self._file.fileno()), self._first + offset, count)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class HeldContent:
    """Bytes in memory, of which ``held_bytes`` are held by nothing else."""

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

    def close(self) -> None:
        """Release the memory."""
        self._data = memoryview(b"")
        self.size = 0


def pieces(content: Content, offset: int, count: int) -> Iterator[bytes]:
    """The ``count`` bytes from ``offset`` in pieces, fewer where the content ends."""
    end = min(offset + count, content.size)
    while offset < end and (piece := content.at(offset, min(PIECE, end - offset))):
        yield piece
        offset += len(piece)
