"""What was computed: the facts of every image file, and the embedding of every picture by every encoder."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Optional, Union

from ..files import stamp_of
from ..records import EmbeddedImage, EncoderSpec, Failure, ImageFacts, ImportedEmbedding
from ..text import encodable
from .encoders import Encoders
from .failures import Failures
from .finished import FinishedWork
from .store_file import StoreFile

# The stamp comes from the listing: a file that changes between finding and reading is read again by the next run.
_ADD_IMAGE = """
INSERT OR REPLACE INTO image
SELECT path, stamp, :hash_id, :picture_hash, :format, :size_bytes, :width, :height FROM listing WHERE path = :path
"""
_ADD_EMBEDDING = "INSERT OR REPLACE INTO embedding VALUES (?, ?, ?)"


class Embeddings:
    """The part of the working store that holds embeddings, those computed here and those imported."""

    def __init__(self, file: StoreFile, encoders: Encoders, failures: Failures, finished: FinishedWork) -> None:
        self._file = file
        self._encoders = encoders
        self._failures = failures
        self._finished = finished

    def has(self, facts: ImageFacts, encoder: EncoderSpec) -> bool:
        """Return whether the picture has an embedding by this encoder already; any thread may call this."""
        keys = (self._encoders.number(encoder), facts.picture_hash, facts.hash_id)
        return bool(self._file.rows("SELECT 1 FROM embedding WHERE encoder = ? AND key IN (?, ?)", keys))

    def add(self, outcomes: Iterable[Union[EmbeddedImage, Failure]], encoder: Optional[EncoderSpec]) -> None:
        """Remember what became of a batch of listed images, in one transaction."""
        number = self._encoders.number(encoder)
        with self._file.transaction() as db:
            for outcome in outcomes:
                if isinstance(outcome, Failure):
                    self._failures.add(db, outcome)
                    continue
                db.execute(_ADD_IMAGE, _image_values(outcome.facts))
                db.execute("DELETE FROM failure WHERE path = ?", (outcome.facts.ref.path,))
                if outcome.embedding is not None:
                    vector = outcome.embedding.astype("<f4").tobytes()
                    db.execute(_ADD_EMBEDDING, (outcome.facts.picture_hash, number, vector))

    def import_all(self, path: str, encoder: EncoderSpec, images: Iterable[ImportedEmbedding]) -> None:
        """Take over the embeddings of a metadata file, unless that was done before and it has not changed.

        An image that the file names by its path and that is known here is filed under its ``picture_hash``;
        any other under the ``hash_id``, which palette swaps share.
        """
        source = (encodable(path), stamp_of(path))
        if self._file.rows("SELECT 1 FROM imported WHERE (path, stamp) = (?, ?)", source):
            return
        self._encoders.add(encoder)
        number = self._encoders.number(encoder)
        with self._file.transaction() as db:
            for image in images:
                db.execute(_ADD_EMBEDDING, (self._key(image), number, image.embedding.astype("<f4").tobytes()))
            db.execute("INSERT OR REPLACE INTO imported VALUES (?, ?)", source)
            self._finished.forget_results(db)

    def _key(self, image: ImportedEmbedding) -> str:
        known = (image.file_path, image.hash_id)
        rows = self._file.rows("SELECT picture_hash FROM image WHERE (path, hash_id) = (?, ?)", known)
        return str(rows[0][0]) if rows else image.hash_id


def _image_values(facts: ImageFacts) -> dict[str, Any]:
    fields = {
        name: getattr(facts, name) for name in ("hash_id", "picture_hash", "format", "size_bytes", "width", "height")
    }
    return {"path": facts.ref.path, **fields}
