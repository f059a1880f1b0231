"""Read the metadata of stage 1 from a Parquet table, also one of another program, in bounded memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import IO, Any

from ..errors import EncoderMismatchError, MetadataError
from ..parquet import DELTA, DICTIONARY, Costs, Page, RowGroup, read_footer, repeating
from ..records import EncoderSpec, ImportedEmbedding
from .metadata_errors import FileErrors, empty, foreign, mixed
from .metadata_limits import require_narrow
from .metadata_parquet import require_pyarrow
from .parquet_rows import ADDRESS, FILE_PATH, VECTOR, Batch, batches_of, require_types

_NEEDED = ("hash_id", "model", "pretrained", VECTOR)
_OPTIONAL = (FILE_PATH, ADDRESS)

#: Pictures read at a time, at most; and bytes of their embeddings, and of texts that a page repeats.
_BATCH = 1024
_BATCH_BYTES = 16 << 20
_REPEATED_BYTES = 64 << 20

#: So many bytes of repeated texts are no harm, also where each is as long as the whole dictionary.
_SURE_BYTES = 8 << 20

#: Bytes read ahead of a column. Without this a whole row group is read, which other writers make of any size.
_READ_AHEAD = 1 << 20


def read_parquet(path: str) -> tuple[EncoderSpec, Iterator[ImportedEmbedding]]:
    """Return the encoder of a metadata file in Parquet, and its pictures as a stream.

    A Parquet file of any program that has the columns is read: lists of fixed or variable size, of any kind
    of number. The encoder is that of the columns ``model`` and ``pretrained``, as in JSON.

    Raises
    ------
    MetadataError
        The file is missing, malformed, empty or foreign, unpacks to far more than its size, or pyarrow is not
        installed; for a batch of pictures, while the stream is read.
    EncoderMismatchError
        Its pictures come from different encoders; while the stream is read.
    """
    require_pyarrow()
    batches = _batches(path)
    first = next(batches, None)
    if first is None:
        raise empty(path)
    return first.encoder, _imported(path, first.encoder, chain([first], batches))


def _imported(path: str, encoder: EncoderSpec, batches: Iterable[Batch]) -> Iterator[ImportedEmbedding]:
    for batch in batches:
        if not batch.encoder.matches(encoder):
            raise mixed(path, encoder, batch.encoder)
        yield from map(ImportedEmbedding, batch.hash_ids, batch.file_paths, batch.vectors, batch.addresses)


def _batches(path: str) -> Iterator[Batch]:
    """Yield the rows; any damage that pyarrow meets, and it names it in many ways, is a malformed file."""
    import pyarrow as pa

    errors = FileErrors(path)
    try:
        opened = open(path, "rb")  # noqa: SIM115  what the system says against it, in the system's words
    except OSError as error:
        raise errors.unreadable(error) from error
    try:
        with opened:
            if opened.read(1) == b"{":
                raise errors.malformed("is JSON: call it .json")
            groups = read_footer(errors, opened).groups
            with _parquet_file(path) as file:
                names = _columns(path, file.schema_arrow)
                rows = _Plan(errors, opened, file).rows_at_a_time(names, groups)
        with _parquet_file(path) as file:
            for batch in file.iter_batches(rows, columns=names, use_threads=False):
                yield from batches_of(path, batch)
    except (MetadataError, EncoderMismatchError):
        raise
    except (pa.ArrowException, OSError, ValueError, ArithmeticError, IndexError, MemoryError, RuntimeError) as error:
        # All but the first two are what becomes of the exceptions of C++.
        raise errors.malformed(f"is no Parquet file that can be read ({str(error)[:120]})") from error


@contextmanager
def _parquet_file(path: str, **options: Any) -> Iterator[Any]:
    """Open a file with pyarrow, which takes a name that is no text as bytes alone."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pa.OSFile(os.fsencode(path)) as source:
        yield pq.ParquetFile(source, buffer_size=_READ_AHEAD, pre_buffer=False, **options)


