"""The pictures of the chosen role as results name them: the files that hold each, its tags, facts and embedding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..records import EncoderSpec, ImageRecord, ListedFile
from ..text import encodable
from .addresses import as_ref
from .encoders import Encoders
from .imported import Imported
from .inputs import Inputs
from .store_file import StoreFile

#: Two embeddings of one picture differ by less, as a share of their length, where only the precision is another.
_SAME = 0.05

_PICTURE = """
SELECT l.seq, l.address, l.number, l.tag, l.picture_id IN ({repeated}), l.picture_id,
       i.picture_hash, i.format, i.size_bytes, i.width, i.height,
       own.vector, coalesce(by_picture.vector, by_hash.vector)
FROM listing AS l
JOIN image AS i ON i.address = l.address
LEFT JOIN embedding AS own ON own.key = i.picture_hash AND own.encoder = :encoder
LEFT JOIN imported_embedding AS by_picture
    ON :imported AND by_picture.key = i.picture_hash AND by_picture.encoder = :encoder
LEFT JOIN imported_embedding AS by_hash ON :imported AND by_hash.key = i.hash_id AND by_hash.encoder = :encoder
WHERE {which} ORDER BY l.seq
"""

#: The pictures of several files, and all files of those but the first: read from the index, once a query.
_REPEATED = """
SELECT picture_id FROM listed
WHERE picture_id IS NOT NULL AND +seq BETWEEN :first AND :last GROUP BY picture_id HAVING count(*) > 1
"""
_LATER = """
SELECT same.seq FROM listed AS same JOIN (
    SELECT picture_id, min(seq) AS seq FROM listed
    WHERE picture_id IS NOT NULL AND +seq BETWEEN :first AND :last GROUP BY picture_id HAVING count(*) > 1
) AS head ON same.picture_id = head.picture_id AND +same.seq > head.seq AND +same.seq <= :last
"""

_PICTURES = _PICTURE.format(repeated=_REPEATED, which=f"l.picture_id IS NOT NULL AND l.seq NOT IN ({_LATER})")
_PICTURE_OF_NAME = _PICTURE.format(repeated="l.picture_id", which="l.picture_id = :name") + " LIMIT 1"

_FILES = """
SELECT seq, address, number, picture_id FROM listed WHERE picture_id IS NOT NULL AND seq BETWEEN ? AND ? ORDER BY seq
"""

_FILES_OF = "SELECT seq, address, number, tag FROM listing WHERE picture_id = ? ORDER BY seq"

_TAG_LISTS = """
SELECT tag, picture_id FROM listing WHERE picture_id IS NOT NULL GROUP BY tag, picture_id ORDER BY tag, min(seq)
"""

_TAG_COUNTS = """
SELECT tag, count(DISTINCT picture_id) FROM listing WHERE picture_id IS NOT NULL GROUP BY tag ORDER BY tag
"""

#: Read from the index, in its order: a million names need no sorting.
_COUNT = """
SELECT coalesce(sum(images), 0), count(*) FROM (
    SELECT count(*) AS images FROM listed
    WHERE picture_id IS NOT NULL AND +seq BETWEEN ? AND ? GROUP BY picture_id)
"""
_COUNT_NAMED = "SELECT count(picture_id) FROM listed WHERE seq BETWEEN ? AND ?"
_COUNT_MISSING = """
SELECT (l.seq >> 36) & 1048575, count(*) FROM listing AS l
WHERE l.picture_id IS NULL AND NOT EXISTS (
    SELECT 1 FROM failure AS f WHERE f.address = l.address AND f.stamp = l.stamp AND f.step = 'decode')
