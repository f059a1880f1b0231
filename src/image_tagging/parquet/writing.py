"""Tables of plain columns, written row by row in groups of bounded size; they appear when they are complete."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, Callable

from ..writing import new_file

#: Rows of a group: the most that are held.
_GROUP = 1 << 16


@contextmanager
def table_writer(
    path: str, mark: re.Pattern[bytes], columns: Mapping[str, str], notes: Mapping[str, str], words: frozenset[str]
) -> Iterator[Callable[[tuple[Any, ...]], None]]:
    """Give a function that adds a row, a value for each column, to a new Parquet file at ``path``.

    ``columns`` are ``text`` or ``whole`` (a whole number) by their names, ``words`` are those of few different values,
    and ``notes`` are kept in the footer. The same rows give the same bytes, with one version of pyarrow, which must be
    installed.

    Raises
    ------
    OutputError
        The file cannot be written, or what is at ``path`` is not ours: it lacks the ``mark``.
    """
    with new_file(path, mark) as file, write_rows(file, columns, notes, words) as add:
        yield add


@contextmanager
def write_rows(
    file: BinaryIO, columns: Mapping[str, str], notes: Mapping[str, str], words: frozenset[str]
) -> Iterator[Callable[[tuple[Any, ...]], None]]:
    """Give a function that adds a row to a Parquet file that is open to write; otherwise as :func:`table_writer`.

    Columns may be a ``number`` (float64) or a ``truth``, too.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"text": pa.string(), "whole": pa.int64(), "number": pa.float64(), "truth": pa.bool_()}
    fields = [pa.field(name, kinds[kind]) for name, kind in columns.items()]
    schema = pa.schema(fields, metadata=dict(notes))
    rows: list[tuple[Any, ...]] = []
    with pq.ParquetWriter(file, schema, compression="zstd", use_dictionary=sorted(words)) as writer:

        def flush() -> None:
            arrays = [pa.array(values, field.type) for values, field in zip(zip(*rows), fields)]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            rows.clear()

        def add(row: tuple[Any, ...]) -> None:
            rows.append(row)
            if len(rows) == _GROUP:
                flush()

        yield add
        if rows:
            flush()
