"""What results call the pictures of the chosen role: their ``hash_id``, unless another picture has that name."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..addresses import ImageRef
from ..records import EncoderSpec
from .addresses import as_ref
from .encoders import Encoders
from .imported import HAS_EMBEDDING, Imported
from .inputs import Inputs
from .schema import DROP_NAMES, INDEX_NAMES
from .store_file import StoreFile

_NAME_PICTURES = f"""
UPDATE listed SET picture_id = (
    SELECT i.hash_id FROM image AS i WHERE i.address = listed.address AND i.stamp = listed.stamp AND {HAS_EMBEDDING})
WHERE seq BETWEEN :first AND :last
"""

_RENAME_TAKEN = """
UPDATE listed SET picture_id = (SELECT i.picture_hash FROM image AS i WHERE i.address = listed.address)
WHERE picture_id = :name AND seq BETWEEN :first AND :last
AND (SELECT i.picture_hash FROM image AS i WHERE i.address = listed.address)
    <> (SELECT k.picture_hash FROM image AS k WHERE k.address = :address AND k.hash_id = :name)
"""

#: Names that may be of several pictures, and what they name in the run.
_SHARED_HASHES = """
SELECT l.picture_id, i.picture_hash, l.seq FROM listing AS l JOIN image AS i ON i.address = l.address
WHERE l.picture_id IN (SELECT hash_id FROM image GROUP BY hash_id HAVING min(picture_hash) < max(picture_hash))
ORDER BY l.seq
"""

#: How many rows of the table of all inputs a run names.
_SHARE = "SELECT (SELECT count(*) FROM listed WHERE seq BETWEEN ? AND ?), (SELECT count(*) FROM listed)"

_SHARED_PAIRS = """
SELECT l.address, (SELECT first.address FROM listing AS first WHERE first.picture_id = i.hash_id ORDER BY seq LIMIT 1)
FROM listing AS l JOIN image AS i ON i.address = l.address
WHERE l.picture_id <> i.hash_id AND EXISTS (SELECT 1 FROM listing AS first WHERE first.picture_id = i.hash_id)
ORDER BY l.seq LIMIT ?
"""

_SHARED_COUNT = (
    "SELECT count(*) FROM listing AS l JOIN image AS i ON i.address = l.address WHERE l.picture_id <> i.hash_id"
)

#: Pairs of pictures with one ``hash_id`` that are held.
_MOST_SHARED = 10_000


class PictureNames:
    """The part of the working store that names pictures. ``reserved`` stands for the names that are reserved."""

    def __init__(self, file: StoreFile, inputs: Inputs, encoders: Encoders, imported: Imported) -> None:
        self._file = file
        self._inputs = inputs
        self._encoders = encoders
        self._imported = imported
        self.reserved = ""
        self._taken: Callable[[], Iterable[tuple[str, ImageRef]]] = tuple

    def reserve(self, names: Callable[[], Iterable[tuple[str, ImageRef]]], digest: str) -> None:
        """Reserve names for pictures of results that are kept: each name with a file that holds its picture.

        ``digest`` stands for the names, and is empty where there is none.
        """
        self._taken, self.reserved = names, digest

    def assign(self, encoder: EncoderSpec) -> None:
        """Decide what results call each listed picture that has an embedding by this encoder.

        Two pictures with one ``hash_id`` that show different things (palette swaps) are kept apart: the later one
        is called by its ``picture_hash``. So is one whose name is reserved for another.
        """
        first: dict[str, str] = {}
        with self._file.transaction() as db:
            rows = dict(zip(("first", "last"), self._inputs.range))
            values = {"encoder": self._encoders.number(encoder), "imported": self._imported.is_used}
            named, listed = self._file.rows(_SHARE, self._inputs.range)[0]
            if is_most := named > listed // 2:
                db.execute(DROP_NAMES)
            db.execute(_NAME_PICTURES, {**values, **rows})
            if is_most:
                db.execute(INDEX_NAMES)
            db.executemany(_RENAME_TAKEN, ({"name": name, "address": ref.key, **rows} for name, ref in self._taken()))
            for hash_id, picture_hash, seq in self._file.rows(_SHARED_HASHES):
                if picture_hash != first.setdefault(hash_id, picture_hash):
                    db.execute("UPDATE listed SET picture_id = ? WHERE seq = ?", (picture_hash, seq))

    def shared(self) -> list[tuple[ImageRef, ImageRef]]:
        """Return the first 10,000 pairs (later image, earlier image) of different pictures of one ``hash_id``."""
        firsts: dict[str, ImageRef] = {}  # many images may share one, of which the address can be long
        pairs = []
        for later, earlier in self._file.stream(_SHARED_PAIRS, (_MOST_SHARED,)):
            if earlier not in firsts:
                firsts[earlier] = as_ref(self._file, earlier)
            pairs.append((as_ref(self._file, later), firsts[earlier]))
        return pairs

    def count_shared(self) -> int:
        """Return how many such pairs there are, those that are not held included."""
        return int(self._file.rows(_SHARED_COUNT)[0][0])
