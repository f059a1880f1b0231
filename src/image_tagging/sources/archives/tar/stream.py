"""The content of a compressed tar, unpacked front to back once for all threads that read it.

Compressed data cannot be sought in. One cursor unpacks them block by block; the latest blocks stay in a window, since
threads ask for neighbouring members slightly out of order. Going further back costs unpacking again: gzip from a copy
of the decompressor that was kept on the way (a mark), bzip2 and xz from the start. Where these two are asked to go back
repeatedly, the unpacked bytes go to a temporary file without a name.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from bisect import bisect_right
from collections import OrderedDict
from contextlib import suppress
from typing import IO, NamedTuple, Optional

from ....errors import ReadError
from ....writing import temporary_file
from ..content import Content, HeldContent
from ..decompressors import Inflater
from ..limits import Budget
from .packings import Cursor, Packing

#: Unpacked bytes that are made and kept at a time.
BLOCK = 1 << 18

#: Blocks in the window: 64 MiB.
_WINDOW = 256

#: Marks kept at most, of about 40 kB each; then every second one goes, and new ones lie twice as far apart.
_MOST_MARKS = 256

#: Blocks between marks at first: 4 MiB.
_SPACING = 16

#: Times that bzip2 and xz are unpacked from the start by one group of readers before a file is made.
_FREE_RESTARTS = 2

#: The same where no file can be made: then reading is refused.
_MOST_RESTARTS = 64

#: What follows the identity of packed content in that of what it unpacks to: no name, and no place in it.
_UNPACKED = -1

#: The size of content whose end was not reached yet.
_UNKNOWN = 1 << 62


class _Mark(NamedTuple):
    """Where unpacking can start: before the block of this number, at this place of the packed bytes."""

    number: int
    place: int
    inflater: Optional[Inflater]


class Stream:
    """Unpacked content that threads share. It holds no file of the user: each caller gives the packed content.

    ``size`` is known when the end was reached once; ``fault`` then says why the data end early, else it is empty.
    Between :meth:`acquire` and the last :meth:`release` the window is kept; if all fits into it, also until the next
    readers have used it, so that what was unpacked to be listed is not unpacked again to be read.
    """

    def __init__(self, packing: Packing) -> None:
        self.size = _UNKNOWN
        self.fault = ""
        self._packing = packing
        self._lock = threading.Lock()
        self._users = 0
        self._is_read = False
        self._window: OrderedDict[int, bytes] = OrderedDict()
        self._marks = [_Mark(0, 0, None)]
        self._spacing = _SPACING
        self._cursor: Optional[Cursor] = None
        self._restarts = 0
        self._file: Optional[IO[bytes]] = None
        self._filed = 0  # blocks in the file, from the first on

    @property
    def held_bytes(self) -> int:
        """The most memory that the window takes."""
        return min(self.size, _WINDOW * BLOCK)

    def acquire(self) -> None:
        """Count a reader."""
        with self._lock:
            self._users += 1

    def rest(self) -> None:
        """Keep the marks only, unless there are readers."""
        if self._users:  # one of them may have the lock for long
            return
        with self._lock:
            if not self._users:
                self._window.clear()
                self._cursor = None
                self._restarts = 0
                self._close_file()

    def release(self) -> None:
        """Count a reader off."""
        with self._lock:
            self._users -= 1
        if self._is_read or self.size > _WINDOW * BLOCK:
            self.rest()

    def at(self, packed: Content, offset: int, count: int, budget: Optional[Budget] = None) -> bytes:
        """Return the ``count`` bytes from ``offset``, fewer where the content ends; raises OSError.

        ``budget`` counts the bytes that this unpacks, while they are listed.
        """
        if offset < 0 or count <= 0:
            return b""
        number, start = divmod(offset, BLOCK)
        with self._lock:
            self._is_read = budget is None
            parts = [self._block(packed, number, budget)]
            have = len(parts[0]) - start
            while have < count and len(parts[-1]) == BLOCK:
                number += 1
                parts.append(self._block(packed, number, budget))
                have += len(parts[-1])
        return (parts[0] if len(parts) == 1 else b"".join(parts))[start : start + count]

    def finish(self, packed: Content, budget: Budget) -> None:
        """Unpack to the end, so that ``size`` and ``fault`` are known."""
        with self._lock:
            while self.size == _UNKNOWN:
                self._advance(packed, self._cursor or Cursor(self._packing), budget)

    def _block(self, packed: Content, number: int, budget: Optional[Budget]) -> bytes:
        if number in self._window:
            return self._window[number]
        if number * BLOCK >= self.size:
            return b""
        if self._file and number < self._filed:
            self._file.seek(number * BLOCK)
            return self._file.read(BLOCK)
        cursor = self._cursor_before(number)
        block = b""
        while cursor.number <= number and not cursor.ended:
            block = self._advance(packed, cursor, budget)
        return block if cursor.number == number + 1 else b""

    def _cursor_before(self, number: int) -> Cursor:
        """Return the cursor, moved to the last mark before the block where that is nearer or it has gone too far."""
        mark = self._marks[bisect_right([mark.number for mark in self._marks], number) - 1]
        if self._cursor is None or not mark.number <= self._cursor.number <= number:
            if self._cursor is not None and not self._packing.has_marks:
                self._restart()
            self._cursor = Cursor(self._packing, mark.number, mark.place, mark.inflater)
        return self._cursor

    def _advance(self, packed: Content, cursor: Cursor, budget: Optional[Budget]) -> bytes:
        """Unpack the next block and keep it."""
        self._cursor = None  # an error leaves no cursor that has lost a part of a block
        number = cursor.number
        if number >= self._marks[-1].number + self._spacing and (state := cursor.state()):
            self._marks.append(_Mark(number, *state))
            if len(self._marks) > _MOST_MARKS:
                self._marks = self._marks[::2]
                self._spacing *= 2
        block = cursor.next_block(packed, BLOCK)
        if budget:
            budget.take_bytes(len(block))
        if cursor.ended:
            self.size = number * BLOCK + len(block)
            self.fault = cursor.fault
        self._window[number] = block
        if len(self._window) > _WINDOW:
            self._window.popitem(last=False)
        self._write(number, block)
        self._cursor = cursor
        return block

    def _restart(self) -> None:
        self._restarts += 1
        if self._restarts > _FREE_RESTARTS and self._file is None:
            with suppress(OSError):  # there may be no folder for it
                if self.size < shutil.disk_usage(tempfile.gettempdir()).free // 2:
                    self._file = temporary_file()
                    self._filed = 0
        if self._restarts > _MOST_RESTARTS:
            raise ReadError(
                "too-much",
                "its images are needed in an order for which it would be unpacked from its start again and again, and "
                "there is no room for a temporary file: pack it as a plain .tar",
            )

    def _write(self, number: int, block: bytes) -> None:
        if self._file is None or number != self._filed:
            return
        try:
            self._file.seek(number * BLOCK)
            self._file.write(block)
            self._file.flush()
            self._filed += 1
        except OSError:  # the disk is full: unpacking again is still possible
            self._close_file()

    def _close_file(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None


class Unpacked:
    """What the packed content of one reader unpacks to, as a content (:class:`~..content.Content`)."""

    stamp = ""

    def __init__(self, packed: Content, stream: Stream, budget: Optional[Budget] = None) -> None:
        self.identity = (*packed.identity, _UNPACKED) if packed.identity else None
        self._packed = packed
        self._stream = stream
        self._budget = budget

    @property
    def size(self) -> int:
        """The number of bytes, very large while it is not known."""
        return self._stream.size

    @property
    def held_bytes(self) -> int:
        """The memory of the packed bytes and of the window."""
        return self._packed.held_bytes + self._stream.held_bytes

    def at(self, offset: int, count: int) -> bytes:
        """Return the ``count`` bytes from ``offset``, fewer where the content ends; raises OSError."""
        return self._stream.at(self._packed, offset, count, self._budget)

    def part(self, offset: int, count: int) -> HeldContent:
        """Return a copy of the ``count`` bytes from ``offset`` in memory."""
        return HeldContent(self.at(offset, count), count)

    def is_changed(self) -> bool:
        """Whether the packed file has changed since it was opened."""
        return self._packed.is_changed()

    def close(self) -> None:
        """Close the packed content."""
        self._packed.close()
