"""The JSON files of stage 1: their names, their keys, and how they are written and read.

The metadata file is one JSON object keyed by ``hash_id``, one record a line, so that it can be written and
read as a stream. Files of the original, which are laid out in other ways, are read as well.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Any, Optional

import numpy as np
import orjson
from numpy.typing import NDArray

from .errors import EncoderMismatchError, MetadataError
from .files import write_aside
from .records import BroughtEmbedding, EncoderSpec, ImageRecord

TAGGED_METADATA = "input-metadata.json"
HASH_TO_TAGS = "input-image-hash-to-tag-list.json"
TAG_TO_HASHES = "input-tag-to-image-hash-list.json"
UNTAGGED_FOLDER = "clip-cache"

_REMEDY = "Give the metadata file that stage 1 wrote (image-tagging process)."


def untagged_metadata_name(source: str) -> str:
    """The name of the metadata file of an untagged folder or archive: ``photos.zip`` -> ``photos-metadata.json``."""
    name = os.path.basename(os.path.normpath(source))
    stem = name if os.path.isdir(source) else os.path.splitext(name)[0]
    return f"{stem}-metadata.json"


def embeddings_type(encoder: EncoderSpec) -> str:
    """What the key ``embeddings_type`` says: ``CLIP``, or the name of the embedded encoder."""
    return "builtin" if encoder.name == "builtin" else "CLIP"


def as_json(record: ImageRecord, *, tagged: bool) -> dict[str, Any]:
    """An image's record as the metadata file holds it."""
    return {
        "hash_id": record.hash_id,
        "file_path": record.ref.path,
        "file_name": record.ref.name,
        "file_type": record.format,
        "image_size_bytes": record.size_bytes,
        "image_resolution": [record.width, record.height],
        "image_xsize": record.width,
        "image_ysize": record.height,
        **({"image_tags": list(record.tags)} if tagged else {}),
        "embeddings_type": embeddings_type(record.encoder),
        "model": record.encoder.name,
        "pretrained": record.encoder.pretrained,
        "embeddings_vector": record.embedding,
    }


class JsonObjectWriter:
    """Writes a JSON object one entry at a time, so that its size does not matter."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._entries = 0
        file.write(b"{")

    def add(self, key: str, value: Any) -> None:
        """Append an entry, on a line of its own; NumPy arrays of numbers become lists."""
        self._file.write(b",\n" if self._entries else b"\n")
        self._file.write(orjson.dumps(key) + b": " + orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY))
        self._entries += 1

    def finish(self) -> None:
        """Close the object."""
        self._file.write(b"\n}\n")


@contextmanager
def json_object(path: str) -> Iterator[JsonObjectWriter]:
    """Write a JSON object to ``path``, which appears only when it is complete.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    with write_aside(path) as aside, open(aside, "wb") as file:
        writer = JsonObjectWriter(file)
        yield writer
        writer.finish()


def write_lists(path: str, lists: Iterable[tuple[str, list[str]]]) -> None:
    """Write ``{key: [text, …]}``, the form of both list files."""
    with json_object(path) as writer:
        for key, texts in lists:
            writer.add(key, texts)


def read_embeddings(path: str) -> tuple[EncoderSpec, Iterator[BroughtEmbedding]]:
    """The encoder of a metadata file, and its pictures as a stream.

    Raises
    ------
    MetadataError
        The file is missing, malformed, empty or foreign; for a single record, while the stream is read.
    EncoderMismatchError
        Its records come from different encoders; while the stream is read.
    """
    entries = _entries(path)
    try:
        first = next(entries)
    except StopIteration:
        raise MetadataError(f"{path} holds no image. {_REMEDY}") from None
    encoder = _encoder(path, *first)
    return encoder, _brought(path, encoder, first, entries)


def _brought(
    path: str, encoder: EncoderSpec, first: tuple[str, Any], rest: Iterator[tuple[str, Any]]
) -> Iterator[BroughtEmbedding]:
    for key, record in _chain(first, rest):
        found = _encoder(path, key, record)
        if not found.matches(encoder):
            raise EncoderMismatchError(
                f"{path} mixes encoders: {encoder.label} ({encoder.dim} values) and {found.label} ({found.dim}). "
                "Run stage 1 again with one encoder."
            )
        yield BroughtEmbedding(key, str(record.get("file_path", "")), _vector(path, key, record))


