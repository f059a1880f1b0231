"""Bytes at any place of a file, or of an inner archive that was unpacked into memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Protocol, Union

#: Bytes read at a time where much is to be read.
PIECE = 1 << 18


class Content(Protocol):
    """What an archive is read from."""

    size: int

    def at(self, offset: int, count: int) -> bytes:
        """The ``count`` bytes from ``offset``, fewer where the content ends; raises OSError."""

    def close(self) -> None:
        """Let go of the file or the memory."""


class FileContent:
    """A file that stays open. Not for several threads: reading moves its position."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115  closed by close()
        self.size = os.fstat(self._file.fileno()).st_size

    def at(self, offset: int, count: int) -> bytes:
        """The ``count`` bytes from ``offset``, fewer where the file ends; raises OSError."""
        if not 0 <= offset < self.size:
            return b""
        self._file.seek(offset)
        return self._file.read(min(count, self.size - offset))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class HeldContent:
    """Bytes in memory."""

    def __init__(self, data: Union[bytes, bytearray]) -> None:
        self._data = memoryview(data)
        self.size = len(data)

    def at(self, offset: int, count: int) -> bytes:
        """The ``count`` bytes from ``offset``, fewer where the bytes end."""
        return bytes(self._data[offset : offset + count]) if offset >= 0 else b""

    def close(self) -> None:
        """Let go of the memory."""
        self._data = memoryview(b"")
        self.size = 0


def pieces(content: Content, offset: int, count: int) -> Iterator[bytes]:
    """The ``count`` bytes from ``offset`` in pieces, fewer where the content ends."""
    end = min(offset + count, content.size)
    while offset < end and (piece := content.at(offset, min(PIECE, end - offset))):
        yield piece
        offset += len(piece)
