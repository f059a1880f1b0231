"""The rows of a Parquet table as pictures: their texts, their addresses and their embeddings, each checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice, repeat
from typing import Any, NamedTuple, Optional

import numpy as np
from numpy.typing import NDArray

from ..addresses import MOST_NAMES, ImageRef
from ..errors import EncoderMismatchError
from ..records import EncoderSpec
from .metadata_addresses import address_of
from .metadata_errors import bad_address, foreign, mixed, not_numbers
from .metadata_limits import LONGEST_HASH, require_short

VECTOR = "embeddings_vector"
ADDRESS = "address"
FILE_PATH = "file_path"
_NAMES = ("hash_id", "model", "pretrained")

#: Bytes of texts that become Python objects at a time, and of one address.
_TEXT_BYTES = 4 << 20
_LONGEST_ADDRESS = 4 << 20


class Batch(NamedTuple):
    """Pictures read together: ``vectors`` is (n, D) float32, ``addresses`` are made as they are used."""

    encoder: EncoderSpec
    hash_ids: list[str]
    file_paths: list[str]
    addresses: Iterator[Optional[ImageRef]]
    vectors: NDArray[np.float32]


def require_types(path: str, types: Mapping[str, Any]) -> list[str]:
    """Return the names of the columns to read: all but those of nulls that are not needed.

    Raises
    ------
    MetadataError
        A column has another type than metadata.
    """
    import pyarrow as pa

    vector = types[VECTOR]
    if not _is_list(vector) or not (pa.types.is_floating(vector.value_type) or pa.types.is_integer(vector.value_type)):
        raise foreign(path, f"its {VECTOR} is no list of numbers")
    if not all(_is_text(types[name]) for name in _NAMES):
        raise foreign(path, "its hash_id, model or pretrained is not text in every row")
    names = [name for name, kind in types.items() if not pa.types.is_null(kind)]
    if FILE_PATH in names and not _is_text(types[FILE_PATH]):
        raise foreign(path, f"its {FILE_PATH} is no text")
    if ADDRESS in names and not (_is_list(types[ADDRESS]) and _is_text(types[ADDRESS].value_type)):
        raise foreign(path, f"its {ADDRESS} is no list of texts")
    return names


def _is_list(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or str(kind) == "string_view")


def _plain_texts(column: Any) -> Any:
    """Return an array of texts as pyarrow keeps them by default."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.cast(pa.large_string()) if str(column.type) == "string_view" else column


def batches_of(path: str, batch: Any) -> Iterator[Batch]:
    """Yield the pictures of a batch of rows, in parts whose texts take little memory.

    Raises
    ------
    MetadataError
        A row holds what is no metadata.
    EncoderMismatchError
        The rows come from different encoders.
    """
    import pyarrow.compute as pc

    columns = {name: batch.column(name) for name in batch.schema.names}
    texts = {name: _plain_texts(columns[name]) for name in (*_NAMES, FILE_PATH) if name in columns}
    for name, column in texts.items():
        if name != FILE_PATH and column.null_count:
            raise foreign(path, "its hash_id, model or pretrained is not text in every row")
        if (pc.max(pc.binary_length(column)).as_py() or 0) > LONGEST_HASH:
            require_short(path, name, pc.max(pc.utf8_length(column)).as_py())
    address, size = columns.get(ADDRESS), sum(column.nbytes for column in texts.values())
    names = None
    if address is not None:
        _require_few_names(path, address, texts["hash_id"])
        names = _plain_texts(address.flatten())
        size += names.nbytes
    bounds = [0, len(batch)] if size <= _TEXT_BYTES else _bounds(path, texts, address, names)
    for start, end in zip(bounds, bounds[1:]):
        part = {name: column.slice(start, end - start) for name, column in texts.items()}
        yield from _checked(
            path,
            part,
            None if address is None else address.slice(start, end - start),
            columns[VECTOR].slice(start, end - start),
        )


def _require_few_names(path: str, address: Any, hash_ids: Any) -> None:
    import pyarrow.compute as pc

    lengths = pc.list_value_length(address)
    if (pc.max(lengths).as_py() or 0) > MOST_NAMES:
        row = pc.index(pc.greater(lengths, MOST_NAMES), True).as_py()
        raise bad_address(path, hash_ids[row].as_py(), "is longer than an address can be")


def _bounds(path: str, texts: Mapping[str, Any], address: Any, names: Any) -> list[int]:
    """Return where to cut rows so that the texts between take about as much as may become objects at a time."""
    sizes = sum(_lengths(column) for column in texts.values())
    if address is not None:
        import pyarrow.compute as pc

        ends = np.cumsum(pc.fill_null(pc.list_value_length(address), 0).to_numpy(zero_copy_only=False))
        total = np.concatenate([[0], np.cumsum(_lengths(names))])
        of_address = np.diff(total[np.concatenate([[0], ends])])
        if (longest := int(of_address.argmax())) >= 0 and of_address[longest] > _LONGEST_ADDRESS:
            raise bad_address(path, texts["hash_id"][longest].as_py(), "is longer than an address can be")
        sizes = sizes + of_address
    parts = np.cumsum(sizes) // _TEXT_BYTES
    return [0, *(np.flatnonzero(np.diff(parts)) + 1).tolist(), len(parts)]


def _lengths(texts: Any) -> NDArray[np.int64]:
    """Return the bytes (n,) of each text."""
    import pyarrow.compute as pc

    return np.asarray(pc.fill_null(pc.binary_length(texts), 0).to_numpy(zero_copy_only=False), dtype=np.int64)


def _checked(path: str, texts: Mapping[str, Any], address: Any, vector: Any) -> Iterator[Batch]:
    """Yield the pictures of some rows as one batch; none of no row."""
    hash_ids, models, pretrained = (texts[name].to_pylist() for name in _NAMES)
    if not hash_ids:
        return
    file_paths = texts[FILE_PATH].to_pylist() if FILE_PATH in texts else [None] * len(hash_ids)
    vectors = _vectors(path, vector, hash_ids)
    if not vectors.shape[1]:
        raise foreign(path, f"its {VECTOR} is empty")
    encoders = [EncoderSpec(*names, vectors.shape[1], "") for names in dict.fromkeys(zip(models, pretrained))]
    if len(encoders) > 1:
        raise mixed(path, *encoders[:2])
    refs = map(address_of, repeat(path), hash_ids, _addresses(address, len(hash_ids)))
    yield Batch(encoders[0], hash_ids, [each or "" for each in file_paths], refs, vectors)


def _addresses(column: Any, count: int) -> list[Optional[list[Optional[str]]]]:
    """Return the names of each address; of all rows at once they are read several times as fast as row by row."""
    import pyarrow.compute as pc

    if column is None:
        return [None] * count
    names = iter(_plain_texts(column.flatten()).to_pylist())
    lengths = pc.list_value_length(column).to_pylist()
    return [None if length is None else list(islice(names, length)) for length in lengths]


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