def _chain(first: tuple[str, Any], rest: Iterator[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    yield first
    yield from rest


def _encoder(path: str, key: str, record: Any) -> EncoderSpec:
    if not isinstance(record, dict):
        raise MetadataError(f"{path} is not a metadata file: the entry {key[:20]!r} is not a record. {_REMEDY}")
    vector = record.get("embeddings_vector")
    name, pretrained = record.get("model"), record.get("pretrained")
    if not isinstance(vector, list) or not vector or not isinstance(name, str) or not isinstance(pretrained, str):
        raise MetadataError(
            f"{path} is not a metadata file: the entry {key[:20]!r} lacks model, pretrained or embeddings_vector. "
            f"{_REMEDY}"
        )
    return EncoderSpec(name, pretrained, len(vector), "")


def _vector(path: str, key: str, record: dict[str, Any]) -> NDArray[np.float32]:
    values = record["embeddings_vector"]
    if all(type(value) in {float, int} for value in values):
        with suppress(OverflowError), np.errstate(over="ignore"):  # too large for float32: not finite
            vector = np.asarray(values, dtype=np.float64).astype(np.float32)
            if np.isfinite(vector).all():
                return vector
    raise MetadataError(
        f"{path}: the embedding of {key[:20]}… is not a list of finite numbers. Run stage 1 again to make it anew."
    )


def read_tag_lists(path: str) -> dict[str, list[str]]:
    """``{tag: [hash_id, …]}`` from a tag-to-hash file.

    Raises
    ------
    MetadataError
        The file is missing, malformed or foreign.
    """
    lists = _whole(path)
    if not isinstance(lists, dict) or not all(_is_text_list(hashes) for hashes in lists.values()):
        raise MetadataError(
            f"{path} is not a list of hashes per tag. Give the {TAG_TO_HASHES} that stage 1 wrote for a tagged folder."
        )
    return lists


def _is_text_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _entries(path: str) -> Iterator[tuple[str, Any]]:
    """The entries of a JSON object: line by line where each has a line of its own, else all at once."""
    try:
        with open(path, "rb") as file:
            if file.readline(16) == b"{\n":
                yield from _entries_by_line(path, file)
                return
    except OSError as error:
        raise _unreadable(path, error) from error
    whole = _whole(path)
    if not isinstance(whole, dict):
        raise MetadataError(f"{path} is not a metadata file: it holds no JSON object. {_REMEDY}")
    yield from whole.items()


def _entries_by_line(path: str, file: IO[bytes]) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(file):
        entry = _entry_of_line(line)
        if entry is None and number == 0:
            break
        if entry is None and line.strip() == b"}":
            return
        if entry is None:
            raise MetadataError(f"{path} is malformed or cut short at line {number + 2}. {_REMEDY}")
        yield from entry.items()
    else:
        raise MetadataError(f"{path} is cut short: its last line is missing. {_REMEDY}")
    # Another layout that also starts with "{" on a line of its own: indented JSON.
    whole = _whole(path)
    yield from whole.items() if isinstance(whole, Mapping) else ()


def _entry_of_line(line: bytes) -> Optional[dict[str, Any]]:
    try:
        entry = orjson.loads(b"{" + line.rstrip().rstrip(b",") + b"}")
    except orjson.JSONDecodeError:
        return None
    return entry if isinstance(entry, dict) and len(entry) == 1 else None


def _whole(path: str) -> Any:
    try:
        with open(path, "rb") as file:
            return orjson.loads(file.read())
    except OSError as error:
        raise _unreadable(path, error) from error
    except orjson.JSONDecodeError as error:
        raise MetadataError(f"{path} is not valid JSON ({error}). {_REMEDY}") from error


def _unreadable(path: str, error: OSError) -> MetadataError:
    return MetadataError(f"cannot read {path}: {error.strerror or error}. {_REMEDY}")
