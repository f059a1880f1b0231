"""JSON objects written and read one entry at a time, so that their size does not matter.

What is written here has one entry a line; what is read may be laid out in any way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Optional

import orjson

from .files import write_aside
from .metadata_errors import foreign, malformed, unreadable

# All that decides where a value ends: whole texts, brackets, and a quote whose text goes on beyond what was read.
_MARKS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]|"', re.DOTALL)

#: Bytes read at a time: some hundred records.
_CHUNK = 1 << 20

#: An entry longer than this is no record (which takes some ten bytes a number), and not held to find out.
_LONGEST_ENTRY = 64 << 20


class JsonObjectWriter:
    """Writes a JSON object one entry at a time, so that its size does not matter."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._entries = 0
        file.write(b"{")

    def add(self, key: str, value: Any) -> None:
        """Append an entry, on a line of its own; NumPy arrays of numbers become lists."""
        self._file.write(b",\n" if self._entries else b"\n")
        self._file.write(orjson.dumps(key) + b": " + orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY))
        self._entries += 1

    def finish(self) -> None:
        """Close the object."""
        self._file.write(b"\n}\n")


@contextmanager
def json_object(path: str) -> Iterator[JsonObjectWriter]:
    """Write a JSON object to ``path``, which appears only when it is complete.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    with write_aside(path) as aside, open(aside, "wb") as file:
        writer = JsonObjectWriter(file)
        yield writer
        writer.finish()


def json_entries(path: str) -> Iterator[tuple[str, Any]]:
    """Key and value of each entry of a JSON object, read as a stream: memory holds a few entries at a time.

    Raises
    ------
    MetadataError
        The file cannot be read, or is no JSON object; for what follows an entry, after that entry.
    """
    try:
        with open(path, "rb") as file:
            line = 1
            for number, piece in enumerate(_Pieces(path, file)):
                yield from _parsed(path, piece, number, line).items()
                line += piece.count(b"\n")
    except OSError as error:
        raise unreadable(path, error) from error


def whole_json(path: str) -> Any:
    """The value of a JSON file that fits into memory.

    Raises
    ------
    MetadataError
        The file cannot be read, or is no JSON.
    """
    try:
        with open(path, "rb") as file:
            return orjson.loads(file.read())
    except OSError as error:
        raise unreadable(path, error) from error
    except orjson.JSONDecodeError as error:
        raise malformed(path, f"is not valid JSON ({error})") from error


class _Pieces:
    """Cuts the text between the braces of an object after every value that is itself an object or a list.

    A piece is such an entry, after the plain values before it (``"a": 1, "b": {}``) and with the comma that
    separates it from the piece before. The last is what precedes the closing brace: white space, or plain values.
    """

    def __init__(self, path: str, file: IO[bytes]) -> None:
        self._path = path
        self._file = file
        self._text = b""

    def __iter__(self) -> Iterator[bytes]:
        start = self._open()  # of the piece
        at, depth = start, 1
        while depth:
            for mark in _MARKS.finditer(self._text, at):
                at = mark.end()
                if mark[0] in b"{[":
                    depth += 1
                elif mark[0] in b"}]":
                    depth -= 1
                    if depth <= 1:
                        yield self._text[start : at - (depth == 0)]
                        start = at
                    if not depth:
                        break
                elif mark[0] == b'"':
                    at = mark.start()
                    break
            if depth:
                self._text = self._text[start:] + self._more(len(self._text) - start)
                at, start = at - start, 0
        self._require_end(self._text[at:])
