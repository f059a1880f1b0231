"""What the fuzzer of Parquet begins with: small tables in every layout that is read, and attacks."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Any

#: What NumPy calls the types of which pyarrow has another name.
_DTYPES = {"double": "float64", "halffloat": "float16"}


def tables() -> Iterator[tuple[str, bytes]]:
    """Yield tables by name."""
    import numpy as np
    import pyarrow as pa

    plain = _table()
    for packing in ("none", "snappy", "gzip", "brotli", "zstd", "lz4"):
        yield f"packed by {packing}", plain(compression=packing)
    yield "without dictionaries", plain(use_dictionary=False)
    yield "pages of version 2", plain(data_page_version="2.0", use_dictionary=False)
    yield "small row groups", plain(row_group_size=1, write_statistics=False)
    yield "texts by their beginnings", _by_beginnings(plain)
    vectors = [[1.0, 2.0, -3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]
    for kind in (pa.float64(), pa.float16(), pa.int8()):
        numbers = np.array(vectors, dtype=_DTYPES.get(str(kind), str(kind)))
        yield f"vectors of {kind}", _table(embeddings_vector=pa.array(list(numbers), pa.list_(kind)))()
    yield "vectors of one size", _table(embeddings_vector=pa.array(vectors, pa.list_(pa.float32(), 3)))()
    yield "vectors of different sizes", _table(embeddings_vector=[[1.0], [1.0, 2.0], []])()
    yield "nulls", _table(hash_id=["a", None, "c"], embeddings_vector=[None, [None], [1.0]])()
    yield "addresses of nulls", _table(address=[None, [None], []])()
    yield "dictionaries", _table(model=pa.array(["m"] * 3).dictionary_encode())()
    yield "large texts", _table(hash_id=pa.array(["a", "b", "c"], pa.large_string()))()
    yield "other columns", _table(more=[1, 2, 3], structs=[{"a": [1]}] * 3)()
    yield "a lacking column", _table(model=None)()
    yield "no row", _table(**{name: [] for name in ("hash_id", "file_path", "address", "model", "pretrained")},
                           embeddings_vector=pa.array([], pa.list_(pa.float32())))()  # fmt: skip
    yield "a repeated text", _table(file_path=["x" * 1000] * 3)()
    whole = plain(compression="none")
    yield "cut short", whole[: len(whole) // 2] + whole[-8:]
    yield "a footer alone", b"PAR1" + whole[-8 - struct.unpack("<I", whole[-8:-4])[0] :]
    yield "a list of a million", b"PAR1\x15\x04\x19\xfc\xc0\x84\x3d\x00" + struct.pack("<I", 8) + b"PAR1"


def _table(**changes: Any) -> Any:
    """Return what writes a table of three pictures with other columns, and with options, into bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        "hash_id": ["h1", "h2", "h3"],
        "file_path": ["/d/1.png", "/d/2.png", "/d/a.zip/3.png"],
        "address": [["/d/1.png"], ["/d/2.png"], ["/d/a.zip", "3.png"]],
        "model": ["m"] * 3,
        "pretrained": ["p"] * 3,
        "embeddings_vector": [[1.0, 2.5, -3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.5]],
    }
    table = pa.table({name: column for name, column in {**columns, **changes}.items() if column is not None})

    def written(**options: Any) -> bytes:
        file = io.BytesIO()
        pq.write_table(table, file, **{"compression": "snappy", **options})
        return file.getvalue()

    return written


def _by_beginnings(table: Any) -> bytes:
    delta = dict.fromkeys(("hash_id", "file_path", "address.list.element"), "DELTA_BYTE_ARRAY")
    written: bytes = table(use_dictionary=False, column_encoding=delta)
    return written