def _columns(path: str, schema: Any) -> list[str]:
    """Return the names of the columns to read; MetadataError where one is missing or of another type."""
    missing = [name for name in _NEEDED if schema.get_field_index(name) < 0]
    if missing:
        raise foreign(path, f"it lacks the column {' and '.join(missing)}")
    names = [*_NEEDED, *(name for name in _OPTIONAL if schema.get_field_index(name) >= 0)]
    return require_types(path, {name: schema.field(name).type for name in names})


class _Plan:
    """Looks at all pages of the columns before one is unpacked, and decides how many rows are read at a time."""

    def __init__(self, errors: FileErrors, opened: IO[bytes], file: Any) -> None:
        self._errors = errors
        self._file = file
        self._costs = Costs(errors, opened)
        self._rows = _BATCH

    def rows_at_a_time(self, names: Sequence[str], groups: Sequence[RowGroup]) -> int:
        """Return how many rows may be read at a time; MetadataError where the file unpacks to too much."""
        leaves = self._leaves(names)
        numbers = self._file.schema_arrow.field(VECTOR).type.value_type
        for number, group in enumerate(groups):
            self._costs.add_rows(group.rows)
            if len(group.chunks) != len(self._file.metadata.schema):
                raise self._errors.malformed("is no Parquet file that can be read (a row group without a column)")
            for name, leaf in leaves.items():
                pages = list(self._costs.pages(group.chunks[leaf]))
                values = sum(page.values for page in pages if not page.is_dictionary)
                if name == VECTOR:
                    self._plan_vectors(values, group.rows, numbers.bit_width // 8)
                else:
                    self._plan_texts(number, name, leaf, pages)
        return self._rows

    def _leaves(self, names: Sequence[str]) -> dict[str, int]:
        """Return the number of each column in the file, where a list of structs would have several."""
        schema = self._file.metadata.schema
        paths = [schema.column(number).path.split(".")[0] for number in range(len(schema))]
        for name in names:
            if paths.count(name) != 1:
                raise self._errors.foreign(f"its column {name} is made of several")
        return {name: paths.index(name) for name in names}

    def _plan_vectors(self, values: int, rows: int, width: int) -> None:
        """Count the numbers, all of which one row may have, each with two numbers that say where it belongs."""
        self._costs.add(values * (width + 4))
        if rows > 0:
            dim = -(-values // rows)
            require_narrow(self._errors.path, dim)
            self._rows = max(1, min(self._rows, _BATCH_BYTES // (4 * max(1, dim))))

    def _plan_texts(self, group: int, name: str, leaf: int, pages: Sequence[Page]) -> None:
        """Count the texts that pages repeat, and take fewer rows at a time where those are long."""
        by_number, by_start = repeating(pages, DICTIONARY), repeating(pages, DELTA)
        values = sum(page.values for page in by_number)
        longest = max((page.size for page in pages if page.is_dictionary), default=0)
        if values * longest > _SURE_BYTES:
            longest = self._longest_of_dictionary(group, leaf, pages)
        self._costs.add(values * longest)
        if name == ADDRESS:  # all of them may belong to one row
            self._costs.add(sum(8 * page.values for page in pages) + sum(page.values * page.size for page in by_start))
        longest = max([longest, *(page.size for page in by_start)])
        self._rows = max(1, min(self._rows, _REPEATED_BYTES // max(1, longest)))

    def _longest_of_dictionary(self, group: int, leaf: int, pages: Sequence[Page]) -> int:
        """Return the bytes of the longest text of a dictionary, or of all of it where that is not certain."""
        import pyarrow.compute as pc

        metadata, path = self._file.metadata, self._file.metadata.schema.column(leaf).path
        dictionaries = [page for page in pages if page.is_dictionary]
        with _parquet_file(self._errors.path, metadata=metadata, read_dictionary=[path]) as file:
            for batch in file.iter_batches(1, row_groups=[group], columns=[path], use_threads=False):
                column = batch.column(0)
                column = column if hasattr(column, "dictionary") else column.flatten()
                if len(dictionaries) == 1 and len(column.dictionary) == dictionaries[0].values:
                    return int(pc.max(pc.binary_length(column.dictionary)).as_py())
                break
        return max((page.size for page in dictionaries), default=0)
