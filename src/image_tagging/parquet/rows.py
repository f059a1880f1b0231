"""The rows of a Parquet file as a stream of batches, in bounded memory, even where the file claims more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from itertools import accumulate
from typing import Any, Optional

from .costs import DELTA, DICTIONARY, Costs, Page
from .footer import Footer, Leaf, TableErrors, TableFile, read_footer

#: Bytes of a batch, about; and of a page of texts.
_BATCH_BYTES = 16 << 20
_PAGE_BYTES = 64 << 20

#: Rows of a batch, at most.
_BATCH = 8192

#: Bytes read ahead of a column. Without this a whole row group is read, which other writers make of any size.
_READ_AHEAD = 1 << 20

_UNLIMITED = 1 << 62

#: What pyarrow raises of damaged files in addition to its own errors; all but the first are exceptions of C++.
_BROKEN = (OSError, ValueError, ArithmeticError, IndexError, MemoryError, RuntimeError)


def has_pyarrow() -> bool:
    """Return whether pyarrow, which reads the values of Parquet files, is installed; it is not imported."""
    return find_spec("pyarrow") is not None


class Table:
    """An open Parquet file. ``file`` stays the caller's; it is read from one thread at a time.

    The footer is read at once, without a library. ``errors`` gives the errors that are raised of a file that is
    damaged, or whose values would take far more memory than they should.
    """

    def __init__(self, file: TableFile, errors: TableErrors) -> None:
        self._file = file
        self._errors = errors
        self.footer: Footer = read_footer(errors, file)
        self.starts = [0, *accumulate(group.rows for group in self.footer.groups)]

    @property
    def rows(self) -> int:
        """The number of rows, as stated."""
        return self.starts[-1]

    def leaf(self, kind: str, *paths: Sequence[str]) -> Optional[Leaf]:
        """Return the first column of these that is there, of this kind, once, with one value a row; else ``None``."""
        leaves = self.footer.leaves
        for path in paths:
            found = [leaf for leaf in leaves if leaf.path == tuple(path)]
            if len(found) == 1 and found[0].kind == kind and found[0].is_single:
                return found[0]
        return None

    def batches(
        self, names: Sequence[str], *, group: Optional[int] = None, page_bytes: int = _PAGE_BYTES
    ) -> Iterator[Mapping[str, Any]]:
        """Yield the columns of these names, as arrays of pyarrow, of some rows after the others; or of one row group.

        A page of more than ``page_bytes`` is refused as foreign before it is unpacked.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        groups = range(len(self.footer.groups)) if group is None else [group]
        try:
            source = pa.PythonFile(_Borrowed(self._file), mode="r")
            file = pq.ParquetFile(source, buffer_size=_READ_AHEAD, pre_buffer=False)
            for number in groups:
                rows = self._rows_at_a_time(number, names, page_bytes)
                for batch in file.iter_batches(rows, row_groups=[number], columns=list(names), use_threads=False):
                    yield {name: _column(batch, name) for name in names}
        except (pa.ArrowException, *_BROKEN) as error:
            why = str(error)[:120]
            raise self._errors.malformed(f"is no Parquet file that can be read ({why})") from error

    def texts(self, name: str, *, group: Optional[int] = None) -> Iterator[list[Optional[str]]]:
        """Yield the texts of a column, some rows after the others; bytes that are no text come as lone surrogates."""
        import pyarrow as pa

        for batch in self.batches([name], group=group):
            column = batch[name]
            try:
                yield column.to_pylist()
            except UnicodeDecodeError:
                raw = column.cast(pa.large_binary()).to_pylist()
                yield [None if text is None else text.decode("utf-8", "surrogateescape") for text in raw]

    def _rows_at_a_time(self, group: int, names: Sequence[str], page_bytes: int) -> int:
        """Return how many rows of a group take about a batch; raise where a page would take too much."""
        rows = _BATCH
        costs = Costs(self._errors, self._file, _UNLIMITED)
        by_name = {leaf.name: number for number, leaf in enumerate(self.footer.leaves)}
        for name in names:
            pages = list(costs.pages(self.footer.groups[group].chunks[by_name[name]]))
            if any(page.size > page_bytes for page in pages):
                raise self._errors.foreign(f"it unpacks to more than {page_bytes >> 20:,} MiB at a time")
            longest = max((_longest(page, pages) for page in pages), default=0)
            rows = min(rows, _BATCH_BYTES // max(1, longest))
        return max(1, rows)


class _Borrowed:
    """A file that stays open where a library closes what it was given."""

    closed = False

    def __init__(self, file: TableFile) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell

    def close(self) -> None:
        """Leave the file as it is."""


def _longest(page: Page, pages: Sequence[Page]) -> int:
    """Return about how many bytes a value of a page takes: at most, where the page repeats values."""
    if page.is_dictionary:
        return 0
    if page.encoding in DICTIONARY:
        return max((each.size for each in pages if each.is_dictionary), default=0)
    return page.size if page.encoding in DELTA else page.size // max(1, page.values)


def _column(batch: Any, name: str) -> Any:
    """Return a column of a batch, or a field of structs, with nulls where a struct is null."""
    first, *fields = name.split(".")
    column = batch.column(first)
    for _ in fields:  # it is the only field that was read
        column = column.flatten()[0]
    return column.dictionary_decode() if hasattr(column, "dictionary_decode") else column
