"""Every picture of an output folder, of all roles together: what a review shows, and later a search.

The parts of the working store that results are written from give one role at a time; here a picture is one row,
whichever inputs hold it, in the order of the names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from ..addresses import ImageRef
from ..records import EncoderSpec
from .addresses import as_ref
from .encoders import Encoders
from .inputs import Role
from .store_file import StoreFile

_FILES = """
SELECT l.picture_id, i.picture_hash, l.address, l.role, l.tag, i.format, i.width, i.height
FROM listed AS l JOIN image AS i ON i.address = l.address
WHERE l.picture_id IS NOT NULL ORDER BY l.picture_id, l.seq
"""

_FILES_OF_ONE = _FILES.replace("l.picture_id IS NOT NULL", "l.picture_id = ?")

#: The files that are listed, and the pictures that several of these hold.
_FACTS = """
SELECT DISTINCT l.picture_id, l.address, i.format, i.size_bytes, i.width, i.height
FROM listed AS l JOIN image AS i ON i.address = l.address WHERE l.picture_id IS NOT NULL
"""
_IN_SEVERAL = """
SELECT picture_id FROM listed WHERE picture_id IS NOT NULL GROUP BY picture_id HAVING count(DISTINCT address) > 1
"""

_ADDRESSES = "SELECT picture_id, address FROM listed WHERE picture_id IS NOT NULL"
_SIZES = """
SELECT l.picture_id, i.width, i.height FROM listed AS l JOIN image AS i ON i.address = l.address
WHERE l.picture_id IS NOT NULL
"""
_TAGGED = "SELECT DISTINCT picture_id FROM listed WHERE role = ? AND tag = ? AND picture_id IS NOT NULL"
_TAGS = "SELECT DISTINCT tag FROM listed WHERE role = ? AND tag <> '' AND picture_id IS NOT NULL"

_VECTOR = "SELECT vector FROM embedding WHERE (key, encoder) = (?, ?)"
_IMPORTED = "SELECT vector FROM imported_embedding WHERE (key, encoder) = (?, ?)"
_COUNTS = """
SELECT (SELECT count(*) FROM embedding WHERE encoder = ?1), (SELECT count(*) FROM imported_embedding WHERE encoder = ?1)
"""

#: Rows of embeddings that are converted together.
_BATCH = 4096
#: Of a larger value a float16 makes infinity.
_LARGEST = 60_000.0


@dataclass(frozen=True)
class CollectedPicture:
    """A picture and all files that hold it: ``tags`` are those of the examples, ``is_mountain`` says it is no example.

    ``width`` and ``height`` are those of the first file, before it is turned upright.
    """

    hash_id: str
    picture_hash: str
    files: tuple[ImageRef, ...]
    tags: tuple[str, ...]
    is_mountain: bool
    format: str
    width: int
    height: int


@dataclass(frozen=True)
class CollectedFile:
    """A file that holds a picture: ``size_bytes`` in the file, ``width`` and ``height`` in pixels, not turned."""

    hash_id: str
    ref: ImageRef
    format: str
    size_bytes: int
    width: int
    height: int


class Collection:
    """The part of the working store that gives every picture that has a name, ordered by the names."""

    def __init__(self, file: StoreFile, encoders: Encoders) -> None:
        self._file = file
        self._encoders = encoders

    def pictures(self) -> Iterator[CollectedPicture]:
        """Yield every picture once."""
        return self._pictures(self._file.stream(_FILES))

    def picture(self, hash_id: str) -> Optional[CollectedPicture]:
        """Return the picture of a name; ``None`` where there is none."""
        return next(self._pictures(self._file.rows(_FILES_OF_ONE, (hash_id,))), None)

    def addresses(self) -> Iterator[tuple[str, ImageRef]]:
        """Yield the name and the address of every file, without an order."""
        return ((str(name), as_ref(self._file, address)) for name, address in self._file.stream(_ADDRESSES))

    def sizes(self) -> Iterator[tuple[str, int, int]]:
        """Yield the name, the width and the height of every file, in pixels, without an order."""
        return self._file.stream(_SIZES)

    def files_of(self, names: Container[str]) -> Iterator[CollectedFile]:
        """Yield every file of some pictures, without an order."""
        for name, address, *facts in self._file.stream(_FACTS):
            if name in names:
                if [type(fact) for fact in facts] != [str, int, int, int]:
                    raise self._file.damaged("the facts of an image are not what they should be")
                yield CollectedFile(str(name), as_ref(self._file, address), *facts)

    def in_several_files(self) -> list[str]:
        """Return the names of the pictures that more than one file holds."""
        return [str(name) for (name,) in self._file.rows(_IN_SEVERAL)]

    def examples_of(self, tag: str) -> list[str]:
        """Return the names of the examples of a tag."""
        return [str(name) for (name,) in self._file.rows(_TAGGED, (Role.TAGGED, tag))]

    def example_tags(self) -> list[str]:
        """Return the tags of the examples."""
        return [str(tag) for (tag,) in self._file.rows(_TAGS, (Role.TAGGED,))]

    def _pictures(self, found: Iterable[Any]) -> Iterator[CollectedPicture]:
        for hash_id, group in groupby(found, key=itemgetter(0)):
            rows = list(group)
            keys = dict.fromkeys(row[2] for row in rows)
            tags = {str(row[4]) for row in rows if row[3] == Role.TAGGED and row[4]}
            is_mountain = any(row[3] != Role.TAGGED for row in rows)
            files = tuple(as_ref(self._file, key) for key in keys)
            _, picture_hash, _, _, _, *facts = rows[0]
            if [type(fact) for fact in facts] != [str, int, int]:
                raise self._file.damaged("the facts of an image are not what they should be")
            yield CollectedPicture(
                str(hash_id), str(picture_hash), files, tuple(sorted(tags)), is_mountain and not tags, *facts
            )

    def stamp(self, pictures: Iterable[CollectedPicture], encoder: EncoderSpec) -> str:
        """Return what changes when the embeddings of these pictures may be others."""
        digest = hashlib.blake2b(digest_size=16)
        counts = self._file.rows(_COUNTS, (self._encoders.number(encoder),))[0]
        digest.update(repr((encoder, counts)).encode("utf-8", "backslashreplace"))
        for picture in pictures:
            digest.update(f"{picture.hash_id} {picture.picture_hash}\n".encode("utf-8", "backslashreplace"))
        return digest.hexdigest()

    def vectors(self, pictures: Iterable[CollectedPicture], encoder: EncoderSpec) -> Iterator[NDArray[np.float16]]:
        """Yield the embeddings (n, D) float16 of the pictures, in their order, some at a time; zeros where none is.

        One that a float16 cannot hold is given at length 1.
        """
        number, batch = self._encoders.number(encoder), []
        for picture in pictures:
            batch.append(self._vector(picture, number, encoder.dim))
            if len(batch) == _BATCH:
                yield np.array(batch, dtype=np.float16)
                batch = []
        yield np.array(batch, dtype=np.float16).reshape(len(batch), encoder.dim)

    def _vector(self, picture: CollectedPicture, number: object, dim: int) -> NDArray[np.float32]:
        rows = self._file.rows(_VECTOR, (picture.picture_hash, number))
        rows = rows or self._file.rows(_IMPORTED, (picture.picture_hash, number))
        rows = rows or self._file.rows(_IMPORTED, (picture.hash_id, number))
        if not rows:
            return np.zeros(dim, dtype=np.float32)
        if not isinstance(rows[0][0], bytes) or len(rows[0][0]) != 4 * dim:
            raise self._file.damaged("an embedding is not of the length that it should have")
        vector = np.frombuffer(rows[0][0], dtype="<f4")
        if not np.abs(vector).max(initial=0) <= _LARGEST:  # also where it is no number
            length = np.sqrt(np.square(vector.astype(np.float64)).sum())
            vector = (vector / length if np.isfinite(length) else np.zeros(dim)).astype(np.float32)
        return vector
