"""Objects of a listing in the order of a folder that is walked: in memory, or where they are many in temporary files.

Buckets list by whole keys, in which ``cat (2)/`` comes before ``cat/``; a walk goes by the names in each folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from typing import IO

from ..storage import ObjectInfo
from ..writing import temporary_file

#: Objects that are held in memory, some 60 MB.
_HELD = 200_000


class SortedObjects:
    """Objects below one folder, by the names on their way; ``begin`` characters of their URLs are the folder's."""

    def __init__(self, begin: int) -> None:
        self._begin = begin
        self._rows: list[tuple[str, str, int, str]] = []
        self._files: list[IO[bytes]] = []

    def add(self, info: ObjectInfo) -> None:
        """Take an object."""
        path = info.url[self._begin :]
        self._rows.append((path.replace("/", "\0"), info.url, info.size, info.stamp))
        if len(self._rows) >= _HELD:
            self._spill()

    def __iter__(self) -> Iterator[tuple[str, ObjectInfo]]:
        """Yield the path below the folder, and the object, in order; as often as wanted."""
        self._rows.sort()
        for _, url, size, stamp in merge(*map(_read, self._files), self._rows):
            yield url[self._begin :], ObjectInfo(url, size, stamp)

    def close(self) -> None:
        """Close the temporary files."""
        for file in self._files:
            file.close()

    def _spill(self) -> None:
        import orjson  # here, and not for --help

        file = temporary_file()
        self._files.append(file)
        for row in sorted(self._rows):
            file.write(orjson.dumps(row) + b"\n")
        self._rows.clear()


def _read(file: IO[bytes]) -> Iterator[tuple[str, str, int, str]]:
    import orjson

    file.seek(0)
    for line in file:
        path, url, size, stamp = orjson.loads(line)
        yield path, url, size, stamp
