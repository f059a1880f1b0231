"""Read Thrift's compact protocol, in which the footer and the page headers of a Parquet file are written.

A library that reads it makes an object of a kilobyte of three bytes; here a value is a number or a place in the text.
The format: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Optional

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)

#: Structs in each other; those of Parquet lie six deep.
_DEEPEST = 32

#: Bytes that an element of a list takes in a library, and how deep the lists of row groups and of their columns lie.
_LARGE_STRUCT, _SMALL_STRUCT, _SCALAR = 1000, 100, 32
_OUTER = 2


class NotThriftError(ValueError):
    """The text is not in the compact protocol, or nests deeper than anything of Parquet."""


class CutShortError(NotThriftError):
    """The text ends within a value."""


class CompactReader:
    """Reads values one after the other, and counts the bytes that a library takes for all lists up to a limit."""

    def __init__(self, text: bytes, limit: int) -> None:
        self._text = text
        self.at = 0
        self._size = 0
        self._limit = limit

    def fields(self, depth: int = 0) -> dict[int, Any]:
        """Return the fields of a struct by their ids: numbers, texts as bytes, structs as dicts, lists as ``None``."""
        found: dict[int, Any] = {}
        for number, kind in self.each_field():
            found[number] = self.value(kind, depth)
        return found

    def next_field(self, last: int) -> Optional[tuple[int, int]]:
        """Return the id and the kind of the next field of a struct, ``None`` at its end; ``last`` is the id before."""
        byte = self._byte()
        if not byte:
            return None
        number = last + (byte >> 4) if byte >> 4 else self._number()
        if not last < number < 1 << 15:  # writers go by the numbers; of a field twice readers take the one or the other
            raise NotThriftError("its fields are out of order")
        return number, byte & 15

    def each_field(self) -> Iterator[tuple[int, int]]:
        """Yield the id and the kind of each field of a struct, for the caller to read its value."""
        number = 0
        while (field := self.next_field(number)) is not None:
            number = field[0]
            yield field

    def value(self, kind: int, depth: int = 0) -> Any:
        """Return a value of a kind as in :meth:`fields`."""
        if kind in (TRUE, FALSE):  # of a field; within a list they take a byte
            return kind == TRUE
        if kind in (I16, I32, I64):
            number = self._number()
            if kind != I64 and not -(1 << 31) <= number < 1 << 31:  # a reader in C++ takes the lower bits alone
                raise NotThriftError("it has a number of more than 32 bits")
            return number
        if kind in (BYTE, DOUBLE):
            return self._take(1 if kind == BYTE else 8)
        if kind == BINARY:
            return self._take(self._varint())
        if depth > _DEEPEST:
            raise NotThriftError("its structs lie too deep in each other")
        if kind == STRUCT:
            return self.fields(depth + 1)
        if kind in (LIST, SET):
            count, inner = self.list_start(depth)
            self._skip(count, (inner,), depth + 1)
        elif kind == MAP:
            self._skip_map(depth + 1)
        else:
            raise NotThriftError(f"it has a value of the unknown kind {kind}")
        return None

    def list_start(self, depth: int = 0) -> tuple[int, int]:
        """Return the number of elements of the list that comes next, and their kind."""
        byte = self._byte()
        count = byte >> 4
        if count == 15:
            count = self._varint()
        self._count(count, byte & 15, depth)
        return count, byte & 15

    def _skip_map(self, depth: int) -> None:
        if count := self._varint():
            self._count(count, MAP, depth)
            kinds = self._byte()
            self._skip(count, (kinds >> 4, kinds & 15), depth)

    def _skip(self, count: int, kinds: tuple[int, ...], depth: int) -> None:
        for _ in range(count):
            for kind in kinds:
                self.value(BYTE if kind in (TRUE, FALSE) else kind, depth)

    def _count(self, count: int, kind: int, depth: int) -> None:
        """Count the elements of a list: the structs of the outermost lists are those of row groups and columns."""
        each = (_LARGE_STRUCT if depth <= _OUTER else _SMALL_STRUCT) if kind >= LIST else _SCALAR
        self._size += count * each
        if self._size > self._limit:
            raise NotThriftError(f"its lists take more than {self._limit >> 20:,} MiB")

    def _byte(self) -> int:
        if self.at >= len(self._text):
            raise CutShortError("it is cut short")
        self.at += 1
        return self._text[self.at - 1]

    def _take(self, length: int) -> bytes:
        if length > len(self._text) - self.at:
            raise CutShortError("it is cut short")
        self.at += length
        return self._text[self.at - length : self.at]

    def _varint(self) -> int:
        number = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            number |= (byte & 127) << shift
            if byte < 128:
                return number
        raise NotThriftError("it has a number of more than ten bytes")

    def _number(self) -> int:
        number = self._varint()
        return (number >> 1) ^ -(number & 1)
