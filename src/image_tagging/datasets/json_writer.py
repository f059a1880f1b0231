"""Write a JSON object one entry at a time, an entry a line, so that memory does not limit its size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import orjson

from ..writing import new_file


class JsonObjectWriter:
    """Writes a JSON object one entry at a time, so that memory does not limit its size."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._entries = 0
        file.write(b"{")

    def add(self, key: str, value: Any) -> None:
        """Append an entry on a separate line; NumPy arrays of numbers become lists."""
        self._file.write((b",\n" if self._entries else b"\n") + orjson.dumps(key) + b": ")
        self._file.write(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY))
        self._entries += 1

    def finish(self) -> None:
        """Close the object."""
        self._file.write(b"\n}\n")


@contextmanager
def json_object(path: str, mark: re.Pattern[bytes]) -> Iterator[JsonObjectWriter]:
    """Write a JSON object to ``path``, which appears only when it is complete.

    ``mark`` is what every file of this sort holds.

    Raises
    ------
    OutputError
        The file cannot be written, or another one is there.
    """
    with new_file(path, mark) as file:
        writer = JsonObjectWriter(file)
        yield writer
        writer.finish()
