"""JSON objects written and read one entry at a time, so that their size does not matter.

What is written here has one entry a line; what is read may be laid out in any way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Optional

import orjson

from ..files import write_aside
from .metadata_errors import FileErrors

# All that decides where a value ends: whole texts, brackets, and a quote whose text goes on beyond what was read. A
# list of plain numbers is taken in one step, which is most of what a record holds.
_MARKS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|\[[^"{}\[\]]*\]|[{}\[\]]|"', re.DOTALL)
_DEEPER = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}

#: Bytes read at a time: some ten records. What is left of them is copied after every record, so not many more.
_CHUNK = 1 << 16

#: An entry longer than this is no record (which takes some ten bytes a number), and not held to find out.
_LONGEST_ENTRY = 64 << 20

#: Brackets within brackets: a record has two, and orjson stops soon after this.
_DEEPEST = 1000

_BOM = b"\xef\xbb\xbf"

#: How files begin that get taken for JSON, what they are, and what would make JSON of them.
_OTHERS = {
    b"\xff\xfe": "is UTF-16 text: save it as UTF-8",
    b"\xfe\xff": "is UTF-16 text: save it as UTF-8",
    b"\x1f\x8b": "is compressed by gzip: unpack it first",
    b"PK": "is a zip: unpack it first",
    b"PAR1": "is a Parquet table: call it .parquet",
    b"SQLite": "is an SQLite database, not JSON",
}


class JsonObjectWriter:
    """Writes a JSON object one entry at a time, so that its size does not matter."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._entries = 0
        file.write(b"{")

    def add(self, key: str, value: Any) -> None:
        """Append an entry, on a separate line; NumPy arrays of numbers become lists."""
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


def json_entries(
    path: str, *, longest: int = _LONGEST_ENTRY, errors: Optional[FileErrors] = None
) -> Iterator[tuple[str, Any]]:
    """Yield key and value of each entry of a JSON object, read as a stream: memory holds a few entries at a time.

    An entry of more than ``longest`` bytes is refused. A key that stands twice comes twice. ``errors`` are those of
    another file than metadata.

    Raises
    ------
    MetadataError
        The file cannot be read, or is no JSON object; for what follows an entry, after that entry.
    """
    errors = errors or FileErrors(path)
    try:
        with open(path, "rb") as file:
            line = 1
            for number, piece in enumerate(_pieces(errors, file, longest)):
                yield from _parsed(errors, piece, number, line).items()
                line += piece.count(b"\n")
    except OSError as error:
        raise errors.unreadable(error) from error


def _pieces(errors: FileErrors, file: IO[bytes], longest: int) -> Iterator[bytes]:
    """Yield the text between the braces of an object, cut after every value that is itself an object or a list.

    A piece is one entry, with plain values before it if there are any (``"a": 1, "b": {}``) and with the comma that
    separates it from the piece before. The last piece is what precedes the closing brace, mostly white space.
    """
    text, start, at, depth = _opened(errors, file), 1, 1, 1
    while depth:
        mark = _MARKS.search(text, at)
        if mark is None or mark[0] == b'"':
            at = (mark.start() if mark else len(text)) - start
            text, start = text[start:], 0
            text += _more(errors, file, len(text), longest)
            continue
        at = mark.end()
        depth += _DEEPER.get(mark[0], 0)
        if depth > _DEEPEST:
            raise errors.foreign(f"its brackets lie more than {_DEEPEST:,} deep in each other")
        if depth <= 1 and mark[0].endswith((b"}", b"]")):
            if not depth and mark[0] != b"}":
                raise errors.malformed("is not valid JSON: its last bracket does not match the first")
            yield text[start:at] if depth else text[start : at - 1]
            start = at
    text = text[start:]
    while not text.strip():
        text = file.read(_CHUNK)
        if not text:
            return
    raise errors.malformed("goes on after the end of its JSON object")


def _opened(errors: FileErrors, file: IO[bytes]) -> bytes:
    """Return the first text of a file, from the brace that opens its object."""
    text = file.read(max(_CHUNK, len(_BOM)))
    for start, what in _OTHERS.items():
        if text.startswith(start):
            raise errors.malformed(what)
    text = text[len(_BOM) :] if text.startswith(_BOM) else text  # some editors put one before UTF-8
    while not text.lstrip() and (text := file.read(_CHUNK)):
        pass
    text = text.lstrip()
    if not text.startswith(b"{"):
        raise errors.foreign("it holds no JSON object" if text else "it is empty")
    return text


def _more(errors: FileErrors, file: IO[bytes], held: int, longest: int) -> bytes:
    """Return as much again as is held, so that looking through it again stays cheap; at least a chunk."""
    if held > longest:
        raise errors.foreign(f"an entry is longer than {longest >> 20} MiB")
    if more := file.read(max(_CHUNK, held)):
        return more
    raise errors.malformed("is not valid JSON: it is cut short")


def _parsed(errors: FileErrors, piece: bytes, number: int, line: int) -> dict[str, Any]:
    """Return the entries of one piece, the ``number``-th (from 0), which begins on ``line`` of the file."""
    if not piece.strip():
        return {}
    before, comma, text = piece.partition(b",") if number else (b"", b"", piece)
    if before.strip() or (comma and not text.strip()):
        raise errors.malformed(f"is not valid JSON at line {line} (a comma is missing, or one too many)")
    line += before.count(b"\n")
    try:
        entries: dict[str, Any] = orjson.loads(b"{" + text + b"}")
    except orjson.JSONDecodeError as error:
        raise errors.malformed(f"is not valid JSON at line {line + error.lineno - 1} ({error.msg})") from error
    return entries
