"""What reading a Parquet file would take, found out before a library reads it.

A few hundred bytes of Parquet can stand for any amount of data: a long text of a dictionary repeated by one number, a
page of zeros packed a thousandfold, a list of millions of numbers in one row, a footer of empty structs. So the footer
and the headers of all pages of the needed columns are read here, which takes milliseconds, and what they unpack to is
limited by the size of the file. Ordinary files stay far below: embeddings hardly shrink when they are packed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import IO, Any, NamedTuple

from .compact_thrift import I64, LIST, STRUCT, CompactReader, CutShortError, NotThriftError
from .metadata_errors import FileErrors

#: What is unpacked may take this many bytes, or as many times the size of the file, the larger.
_SMALL = 128 << 20
_RATIO = 10

#: Bytes that a row costs in addition to its values, and a page in addition to its content.
_PER_ROW = 200
_PER_PAGE = 1000

#: Columns of a table, and in how many structs they may lie.
_MOST_COLUMNS = 10_000
_DEEPEST_COLUMN = 32

#: Bytes of the lists in the header of a page, which has none.
_LISTS_OF_HEADER = 1 << 20

#: Bytes of the schema that pyarrow adds to a footer: at least this many. It can stand for eight times as many columns.
_ARROW_SCHEMA = b"ARROW:schema"
_LONGEST_SCHEMA = 1 << 17

#: Bytes of the header of a page; the first is enough for almost all.
_HEADER_BYTES = (256, 1 << 14, 1 << 18, 1 << 24)

#: How a page repeats texts: numbers of a dictionary, of either version, or the beginning of the text before.
DICTIONARY = (2, 8)
DELTA = (7,)

_DICTIONARY_PAGE = 2
_DATA_PAGES = {0: 5, 3: 8}  # the type of a page -> the field of its header


class Page(NamedTuple):
    """A page of a column: how many values it has, in which encoding, and the bytes that it unpacks to."""

    values: int
    encoding: int
    size: int
    is_dictionary: bool


class Chunk(NamedTuple):
    """Where the pages of a column of a row group lie: the bytes of all, the first of data, and of the dictionary."""

    values: int
    size: int
    data: int
    dictionary: int


class RowGroup(NamedTuple):
    """The number of rows of a row group, and its columns in the order of the schema."""

    rows: int
    chunks: list[Chunk]


def read_footer(errors: FileErrors, file: IO[bytes]) -> list[RowGroup]:
    """Return the row groups of a file; pyarrow, asked for a damaged one, ends the process.

    Raises
    ------
    MetadataError
        The footer is damaged, or would become far more objects than the file has bytes.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 8))
    end = file.read(8)
    length = int.from_bytes(end[:4], "little")
    if len(end) < 8 or end[4:] != b"PAR1" or length > size - 12:
        raise errors.malformed("is no Parquet file that can be read (its end is missing)")
    file.seek(size - 8 - length)
    reader = CompactReader(file.read(length), max(_SMALL, _RATIO * size))
    groups: list[RowGroup] = []
    try:
        for number, kind in reader.each_field():
            if (number, kind) == (2, LIST):
                _check_schema(reader)
            elif (number, kind) == (4, LIST):
                groups = [_row_group(reader) for _ in range(_structs(reader))]
            elif (number, kind) == (5, LIST):
                _check_metadata(reader, max(_LONGEST_SCHEMA, size // 200))
            else:
                reader.value(kind)
    except NotThriftError as error:
        raise errors.malformed(f"is no Parquet file that can be read (its footer: {error})") from error
    return groups


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
    chunk = Chunk(*(fields.get(number, 0) for number in (5, 7, 9, 11)))
    if not all(type(number) is int for number in chunk):
        raise NotThriftError("a column that is none")
    return chunk


def _check_schema(reader: CompactReader) -> None:
    """Read the list of columns: groups come before what is in them, and say how many those are."""
    count = _structs(reader)
    if count > _MOST_COLUMNS:
        raise NotThriftError(f"more than {_MOST_COLUMNS:,} columns")
    open_groups: list[int] = []
    for _ in range(count):
        children = reader.fields().get(5, 0)
        while open_groups and not open_groups[-1]:
            open_groups.pop()
        if open_groups:
            open_groups[-1] -= 1
        if isinstance(children, int) and children > 0:
            open_groups.append(children)
        if len(open_groups) > _DEEPEST_COLUMN:
            raise NotThriftError(f"columns more than {_DEEPEST_COLUMN} deep in each other")


def _check_metadata(reader: CompactReader, longest: int) -> None:
    """Read the list of keys and values."""
    for _ in range(_structs(reader)):
        pair = reader.fields()
        if pair.get(1) == _ARROW_SCHEMA and len(pair.get(2, b"")) > longest:
            raise NotThriftError(f"{_ARROW_SCHEMA.decode()} longer than {longest:,} bytes")


class Costs:
    """Adds up what a file unpacks to, and raises the error where that is too much."""

    def __init__(self, errors: FileErrors, file: IO[bytes]) -> None:
        self.errors = errors
        self.file = file
        self._limit = max(_SMALL, _RATIO * file.seek(0, os.SEEK_END))
        self._total = 0

    def add(self, size: int) -> None:
        """Count bytes."""
        self._total += size
        if self._total > self._limit:
            raise self.errors.foreign(
                f"it unpacks to more than {self._limit >> 20:,} MiB, which is far more than its size"
            )

    def add_rows(self, count: int) -> None:
        """Count rows."""
        if count < 0:
            raise self.errors.malformed("is no Parquet file that can be read (a negative number of rows)")
        self.add(count * _PER_ROW)

    def pages(self, chunk: Chunk) -> Iterator[Page]:
        """Yield the pages of a column of a row group, and count what each unpacks to."""
        at, left = chunk.data, chunk.values
        if 0 < chunk.dictionary < at:
            at = chunk.dictionary
        end = at + chunk.size + 100  # old writers left out the header of the dictionary
        while left > 0 and at < end:
            fields, length = self._header(at)
            packed, size = fields.get(3), fields.get(2)
            if not isinstance(packed, int) or not isinstance(size, int) or packed < 0 or size < 0:
                raise self._odd_page()
            page = self._page(fields, size)
            self.add(_PER_PAGE + size * (2 if page.is_dictionary else 1))
            left -= 0 if page.is_dictionary else page.values
            at += length + packed
            yield page

    def _page(self, fields: dict[int, Any], size: int) -> Page:
        is_dictionary = fields.get(1) == _DICTIONARY_PAGE
        header = fields.get(7 if is_dictionary else _DATA_PAGES.get(fields.get(1, -1), -1), {})
        if not isinstance(header, dict):
            raise self._odd_page()
        values = header.get(1, 0)
        encoding = header.get(4 if fields.get(1) == 3 else 2, 0)
        if not isinstance(values, int) or not isinstance(encoding, int) or values < 0:
            raise self._odd_page()
        return Page(values, encoding, size, is_dictionary)

    def _header(self, at: int) -> tuple[dict[int, Any], int]:
        """Return the fields of the header of the page at a place, and its length."""
        for length in _HEADER_BYTES:
            self.file.seek(at)
            reader = CompactReader(self.file.read(length), _LISTS_OF_HEADER)
            try:
                return reader.fields(), reader.at
            except CutShortError:
                continue
            except NotThriftError:
                break
        raise self._odd_page()

    def _odd_page(self) -> Exception:
        return self.errors.malformed("is no Parquet file that can be read (the header of a page)")


def repeating(pages: Sequence[Page], encodings: Sequence[int]) -> list[Page]:
    """Return the pages of values in one of the encodings."""
    return [page for page in pages if page.encoding in encodings and not page.is_dictionary]
