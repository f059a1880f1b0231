"""Entries of a JSON object in an open file, looked up by their keys: memory holds 32 bytes of each."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import IO, Any, Optional

import numpy as np
import orjson
from numpy.typing import NDArray

from ..datasets import json_entry


class EntryFile:
    """The entries whose places in a file were noted, in order; each may be taken out."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hashes, self._starts, self._lengths = array("q"), array("q"), array("q")
        self._is_taken = bytearray()
        self._sorted: Optional[tuple[NDArray[np.int64], NDArray[np.int64]]] = None

    def __len__(self) -> int:
        return len(self._starts)

    def note(self, key: str, start: int, length: int) -> None:
        """Note where the next entry is in the file. All are noted before the first is taken."""
        self._hashes.append(hash(key))
        self._starts.append(start)
        self._lengths.append(length)
        self._is_taken.append(False)

    def append(self, key: str, value: Any) -> None:
        """Write an entry at the end of the file, and note its place."""
        text = orjson.dumps({key: value})[1:-1]
        start = self._starts[-1] + self._lengths[-1] if self._starts else 0
        self._file.write(text)
        self.note(key, start, len(text))

    def find(self, key: str) -> Optional[tuple[int, Any]]:
        """Return the ordinal (from 0) and the value of the entry with this key, ``None`` where there is none."""
        hashes, order = self._index()
        wanted = hash(key)
        for at in range(int(np.searchsorted(hashes, wanted)), len(hashes)):
            if hashes[at] != wanted:
                break
            ordinal = int(order[at])
            found, value = self._read(ordinal)
            if found == key:
                return ordinal, value
        return None

    def may_hold(self, key: str) -> bool:
        """Return whether an entry has the hash of this key, as that of no other key has: the file is not read."""
        hashes, _ = self._index()
        at = int(np.searchsorted(hashes, hash(key)))
        return at < len(hashes) and bool(hashes[at] == hash(key))

    def count(self, hashes: array[int]) -> int:
        """Return how many of the hashes of keys are those of entries."""
        return int(np.isin(np.asarray(hashes, dtype=np.int64), self._index()[0]).sum())

    def take(self, ordinal: int) -> None:
        """Take an entry out: :meth:`entries` gives it only where that is wanted."""
        self._is_taken[ordinal] = True

    def entries(self, *, taken: bool) -> Iterator[tuple[str, Any]]:
        """Yield key and value of the entries in order, of those that were taken out only if ``taken`` is true."""
        for ordinal, is_taken in enumerate(self._is_taken):
            if taken or not is_taken:
                yield self._read(ordinal)

    def repeated(self) -> Optional[str]:
        """Return a key that two entries have, ``None`` where there is none."""
        hashes, order = self._index()
        for at in np.flatnonzero(hashes[1:] == hashes[:-1]):
            key, other = (self._read(int(order[each]))[0] for each in (at, at + 1))
            if key == other:
                return key
        return None

    def _read(self, ordinal: int) -> tuple[str, Any]:
        self._file.seek(self._starts[ordinal])
        return json_entry(self._file.read(self._lengths[ordinal]))

    def _index(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        if self._sorted is None:
            hashes = np.asarray(self._hashes, dtype=np.int64)
            order = np.argsort(hashes, kind="stable")
            self._sorted = hashes[order], order
        return self._sorted
