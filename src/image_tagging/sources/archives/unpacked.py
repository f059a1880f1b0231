"""Inner archives that are packed: unpacked once for all threads that read them, and kept out of memory where large."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import IO, Callable, Optional, Union
from weakref import WeakValueDictionary, finalize

from ...errors import ReadError
from ...writing import temporary_file
from .content import Content, Identity
from .limits import Budget

#: Unpacked archives up to this size are held in memory, larger ones in a temporary file without a name: four threads
#: that keep four archives open each hold 128 MiB.
IN_MEMORY = 8 << 20


class _Unpacked:
    """What an archive unpacked to, for as long as any content reads it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.size = 0
        self.is_whole = False
        self._data = bytearray()
        self._file: Optional[IO[bytes]] = None

    def fill(self, parts: Iterable[bytes], expected: int) -> None:
        """Take the unpacked bytes, some ``expected`` in number; where that fails nothing stays."""
        try:
            for part in parts:
                self.size += len(part)
                if self._file is None and self.size > IN_MEMORY:
                    self._move_to_file(max(expected, self.size))
                if self._file is None:
                    self._data += part
                else:
                    self._write(part)
            self.is_whole = True
        finally:
            if not self.is_whole:
                self.size = 0
                self._data = bytearray()
                self._close_file()

    def at(self, offset: int, count: int) -> bytes:
        """The ``count`` bytes from ``offset``, fewer where they end."""
        if self._file is None:
            return bytes(memoryview(self._data)[offset : offset + count])
        with self.lock:
            self._file.seek(offset)
            return self._file.read(count)

    def _move_to_file(self, size: int) -> None:
        try:
            if size > shutil.disk_usage(tempfile.gettempdir()).free // 2:
                raise _no_room(size)
            self._file = temporary_file()
        except OSError as error:
            raise _no_room(size) from error
        finalize(self, self._file.close)
        self._write(self._data)
        self._data = bytearray()

    def _write(self, data: Union[bytes, bytearray]) -> None:
        try:
            if self._file:
                self._file.write(data)
        except OSError as error:
            raise _no_room(self.size) from error

    def _close_file(self) -> None:
        if self._file:
            with suppress(OSError):  # what could not be written is given up
                self._file.close()
            self._file = None


def _no_room(size: int) -> ReadError:
    return ReadError(
        "too-large",
        f"it unpacks to {size:,} bytes, for which the folder of temporary files has no room: unpack it yourself, or "
        "name another such folder (TMPDIR)",
    )


class UnpackedContent:
    """Unpacked bytes that threads share, as a content (:class:`~.content.Content`)."""

    stamp = ""

    def __init__(
        self, unpacked: _Unpacked, identity: Optional[Identity], first: int, size: int, held_bytes: int
    ) -> None:
        self._unpacked: Optional[_Unpacked] = unpacked
        self.identity = identity
        self._first = first
        self.size = size
        self.held_bytes = held_bytes

    def at(self, offset: int, count: int) -> bytes:
        """The ``count`` bytes from ``offset``, fewer where the bytes end."""
        if self._unpacked is None or not 0 <= offset < self.size:
            return b""
        return self._unpacked.at(self._first + offset, min(count, self.size - offset))

    def part(self, offset: int, count: int) -> UnpackedContent:
        """The ``count`` bytes from ``offset``, in the same place."""
        if self._unpacked is None:
            raise ValueError("the content is closed")
        size = max(0, min(count, self.size - offset))
        identity = (*self.identity, offset, size) if self.identity else None
        return UnpackedContent(self._unpacked, identity, self._first + offset, size, 0)

    def is_changed(self) -> bool:
        """Return that unpacked bytes do not change."""
        return False

    def close(self) -> None:
        """Release the bytes, unless they are read elsewhere."""
        self._unpacked = None
        self.size = 0


_LOCK = threading.Lock()
_SHARED: WeakValueDictionary[Identity, _Unpacked] = WeakValueDictionary()


def unpack(
    packed: Content, name: str, size: int, parts: Callable[[], Iterator[bytes]], budget: Budget
) -> UnpackedContent:
    """Return what the member ``name`` of ``packed`` unpacks to; ``budget`` counts it, whoever unpacked it.

    ``parts`` unpacks it, ``size`` is what is stated.

    Raises
    ------
    ReadError
        It is larger than the budget allows or its place has room for, or ``parts`` cannot unpack it.
    OSError
        It cannot be read.
    """
    most = budget.inner_bytes
    if size > most:
        raise _too_large(most)
    identity = (*packed.identity, name) if packed.identity else None
    with _LOCK:
        unpacked = _SHARED.setdefault(identity, _Unpacked()) if identity else _Unpacked()
    with unpacked.lock:
        if unpacked.is_whole:
            budget.take_bytes(unpacked.size)
        else:
            unpacked.fill(_counted(parts(), budget, most), size)
        if unpacked.size > most:
            raise _too_large(most)
    return UnpackedContent(unpacked, identity, 0, unpacked.size, unpacked.size)


def _counted(parts: Iterator[bytes], budget: Budget, most: int) -> Iterator[bytes]:
    size = 0
    for part in parts:
        budget.take_bytes(len(part))
        size += len(part)
        if size > most:
            raise _too_large(most)
        yield part


def _too_large(most: int) -> ReadError:
    return ReadError("too-large", f"it holds more than {most:,} bytes")
