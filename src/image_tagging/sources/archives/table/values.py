"""The images of a table for all threads that read it: each page is unpacked once, and little is held.

Rows are read from the front of their row group, a batch at a time. The last batches are held, since threads ask for
rows that lie next to each other; a row before them has its group read again.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Optional

from ....errors import ReadError
from ....parquet import Table
from ..content import Content
from .files import ContentFile, TableReadErrors

#: Bytes of the batches that are held, but for the last two.
_HELD_BYTES = 48 << 20


class SharedValues:
    """The values of one column, for as long as any reader uses it (:meth:`acquire` … :meth:`release`)."""

    def __init__(self, name: str, starts: Sequence[int], page_bytes: int) -> None:
        self._name = name
        self._starts = starts
        self._page_bytes = page_bytes
        self._lock = threading.Lock()
        self._readers = 0
        self._content: Optional[Content] = None
        self._broken: dict[int, tuple[int, ReadError]] = {}  # by group: the first row that cannot be read, and why
        self._restart()

    @property
    def held_bytes(self) -> int:
        """The memory that the held batches take."""
        return sum(int(values.nbytes) for _, values in self._held)

    def acquire(self, content: Content) -> None:
        """Use the values; the first user's content is read, by a part of it that outlives that."""
        with self._lock:
            if not self._readers:
                self._content = content.part(0, content.size)
            self._readers += 1

    def release(self) -> None:
        """Use the values no more; the last one closes the content."""
        with self._lock:
            self._readers -= 1
            if not self._readers and self._content:
                self._restart()
                self._content.close()
                self._content = None

    def rest(self) -> None:
        """Release the held batches."""
        with self._lock:
            self._restart()

    def get(self, row: int, limit: int) -> bytes:
        """Return the value of a row, of at most ``limit`` bytes; raises ReadError."""
        with self._lock:
            value = self._value(row)
            if not value.is_valid:
                raise ReadError("missing", "its row of the table holds no image")
            data = value.as_buffer()
            if data.size > limit:
                raise ReadError("too-large", f"it holds more than {limit:,} bytes")
            return bytes(data.to_pybytes())

    def _restart(self) -> None:
        self._held: deque[tuple[int, Any]] = deque()
        self._batches: Optional[Iterator[Mapping[str, Any]]] = None
        self._group = -1
        self._next = 0

    def _value(self, row: int) -> Any:
        for start, values in self._held:
            if start <= row < start + len(values):
                return values[row - start]
        group = bisect_right(self._starts, row) - 1
        first_broken, error = self._broken.get(group, (row + 1, None))
        if error and row >= first_broken:
            raise ReadError(error.code, str(error))
        if self._batches is None or group != self._group or row < self._next:
            self._open(group)
        while True:
            start, values = self._take_batch()
            if row < start + len(values):
                return values[row - start]

    def _open(self, group: int) -> None:
        self._restart()
        if self._content is None:
            raise ReadError("unreadable", "the table of images was closed")
        table = Table(ContentFile(self._content), TableReadErrors())
        self._group, self._next = group, self._starts[group]
        self._batches = table.batches([self._name], group=group, page_bytes=self._page_bytes)

    def _take_batch(self) -> tuple[int, Any]:
        """Read the next batch of the group; a group that breaks off is remembered, and not read again for each row."""
        assert self._batches is not None
        try:
            batch = next(self._batches, None)
            if batch is None:
                raise TableReadErrors().malformed("has fewer rows than it states")
        except ReadError as error:
            self._broken[self._group] = (self._next, error)
            self._batches = None
            raise
        values = batch[self._name]
        start, self._next = self._next, self._next + len(values)
        self._held.append((start, values))
        while len(self._held) > 2 and self.held_bytes > _HELD_BYTES:
            self._held.popleft()
        return start, values
