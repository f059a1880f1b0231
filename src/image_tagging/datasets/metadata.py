"""The files of stage 1: their names, their keys, and how they are written and read.

The metadata file is a JSON object keyed by ``hash_id``, one record a line, or a Parquet table with the same
columns; its suffix says which. Both are written and read as a stream. Files of the original, which are laid out
in other ways, are read as well.
"""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain
from typing import Any, Callable

import numpy as np
from numpy.typing import NDArray

from ..addresses import ImageRef
from ..errors import InputError
from ..files import StrPath, file_name, fitting_name, is_url, longest_name, user_path
from ..records import EncoderSpec, ImageRecord, ImportedEmbedding
from ..settings import METADATA_FORMATS
from ..text import encodable
from .json_objects import json_entries
from .json_writer import JsonObjectWriter, json_object
from .metadata_addresses import address_of
from .metadata_errors import contradictory, empty, foreign, mixed, not_numbers
from .metadata_limits import require_narrow, require_short
from .metadata_parquet import PARQUET_SUFFIX, parquet_table, require_pyarrow
from .parquet_reading import read_parquet

TAGGED_METADATA = "input-metadata.json"
HASH_TO_TAGS = "input-image-hash-to-tag-list.json"
UNTAGGED_FOLDER = "clip-cache"

#: How the names of metadata files end, before the suffix.
METADATA_ENDING = "-metadata"

#: What records of images hold near their beginning as JSON and near their end as Parquet, and what lists of hashes and
#: tags begin with. An object of nothing holds nothing that could be lost.
RECORDS_MARK = re.compile(rb'"hash_id"|image_tagging\.encoder|\A\s*\{\s*\}\s*\Z')
LISTS_MARK = re.compile(rb'\A\s*\{\s*(\}\s*\Z|"[^"]*"\s*:\s*\[)')

#: The suffixes of the files that each format asks for.
_SUFFIXES: Mapping[str, tuple[str, ...]] = dict(
    zip(METADATA_FORMATS, ((".json",), (PARQUET_SUFFIX,), (".json", PARQUET_SUFFIX)))
)

#: What JSON numbers become; a truth value, which Python counts among the integers, is none.
_NUMBERS = frozenset({float, int})


def metadata_paths(folder: str, name: str, metadata_format: str) -> tuple[str, ...]:
    """Return the metadata files of one run: ``name`` (``input-metadata.json``) in every suffix that is asked for.

    Raises
    ------
    InputError
        There is no such format.
    MetadataError
        Parquet was asked for, and pyarrow is not installed.
    """
    if metadata_format not in METADATA_FORMATS:
        raise InputError(f"metadata_format is {metadata_format!r}; choose one of {', '.join(METADATA_FORMATS)}.")
    suffixes = _SUFFIXES[metadata_format]
    if PARQUET_SUFFIX in suffixes:
        require_pyarrow()
    stem = os.path.join(folder, os.path.splitext(name)[0])
    return tuple(stem + suffix for suffix in suffixes)


#: Names of archives; whether there is a folder of this name at a URL is not asked for.
_PACKED = re.compile(r"\.(zip|cb[zt]|t?[gx]z|tbz2?|bz2|tar)$", re.IGNORECASE)


def untagged_metadata_name(source: str, folder: str) -> str:
    """Return the name of untagged metadata of a folder or an archive: ``photos.zip`` -> ``photos-metadata.json``.

    Where it is longer than ``folder`` takes names, the first part is shortened.
    """
    name = file_name(source) if is_url(source) else os.path.basename(os.path.normpath(source))
    is_folder = not _PACKED.search(name) if is_url(source) else os.path.isdir(source)
    stem = name if is_folder else os.path.splitext(name)[0].removesuffix(".tar")
    return f"{fitting_name(stem, longest_name(folder) - len(METADATA_ENDING + PARQUET_SUFFIX))}{METADATA_ENDING}.json"


def input_keys(ref: ImageRef, source: str) -> dict[str, str]:
    """Return what results say of the input of an image, by its absolute path; nothing where there is one input."""
    return {"input": encodable(source), "path_in_input": ref.path_in(source)} if source else {}


def as_json(record: ImageRecord, *, tagged: bool) -> dict[str, Any]:
    """Return an image's record as the metadata file holds it."""
    return {
        "hash_id": record.hash_id,
        "file_path": record.ref.path,
        "address": record.ref.address,
        **input_keys(record.ref, record.input),
        "file_name": record.ref.name,
        "file_type": record.format,
        "image_size_bytes": record.size_bytes,
        "image_resolution": [record.width, record.height],
        "image_xsize": record.width,
        "image_ysize": record.height,
        **({"image_tags": list(record.tags)} if tagged else {}),
        "embeddings_type": record.encoder.family,
        "model": record.encoder.name,
        "pretrained": record.encoder.pretrained,
        "embeddings_vector": record.embedding,
    }


