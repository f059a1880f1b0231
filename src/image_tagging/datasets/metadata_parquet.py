"""The metadata of stage 1 as a Parquet table: the columns of the JSON file, a tenth of the time to read.

pyarrow, which takes a second to import, is imported here alone and when it is needed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from itertools import chain
from typing import Any, NamedTuple, Optional

import numpy as np
from numpy.typing import NDArray

from ..errors import EncoderMismatchError, MetadataError
from ..records import EncoderSpec, ImageRef, ImportedEmbedding
from ..writing import new_file
from .metadata_addresses import address_of
from .metadata_errors import FileErrors, empty, foreign, mixed, not_numbers

PARQUET_SUFFIX = ".parquet"

#: The key of the file's own metadata under which the encoder is named, as JSON.
ENCODER_KEY = "image_tagging.encoder"

_VECTOR = "embeddings_vector"
_ADDRESS = "address"
_NEEDED = ("hash_id", "model", "pretrained", _VECTOR)
_OPTIONAL = ("file_path", _ADDRESS)

#: Embeddings of one row group take about this many bytes: the most that writing holds.
_GROUP_BYTES = 16 << 20

#: Pictures read at a time.
_BATCH = 1024

#: Bytes read ahead of a column. Without this a whole row group is read, which other writers make of any size.
_READ_AHEAD = 1 << 20


def require_pyarrow() -> None:
    """Raise MetadataError where pyarrow is not installed: early, where Parquet is asked for."""
    try:
        import pyarrow.parquet  # noqa: F401  asked only whether it is there
    except ImportError as error:
        raise MetadataError(
            "Parquet files need an extra: pip install 'image-tagging-tools[parquet]'; or use the JSON file."
        ) from error


class ParquetTable:
    """Writes the records of pictures in row groups of bounded size, so that their number does not matter."""

    def __init__(self, writer: Any, schema: Any, dim: int) -> None:
        self._writer = writer
        self._schema = schema
        self._dim = dim
        self._limit = max(1, _GROUP_BYTES // (4 * dim))
        self._rows: list[Mapping[str, Any]] = []

    def add(self, row: Mapping[str, Any]) -> None:
        """Append a picture, given by the keys of its JSON record; its embedding is (D,) float32."""
        self._rows.append(row)
        if len(self._rows) == self._limit:
            self.flush()

    def flush(self) -> None:
        """Write the row group that is being collected."""
        if not self._rows:
            return
        import pyarrow as pa

        columns = [self._column(field.name, field.type) for field in self._schema]
        self._writer.write_batch(pa.record_batch(columns, schema=self._schema))
        self._rows.clear()

    def _column(self, name: str, kind: Any) -> Any:
        import pyarrow as pa

        values = [row[name] for row in self._rows]
        if name != _VECTOR:
            return pa.array(values, kind)
        return pa.FixedSizeListArray.from_arrays(pa.array(np.concatenate(values)), type=kind)


@contextmanager
def parquet_table(path: str, mark: re.Pattern[bytes], encoder: EncoderSpec, *, tagged: bool) -> Iterator[ParquetTable]:
    """Write a Parquet table to ``path``, which appears only when it is complete.

    The same records give the same bytes, with one version of pyarrow.

    Raises
    ------
    MetadataError
        pyarrow is not installed.
    OutputError
        The file cannot be written.
    """
    require_pyarrow()
    import pyarrow.parquet as pq

    schema = _schema(encoder, tagged)
    # Embeddings hardly shrink, and their smallest and largest numbers say nothing.
    plain = [field.name for field in schema if field.name != _VECTOR]
    named = ["file_type", "embeddings_type", "model", "pretrained", "image_tags.list.element"]
    packed = [*plain, f"{_ADDRESS}.list.element"]
    with (
        new_file(path, mark) as file,
        pq.ParquetWriter(
            file, schema, compression=dict.fromkeys(packed, "zstd"), use_dictionary=named, write_statistics=plain
        ) as writer,
    ):
        table = ParquetTable(writer, schema, encoder.dim)
        yield table
        table.flush()


def _schema(encoder: EncoderSpec, tagged: bool) -> Any:
    import pyarrow as pa

    text, whole, number = pa.string(), pa.int64(), pa.field("element", pa.float32(), nullable=False)
    columns = {
        **{"hash_id": text, "file_path": text, _ADDRESS: pa.list_(text), "file_name": text, "file_type": text},
        "image_size_bytes": whole,
        **{"image_resolution": pa.list_(whole, 2), "image_xsize": whole, "image_ysize": whole},
        **({"image_tags": pa.list_(text)} if tagged else {}),
        **{"embeddings_type": text, "model": text, "pretrained": text, _VECTOR: pa.list_(number, encoder.dim)},
    }
    fields = [pa.field(name, kind, nullable=False) for name, kind in columns.items()]
    return pa.schema(fields, metadata={ENCODER_KEY: json.dumps(asdict(encoder))})


def read_parquet(path: str) -> tuple[EncoderSpec, Iterator[ImportedEmbedding]]:
    """Return the encoder of a metadata file in Parquet, and its pictures as a stream.

    A Parquet file of any program that has the columns is read: lists of fixed or variable size, of any kind
    of number. The encoder is that of the columns ``model`` and ``pretrained``, as in JSON.

    Raises
    ------
    MetadataError
        The file is missing, malformed, empty or foreign, or pyarrow is not installed; for a batch of pictures,
        while the stream is read.
    EncoderMismatchError
        Its pictures come from different encoders; while the stream is read.
    """
    require_pyarrow()
    batches = _batches(path)
    first = next(batches, None)
    if first is None:
        raise empty(path)
    return first.encoder, _imported(path, first.encoder, chain([first], batches))


class _Batch(NamedTuple):
    """Pictures read together: ``vectors`` is (n, D) float32."""

    encoder: EncoderSpec
    hash_ids: list[str]
    file_paths: list[str]
    addresses: list[Optional[ImageRef]]
    vectors: NDArray[np.float32]


def _imported(path: str, encoder: EncoderSpec, batches: Iterable[_Batch]) -> Iterator[ImportedEmbedding]:
    for batch in batches:
        if not batch.encoder.matches(encoder):
            raise mixed(path, encoder, batch.encoder)
        yield from map(ImportedEmbedding, batch.hash_ids, batch.file_paths, batch.vectors, batch.addresses)


def _batches(path: str) -> Iterator[_Batch]:
    """Yield the rows; any damage that pyarrow meets, and it names it in many ways, is a malformed file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with open(path, "rb") as opened:  # what the system says against it, in the system's words
            start = opened.read(1)
    except OSError as error:
        raise FileErrors(path).unreadable(error) from error
    if start == b"{":
        raise FileErrors(path).malformed("is JSON: call it .json")
    try:
        with pq.ParquetFile(path, buffer_size=_READ_AHEAD, pre_buffer=False) as file:
            names = _columns(path, file.schema_arrow)
            for batch in file.iter_batches(_BATCH, columns=names, use_threads=False):
                if batch.num_rows:
                    yield _checked(path, batch)
    except (MetadataError, EncoderMismatchError):
        raise
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise FileErrors(path).malformed(f"is no Parquet file that can be read ({str(error)[:120]})") from error


