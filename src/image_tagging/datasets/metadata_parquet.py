"""The metadata of stage 1 as a Parquet table: the columns of the JSON file, a tenth of the time to read.

It is read by :mod:`.parquet_reading`. pyarrow, which takes a second to import, is imported when it is needed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import numpy as np

from ..errors import MetadataError
from ..records import EncoderSpec
from ..writing import new_file

PARQUET_SUFFIX = ".parquet"

#: The key of the file's own metadata under which the encoder is named, as JSON.
ENCODER_KEY = "image_tagging.encoder"

_VECTOR = "embeddings_vector"
_ADDRESS = "address"

#: Embeddings of one row group take about this many bytes: the most that writing holds.
_GROUP_BYTES = 16 << 20


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
def parquet_table(
    path: str, mark: re.Pattern[bytes], encoder: EncoderSpec, *, tagged: bool, with_input: bool = False
) -> Iterator[ParquetTable]:
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

    schema = _schema(encoder, tagged, with_input)
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


def _schema(encoder: EncoderSpec, tagged: bool, with_input: bool) -> Any:
    import pyarrow as pa

    text, whole, number = pa.string(), pa.int64(), pa.field("element", pa.float32(), nullable=False)
    columns = {
        **{"hash_id": text, "file_path": text, _ADDRESS: pa.list_(text)},
        **({"input": text, "path_in_input": text} if with_input else {}),
        **{"file_name": text, "file_type": text},
        "image_size_bytes": whole,
        **{"image_resolution": pa.list_(whole, 2), "image_xsize": whole, "image_ysize": whole},
        **({"image_tags": pa.list_(text)} if tagged else {}),
        **{"embeddings_type": text, "model": text, "pretrained": text, _VECTOR: pa.list_(number, encoder.dim)},
    }
    fields = [pa.field(name, kind, nullable=False) for name, kind in columns.items()]
    return pa.schema(fields, metadata={ENCODER_KEY: json.dumps(asdict(encoder))})