GROUP BY 1
"""

#: Those of one picture stand together.
_OF_SEVERAL_FILES = """
SELECT i.picture_hash, l.address FROM listing AS l JOIN image AS i ON i.address = l.address
WHERE l.picture_id IN (SELECT picture_id FROM listing GROUP BY picture_id HAVING count(*) > 1)
ORDER BY i.picture_hash
"""

#: The address is that of the first row of each picture, as SQLite promises for min().
_NAMES = "SELECT picture_id, address, min(seq) FROM listing WHERE picture_id IS NOT NULL GROUP BY picture_id"

#: Names that different pictures would have (palette swaps), whichever run has listed them.
_SHARED_NAMES = "SELECT hash_id FROM image GROUP BY hash_id HAVING count(DISTINCT picture_hash) > 1"

_IDS = "SELECT picture_id FROM listing WHERE picture_id IS NOT NULL GROUP BY picture_id ORDER BY min(seq)"


class Pictures:
    """The part of the working store that gives the pictures of the chosen role, once each has its name.

    ``differing`` counts the pictures given by :meth:`records` of which the metadata file of this run holds another
    embedding than was computed here.
    """

    def __init__(self, file: StoreFile, inputs: Inputs, encoders: Encoders, imported: Imported) -> None:
        self._file = file
        self._inputs = inputs
        self._encoders = encoders
        self._imported = imported
        self.differing = 0

    def names(self) -> Iterator[tuple[str, str]]:
        """Yield the name of every picture that has one, with the key of its first file."""
        return ((hash_id, address) for hash_id, address, _ in self._file.stream(_NAMES))

    def is_listed(self, hash_id: str) -> bool:
        """Return whether a picture of the run has this name."""
        return bool(self._file.rows("SELECT 1 FROM listing WHERE picture_id = ? LIMIT 1", (encodable(hash_id),)))

    def shared_names(self) -> Iterator[str]:
        """Yield every ``hash_id`` that different pictures have among all that runs have read."""
        return (hash_id for (hash_id,) in self._file.stream(_SHARED_NAMES))

    def records(self, encoder: EncoderSpec) -> Iterator[ImageRecord]:
        """Yield every picture that has a name, once, in the order of the listing."""
        self.differing = 0
        return self._records(self._file.stream(_PICTURES, self._values(encoder)), encoder)

    def records_of(self, names: Iterable[str], encoder: EncoderSpec) -> Iterator[ImageRecord]:
        """Yield the pictures of these names, in their order."""
        values = self._values(encoder)
        for name in names:
            yield from self._records(self._file.rows(_PICTURE_OF_NAME, {**values, "name": name}), encoder)

    def _records(self, rows: Iterable[Any], encoder: EncoderSpec) -> Iterator[ImageRecord]:
        for seq, address, number, tag, is_repeated, hash_id, *facts, own, imported in rows:
            vector = self._vector(imported if own is None else own, encoder)
            if own is not None and imported is not None and own != imported:
                self.differing += _is_another(vector, self._vector(imported, encoder))
            picture_hash, image_format, size_bytes, width, height = facts
            if [type(fact) for fact in facts] != [str, str, int, int, int]:
                raise self._file.damaged("the facts of an image are not what they should be")
            held_by = self._file.rows(_FILES_OF, (hash_id,)) if is_repeated else [(seq, address, number, tag)]
            files = tuple(self._listed(*row[:3]) for row in held_by)
            yield ImageRecord(
                ref=files[0].ref,
                hash_id=hash_id,
                picture_hash=picture_hash,
                format=image_format,
                size_bytes=size_bytes,
                width=width,
                height=height,
                tags=tuple(sorted({row[3] for row in held_by})),
                embedding=vector,
                encoder=encoder,
                input=files[0].input,
                files=files,
            )

    def _listed(self, seq: int, address: str, number: int) -> ListedFile:
        return ListedFile(as_ref(self._file, address), number, self._inputs.origin(seq))

    def count(self) -> tuple[int, int]:
        """Return how many listed files hold a named picture, and how many pictures these are."""
        images, pictures = self._file.rows(_COUNT, self._inputs.range)[0]
        return int(images), int(pictures)

    def count_own(self) -> int:
        """Return how many files of the chosen input hold a named picture."""
        return int(self._file.rows(_COUNT_NAMED, self._inputs.own_range)[0][0])

    def count_missing(self) -> dict[int, int]:
        """Return how many images of each input of the role have no name, and may yet get one."""
        return dict(self._file.rows(_COUNT_MISSING))

    def files(self, *, of_role: bool = False) -> Iterator[tuple[ListedFile, str]]:
        """Yield every listed file that holds a named picture, with the picture's ``hash_id``, in order.

        With ``of_role`` those of all inputs of the role, also where untagged images of one input are listed.
        """
        rows = self._inputs.role_range if of_role else self._inputs.range
        for seq, address, number, hash_id in self._file.stream(_FILES, rows):
            yield ListedFile(as_ref(self._file, address), number, self._inputs.origin(seq, of_role=of_role)), hash_id

    def in_and_outside_archives(self) -> set[str]:
        """Return the ``picture_hash`` of every picture that lies in an archive and in a plain file too."""
        files = self._file.stream(_OF_SEVERAL_FILES)
        return {
            str(picture_hash)
            for picture_hash, group in groupby(files, key=lambda row: row[0])
            if len({bool(as_ref(self._file, address).members) for _, address in group}) == 2
        }

    def files_of(self, hash_id: str) -> list[ListedFile]:
        """Return the listed files that hold one picture, in order."""
        rows = self._file.rows(_FILES_OF, (hash_id,))
        return [self._listed(*row[:3]) for row in rows]

    def tag_lists(self) -> Iterator[tuple[str, list[str]]]:
        """Yield every tag with the pictures in it, tags in alphabetical order, pictures in that of the listing."""
        for tag, group in groupby(self._file.stream(_TAG_LISTS), key=lambda row: str(row[0])):
            yield tag, [hash_id for _, hash_id in group]

    def count_tags(self) -> dict[str, int]:
        """Return how many different pictures each tag has, tags in alphabetical order."""
        return dict(self._file.rows(_TAG_COUNTS))

    def tags(self) -> Iterator[tuple[str, list[str]]]:
        """Yield the name of every picture that has one with its tags, in the order of the listing."""
        return ((hash_id, list(self._tags_of(hash_id))) for (hash_id,) in self._file.stream(_IDS))

    def _tags_of(self, hash_id: str) -> tuple[str, ...]:
        rows = self._file.rows("SELECT DISTINCT tag FROM listing WHERE picture_id = ? ORDER BY tag", (hash_id,))
        return tuple(tag for (tag,) in rows)

    def _values(self, encoder: EncoderSpec) -> dict[str, Any]:
        rows = dict(zip(("first", "last"), self._inputs.range))
        return {"encoder": self._encoders.number(encoder), "imported": self._imported.is_used, **rows}

    def _vector(self, vector: bytes, encoder: EncoderSpec) -> NDArray[np.float32]:
        """Return (D,) float32; OutputError where the bytes are of another length."""
        if not isinstance(vector, bytes) or len(vector) != 4 * encoder.dim:
            raise self._file.damaged("an embedding is not of the length that it should have")
        return np.frombuffer(vector, dtype="<f4")


def _is_another(vector: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Return whether two embeddings (D,) of one picture differ by more than the precision they were computed in."""
    return bool(np.linalg.norm(vector - other) > _SAME * np.linalg.norm(vector))