def _columns(path: str, schema: Any) -> list[str]:
    import pyarrow as pa

    missing = [name for name in _NEEDED if schema.get_field_index(name) < 0]
    if missing:
        raise foreign(path, f"it lacks the column {' and '.join(missing)}")
    vector = schema.field(_VECTOR).type
    is_list = pa.types.is_list(vector) or pa.types.is_large_list(vector) or pa.types.is_fixed_size_list(vector)
    if not is_list or not (pa.types.is_floating(vector.value_type) or pa.types.is_integer(vector.value_type)):
        raise foreign(path, f"its {_VECTOR} is no list of numbers")
    return [*_NEEDED, *(name for name in _OPTIONAL if schema.get_field_index(name) >= 0)]


def _checked(path: str, batch: Any) -> _Batch:
    hash_ids, models, pretrained = (batch.column(name).to_pylist() for name in _NEEDED[:3])
    file_paths, addresses = (
        batch.column(name).to_pylist() if name in batch.schema.names else [None] * len(hash_ids) for name in _OPTIONAL
    )
    if not {str}.issuperset(map(type, chain(hash_ids, models, pretrained))):
        raise foreign(path, "its hash_id, model or pretrained is not text in every row")
    vectors = _vectors(path, batch.column(_VECTOR), hash_ids)
    if not vectors.shape[1]:
        raise foreign(path, f"its {_VECTOR} is empty")
    encoders = [EncoderSpec(*names, vectors.shape[1], "") for names in dict.fromkeys(zip(models, pretrained))]
    if len(encoders) > 1:
        raise mixed(path, *encoders[:2])
    refs = [address_of(path, *each) for each in zip(hash_ids, addresses)]
    return _Batch(encoders[0], hash_ids, [str(each or "") for each in file_paths], refs, vectors)


def _vectors(path: str, column: Any, hash_ids: list[str]) -> NDArray[np.float32]:
    """Return (n, D) float32 of a column of lists; all of them finite numbers, and equally many."""
    import pyarrow.compute as pc

    if column.null_count:
        raise not_numbers(path, hash_ids[column.is_valid().index(False).as_py()])
    lengths = np.unique(pc.list_value_length(column).to_numpy(zero_copy_only=False))
    if len(lengths) > 1:
        raise EncoderMismatchError(
            f"{path} mixes encoders: embeddings of {lengths[0]} and {lengths[1]} values. Run stage 1 again with one."
        )
    values = column.flatten()
    with np.errstate(over="ignore", invalid="ignore"):  # too large for float32: not finite
        numbers = values.to_numpy(zero_copy_only=False).astype(np.float32).reshape(len(column), -1)
    finite = np.isfinite(numbers).all(axis=1)
    if not finite.all():
        raise not_numbers(path, hash_ids[int(np.argmin(finite))])
    result: NDArray[np.float32] = numbers
    return result
