"""What reading a Parquet file would take, found out before a library reads it.

A few hundred bytes of Parquet can stand for any amount of data: a long text of a dictionary repeated by one number, a
page of zeros packed a thousandfold, a list of millions of numbers in one row, a footer of empty structs. So the footer
(:mod:`.footer`) and the headers of all pages of the needed columns are read here, which takes milliseconds, and what
they unpack to is limited by the size of the file. Ordinary files stay far below: embeddings hardly shrink when they are
packed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Optional

from .compact_thrift import CompactReader, CutShortError, NotThriftError
from .footer import RATIO, SMALL, Chunk, TableErrors, TableFile

#: Bytes that a row costs in addition to its values, and a page in addition to its content.
_PER_ROW = 200
_PER_PAGE = 1000

#: Bytes of the lists in the header of a page, which has none.
_LISTS_OF_HEADER = 1 << 20

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


class Costs:
    """Adds up what a file unpacks to, and raises the error where that is too much.

    ``limit`` is in bytes; without one it follows from the size of the file.
    """

    def __init__(self, errors: TableErrors, file: TableFile, limit: Optional[int] = None) -> None:
        self.errors = errors
        self.file = file
        self._limit = max(SMALL, RATIO * file.seek(0, os.SEEK_END)) if limit is None else limit
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
