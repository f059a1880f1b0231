"""The footer of a Parquet file, read before a library reads it: its columns, its row groups, its notes.

A library makes an object of a kilobyte of three bytes of a footer, and, asked for a damaged one, ends the process. Here
what it would make is counted, and limited by the size of the file. No library is needed.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple, Protocol

from .compact_thrift import I64, LIST, STRUCT, CompactReader, NotThriftError

#: The lists of a footer may become this many bytes, or as many times the size of the file, the larger.
SMALL = 128 << 20
RATIO = 10

#: Columns of a table, and in how many structs they may lie.
_MOST_COLUMNS = 10_000
_DEEPEST_COLUMN = 32

#: Bytes of the schema that pyarrow adds to a footer: at least this many. It can stand for eight times as many columns.
_ARROW_SCHEMA = b"ARROW:schema"
_LONGEST_SCHEMA = 1 << 17

#: What a column holds, and what it is repeated by: the numbers of the format.
_BYTE_ARRAY, _REPEATED, _UTF8, _STRING = 6, 2, 0, 1


class TableErrors(Protocol):
    """The errors of a file that cannot be used, in the words of its reader."""

    def malformed(self, why: str) -> Exception:
        """Return the error for a file that is damaged, or no Parquet."""

    def foreign(self, why: str) -> Exception:
        """Return the error for a file that is well formed and holds something else."""


class TableFile(Protocol):
    """What a table is read from: an open file of bytes, or anything like one."""

    def read(self, size: int, /) -> bytes:
        """Return so many bytes, fewer where the file ends; raises OSError."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place; return it."""

    def tell(self) -> int:
        """Return the place."""


class Leaf(NamedTuple):
    """A column that holds values: the names on the way to it, whether each row has one of them, and of which kind.

    ``kind`` is ``text``, ``bytes`` or empty for any other.
    """

    path: tuple[str, ...]
    is_single: bool
    kind: str

    @property
    def name(self) -> str:
        """The names as libraries write them: ``image.bytes``."""
        return ".".join(self.path)


class Chunk(NamedTuple):
    """Where the pages of a column of a row group lie: the bytes of all, the first of data, and of the dictionary.

    ``unpacked`` is how many bytes all are when they are unpacked, as stated.
    """

    values: int
    size: int
    data: int
    dictionary: int
    unpacked: int


class RowGroup(NamedTuple):
    """The number of rows of a row group, and its columns in the order of the schema."""

    rows: int
    chunks: list[Chunk]


class Footer(NamedTuple):
    """What a footer says: the columns that hold values, the row groups, and the notes of the writer by their keys."""

    leaves: list[Leaf]
    groups: list[RowGroup]
    notes: dict[bytes, bytes]


def read_footer(errors: TableErrors, file: TableFile) -> Footer:
    """Return the footer of a file that is open; raises the errors that it is given, and OSError.

    The footer is malformed where it is damaged, or would become far more objects than the file has bytes.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 8))
    end = file.read(8)
    length = int.from_bytes(end[:4], "little")
    if len(end) < 8 or end[4:] != b"PAR1" or length > size - 12:
        raise errors.malformed("is no Parquet file that can be read (its end is missing)")
    file.seek(size - 8 - length)
    reader = CompactReader(file.read(length), max(SMALL, RATIO * size))
    leaves: list[Leaf] = []
    groups: list[RowGroup] = []
    notes: dict[bytes, bytes] = {}
    try:
        for number, kind in reader.each_field():
            if (number, kind) == (2, LIST):
                leaves = _leaves(reader)
            elif (number, kind) == (4, LIST):
                groups = [_row_group(reader) for _ in range(_structs(reader))]
            elif (number, kind) == (5, LIST):
                notes = _notes(reader, max(_LONGEST_SCHEMA, size // 200))
            else:
                reader.value(kind)
    except NotThriftError as error:
        raise errors.malformed(f"is no Parquet file that can be read (its footer: {error})") from error
    if any(group.rows < 0 for group in groups):
        raise errors.malformed("is no Parquet file that can be read (a negative number of rows)")
    if any(len(group.chunks) != len(leaves) for group in groups):
        raise errors.malformed("is no Parquet file that can be read (a row group without a column)")
    return Footer(leaves, groups, notes)


def _structs(reader: CompactReader) -> int:
    """Return the number of structs in the list that comes next, for the caller to read."""
    count, kind = reader.list_start()
    if kind != STRUCT:
        raise NotThriftError("a list of something else than structs")
    return count


def _row_group(reader: CompactReader) -> RowGroup:
    rows, chunks = 0, []
    for number, kind in reader.each_field():
        if (number, kind) == (1, LIST):
            chunks = [_chunk(reader.fields(2).get(3)) for _ in range(_structs(reader))]
        elif (number, kind) == (3, I64):
            rows = reader.value(kind)
        else:
            reader.value(kind, 2)
    return RowGroup(rows, chunks)


def _chunk(metadata: Any) -> Chunk:
    fields = metadata if isinstance(metadata, dict) else {}
    chunk = Chunk(*(fields.get(number, 0) for number in (5, 7, 9, 11, 6)))
    if not all(type(number) is int for number in chunk):
        raise NotThriftError("a column that is none")
    return chunk


def _leaves(reader: CompactReader) -> list[Leaf]:
    """Read the list of columns: groups come before what is in them, and say how many those are."""
    count = _structs(reader)
    if count > _MOST_COLUMNS:
        raise NotThriftError(f"more than {_MOST_COLUMNS:,} columns")
    leaves: list[Leaf] = []
    open_groups: list[_Group] = []
    for _ in range(count):
        fields = reader.fields()
        children, name = fields.get(5, 0), fields.get(4, b"")
        while open_groups and not open_groups[-1].left:
            open_groups.pop()
        above = open_groups[-1] if open_groups else None
        text = name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else ""
        path = (*above.path, text) if above else ()  # the first is the table itself
        is_single = (above is None or above.is_single) and fields.get(3) != _REPEATED
        if above:
            above.left -= 1
        if isinstance(children, int) and children > 0:
            open_groups.append(_Group(path, is_single, children))
        elif above:
            leaves.append(Leaf(path, is_single, _kind(fields)))
        if len(open_groups) > _DEEPEST_COLUMN:
            raise NotThriftError(f"columns more than {_DEEPEST_COLUMN} deep in each other")
    return leaves


class _Group:
    """A group of columns whose columns are being read: how many of them are left."""

    def __init__(self, path: tuple[str, ...], is_single: bool, left: int) -> None:
        self.path, self.is_single, self.left = path, is_single, left


def _kind(fields: dict[int, Any]) -> str:
    if fields.get(1) != _BYTE_ARRAY:
        return ""
    logical = fields.get(10)
    if fields.get(6) == _UTF8 or (isinstance(logical, dict) and _STRING in logical):
        return "text"
    return "" if fields.get(6) is not None or logical else "bytes"


def _notes(reader: CompactReader, longest: int) -> dict[bytes, bytes]:
    """Read the list of keys and values."""
    notes: dict[bytes, bytes] = {}
    for _ in range(_structs(reader)):
        pair = reader.fields()
        key, value = pair.get(1), pair.get(2, b"")
        if key == _ARROW_SCHEMA and len(value) > longest:
            raise NotThriftError(f"{_ARROW_SCHEMA.decode()} longer than {longest:,} bytes")
        if isinstance(key, bytes) and isinstance(value, bytes):
            notes[key] = value
    return notes
