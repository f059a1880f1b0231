"""The embeddings of the metadata file that a run names: they count in runs that name it, and where none is computed."""

from __future__ import annotations

from collections.abc import Iterable

from ..addresses import ImageRef
from ..files import stamp_of
from ..records import EncoderSpec, ImportedEmbedding
from ..text import encodable
from .encoders import Encoders
from .finished import FinishedWork
from .schema import DROP_IMPORTED, INDEX_IMPORTED
from .store_file import StoreFile

#: The condition that an image ``i`` has an embedding that counts in this run: one by ``:encoder`` was computed here or,
#: with ``:imported``, is in the metadata file of the run.
HAS_EMBEDDING = """(
EXISTS (SELECT 1 FROM embedding AS e WHERE e.encoder = :encoder AND e.key = i.picture_hash)
OR (:imported AND EXISTS (SELECT 1 FROM imported_embedding AS e
                          WHERE e.encoder = :encoder AND e.key IN (i.picture_hash, i.hash_id))))
"""

_ADD = "INSERT INTO imported_embedding VALUES (?, ?, ?)"

#: Of embeddings with one key the last holds; the index has them side by side.
_DROP_EARLIER = """
DELETE FROM imported_embedding WHERE rowid IN (
    SELECT earlier.rowid FROM imported_embedding AS earlier JOIN (
        SELECT key, encoder, max(rowid) AS held FROM imported_embedding GROUP BY key, encoder HAVING count(*) > 1
    ) AS last ON earlier.key = last.key AND earlier.encoder = last.encoder AND earlier.rowid < last.held)
"""


class Imported:
    """The part of the working store that holds the embeddings of one metadata file.

    ``source`` says which file this run has named, and is empty where it has named none. A stranger may have written
    that file: what it holds is kept apart from what was computed here, and never used in its place.
    """

    def __init__(self, file: StoreFile, encoders: Encoders, finished: FinishedWork) -> None:
        self._file = file
        self._encoders = encoders
        self._finished = finished
        self.source = ""

    @property
    def is_used(self) -> bool:
        """Whether this run has named a metadata file."""
        return bool(self.source)

    def replace(self, path: str, encoder: EncoderSpec, images: Iterable[ImportedEmbedding]) -> None:
        """Use the embeddings of a metadata file in this run; they are read only if it is not the one read last.

        An image that the file names by its address and that is known here is filed under its ``picture_hash``;
        any other under the ``hash_id``, which palette swaps share.
        """
        source = (encodable(path), stamp_of(path))
        if not self._file.rows("SELECT 1 FROM imported WHERE (path, stamp) = (?, ?)", source):
            self._encoders.add(encoder)
            number = self._encoders.number(encoder)
            with self._file.transaction() as db:
                db.execute(DROP_IMPORTED)
                db.execute("DELETE FROM imported_embedding")
                db.execute("DELETE FROM imported")
                for image in images:
                    db.execute(_ADD, (self._key(image), number, image.embedding.astype("<f4").tobytes()))
                db.execute(INDEX_IMPORTED)
                db.execute(_DROP_EARLIER)
                db.execute("INSERT INTO imported VALUES (?, ?)", source)
                self._finished.forget_results(db)
        self.source = " ".join(source)

    def _key(self, image: ImportedEmbedding) -> str:
        ref = image.address or ImageRef(image.file_path)  # earlier versions wrote no address: the path of a plain file
        known = (ref.key, image.hash_id)
        rows = self._file.rows("SELECT picture_hash FROM image WHERE (address, hash_id) = (?, ?)", known)
        return str(rows[0][0]) if rows else image.hash_id