class RecordWriter:
    """Takes the record of every picture, one at a time, into all the files that were asked for."""

    def __init__(self, writers: Iterable[Callable[[dict[str, Any]], None]], *, tagged: bool) -> None:
        self._writers = tuple(writers)
        self._tagged = tagged

    def add(self, record: ImageRecord) -> None:
        """Append a picture."""
        row = as_json(record, tagged=self._tagged)
        for write in self._writers:
            write(row)


@contextmanager
def record_writer(
    paths: Iterable[str], encoder: EncoderSpec, *, tagged: bool, with_input: bool = False
) -> Iterator[RecordWriter]:
    """Write the records of pictures to all of ``paths``, which appear only when they are complete.

    ``with_input`` says that every record has its input.

    Raises
    ------
    MetadataError
        One is to be Parquet, and pyarrow is not installed.
    OutputError
        A file cannot be written.
    """
    with ExitStack() as stack:
        writers: list[Callable[[dict[str, Any]], None]] = []
        for path in paths:
            if path.endswith(PARQUET_SUFFIX):
                table = parquet_table(path, RECORDS_MARK, encoder, tagged=tagged, with_input=with_input)
                writers.append(stack.enter_context(table).add)
            else:
                writers.append(_by_hash(stack.enter_context(json_object(path, RECORDS_MARK))))
        yield RecordWriter(writers, tagged=tagged)


def _by_hash(writer: JsonObjectWriter) -> Callable[[dict[str, Any]], None]:
    return lambda row: writer.add(row["hash_id"], row)


def write_lists(path: str, lists: Iterable[tuple[str, list[str]]]) -> None:
    """Write ``{key: [text, …]}``, the form of both list files."""
    with json_object(path, LISTS_MARK) as writer:
        for key, texts in lists:
            writer.add(key, texts)


def read_embeddings(path: StrPath) -> tuple[EncoderSpec, Iterator[ImportedEmbedding]]:
    """Return the encoder of a metadata file, and its pictures as a stream.

    Raises
    ------
    MetadataError
        The file is missing, malformed, empty or foreign; for a single record, while the stream is read.
    EncoderMismatchError
        Its records come from different encoders; while the stream is read.

    A picture that comes twice with different embeddings is a MetadataError too, at the end of the stream.
    """
    path = user_path(path)
    if path.lower().endswith(PARQUET_SUFFIX):
        encoder, images = read_parquet(path)
        return encoder, _each_once(path, images)
    entries = json_entries(path)
    first = next(entries, None)
    if first is None:
        raise empty(path)
    encoder = _encoder(path, *first)
    return encoder, _each_once(path, _imported(path, encoder, chain([first], entries)))


def _each_once(path: str, images: Iterable[ImportedEmbedding]) -> Iterator[ImportedEmbedding]:
    """Yield the pictures as they are; raise at their end where one ``hash_id`` has come with two embeddings.

    Of every picture 16 bytes are kept, so that millions cost little.
    """
    keys, vectors = array("q"), array("q")
    for image in images:
        keys.append(hash(image.hash_id))
        vectors.append(hash(image.embedding.tobytes()))
        yield image
    key, vector = np.asarray(keys), np.asarray(vectors)
    order = np.argsort(key, kind="stable")
    again = (key[order][1:] == key[order][:-1]) & (vector[order][1:] != vector[order][:-1])
    if again.any():
        number = int(order[1:][again].min()) + 1
        raise contradictory(path, f"the picture of record {number:,} came before with another embedding")


def _imported(path: str, encoder: EncoderSpec, entries: Iterable[tuple[str, Any]]) -> Iterator[ImportedEmbedding]:
    for key, record in entries:
        found = _encoder(path, key, record)
        if not found.matches(encoder):
            raise mixed(path, encoder, found)
        file_path = record.get("file_path") or ""
        if not isinstance(file_path, str):
            raise foreign(path, f"the entry {key[:20]!r} has a file_path that is no text")
        require_short(path, "file_path", len(file_path))
        yield ImportedEmbedding(
            key, file_path, _vector(path, key, record), address_of(path, key, record.get("address"))
        )


def _encoder(path: str, key: str, record: Any) -> EncoderSpec:
    if not isinstance(record, dict):
        raise foreign(path, f"the entry {key[:20]!r} is not a record")
    vector = record.get("embeddings_vector")
    name, pretrained = record.get("model"), record.get("pretrained")
    if not isinstance(vector, list) or not vector or not isinstance(name, str) or not isinstance(pretrained, str):
        raise foreign(path, f"the entry {key[:20]!r} lacks model, pretrained or embeddings_vector")
    for what, text in (("hash_id", key), ("model", name), ("pretrained", pretrained)):
        require_short(path, what, len(text))
    require_narrow(path, len(vector))
    return EncoderSpec(name, pretrained, len(vector), "")


def _vector(path: str, key: str, record: dict[str, Any]) -> NDArray[np.float32]:
    values = record["embeddings_vector"]
    if _NUMBERS.issuperset(map(type, values)):
        with suppress(OverflowError), np.errstate(over="ignore"):  # too large for float32: not finite
            vector = np.array(values, dtype=np.float32)
            if np.isfinite(vector).all():
                return vector
    raise not_numbers(path, key)
