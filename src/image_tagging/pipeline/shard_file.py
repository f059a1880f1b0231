"""The results of one shard as a Parquet file: every image is one row, with its embedding or its failure.

The same rows give the same bytes: nothing of the machine, of the time or of the order of computing is in it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Optional

import numpy as np
from numpy.typing import NDArray

from ..addresses import ImageRef
from ..datasets import require_pyarrow
from ..errors import StorageError
from ..failures import KILLED
from ..records import EncoderSpec, Failure, FoundImage, ImageFacts
from ..text import encodable

_NOTES = b"image-tagging shard"
_FACTS = {"hash_id": str, "picture_hash": str, "format": str, "size_bytes": int, "width": int, "height": int}
_FAILURE = ("step", "code", "reason")


class ShardRow(NamedTuple):
    """What became of one image: its facts, where it was decoded, and its embedding (D,) float32, or why it has none."""

    found: FoundImage
    facts: Optional[ImageFacts]
    embedding: Optional[NDArray[np.float32]]
    failure: Optional[Failure]

    @property
    def is_final(self) -> bool:
        """Whether another run would find the same: a file that could not be read may be there again, for example."""
        failure = self.failure
        return failure is None or (failure.step == "decode" and failure.code != KILLED)


@dataclass(frozen=True)
class Shard:
    """The results of one shard; ``encoder`` is ``None`` where no image of it came so far.

    ``computed_on`` is the device, the precision and the library of the encoder.
    """

    rows: Sequence[ShardRow]
    encoder: Optional[EncoderSpec] = None
    computed_on: str = ""

    @property
    def is_final(self) -> bool:
        """Whether another run would find the same of any of its images."""
        return any(row.is_final for row in self.rows)


def write_shard(shard: Shard) -> bytes:
    """Return a shard as the content of a Parquet file; raise MetadataError without pyarrow."""
    require_pyarrow()
    import pyarrow as pa
    import pyarrow.parquet as pq

    facts = [row.facts for row in shard.rows]
    failures = [row.failure for row in shard.rows]
    columns: dict[str, Any] = {
        "address": pa.array([row.found.ref.key for row in shard.rows], pa.string()),
        "stamp": pa.array([row.found.stamp for row in shard.rows], pa.string()),
    }
    for name, kind in _FACTS.items():
        values = [getattr(each, name) if each else None for each in facts]
        columns[name] = pa.array(values, pa.string() if kind is str else pa.int64())
    columns["embedding"] = _embeddings(pa, shard)
    for name in _FAILURE:
        values = [encodable(getattr(each, name)) if each else None for each in failures]
        columns[name] = pa.array(values, pa.string())
    notes = {"encoder": asdict(shard.encoder) if shard.encoder else None, "computed_on": shard.computed_on}
    table = pa.table(columns).replace_schema_metadata({_NOTES: json.dumps(notes, sort_keys=True).encode()})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", use_dictionary=["format", "step", "code", "reason"], version="2.6")
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _embeddings(pa: Any, shard: Shard) -> Any:
    """Return the column of embeddings, zeros where there is none: older pyarrow reads no null lists."""
    dim = shard.encoder.dim if shard.encoder else 1
    zero = np.zeros(dim, dtype=np.float32)
    values = np.array([zero if row.embedding is None else row.embedding for row in shard.rows], dtype=np.float32)
    return pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1), pa.float32()), dim)


def read_shard(name: str, content: bytes) -> Shard:
    """Return the shard in a file.

    Raises
    ------
    StorageError
        It is damaged, or no shard.
    MetadataError
        pyarrow is not installed.
    """
    require_pyarrow()
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(pa.BufferReader(content))
        notes = json.loads((table.schema.metadata or {})[_NOTES])
        encoder = EncoderSpec(**notes["encoder"]) if notes["encoder"] else None
        return Shard(tuple(_rows(table)), encoder, str(notes["computed_on"]))
    except (pa.ArrowException, KeyError, ValueError, TypeError, OSError) as error:
        why = str(error).partition("\n")[0][:200]
        raise StorageError(f"{name} is damaged, or no shard ({why}): remove it and run again.") from error


def _rows(table: Any) -> Any:
    columns = {name: table.column(name).to_pylist() for name in ("address", "stamp", *_FACTS, *_FAILURE)}
    embedding = table.column("embedding").combine_chunks()
    if hasattr(embedding, "chunks"):  # of older pyarrow, and where there is no row
        embedding = embedding.chunk(0) if embedding.num_chunks else ()
    dim = table.schema.field("embedding").type.list_size
    vectors = np.asarray(embedding.values, dtype=np.float32).reshape(-1, dim) if len(embedding) else ()
    for at, key in enumerate(columns["address"]):
        ref = ImageRef.of_key(key)
        facts = {name: columns[name][at] for name in _FACTS}
        step, code, reason = (columns[name][at] for name in _FAILURE)
        yield ShardRow(
            FoundImage(ref, columns["stamp"][at]),
            ImageFacts(ref=ref, **facts) if facts["hash_id"] is not None else None,
            vectors[at] if step is None else None,
            Failure(ref, step, code, reason) if step is not None else None,
        )
