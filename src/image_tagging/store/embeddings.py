"""What was computed: the facts of every image file, and the embedding of every picture by every encoder."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Optional, Union

from ..records import EmbeddedImage, EncoderSpec, Failure, ImageFacts
from .encoders import Encoders
from .failures import Failures
from .imported import Imported
from .store_file import StoreFile

# The stamp comes from the listing: a file that changes between finding and reading is read again by the next run.
_ADD_IMAGE = """
INSERT OR REPLACE INTO image
SELECT address, stamp, :hash_id, :picture_hash, :format, :size_bytes, :width, :height
FROM listing WHERE address = :address
"""
_HAS_OWN = "SELECT 1 FROM embedding WHERE encoder = ?1 AND key = ?2"
_HAS = f"""
{_HAS_OWN} UNION ALL SELECT 1 FROM imported_embedding WHERE encoder = ?1 AND key IN (?2, ?3) LIMIT 1
"""
_ADD_EMBEDDING = "INSERT OR REPLACE INTO embedding VALUES (?, ?, ?)"


class Embeddings:
    """The part of the working store that holds the embeddings computed here."""

    def __init__(self, file: StoreFile, encoders: Encoders, failures: Failures, imported: Imported) -> None:
        self._file = file
        self._encoders = encoders
        self._failures = failures
        self._imported = imported

    def has(self, facts: ImageFacts, encoder: EncoderSpec) -> bool:
        """Return whether the picture has an embedding by this encoder already; any thread may call this.

        One of the metadata file that this run names counts as well.
        """
        computed = (self._encoders.number(encoder), facts.picture_hash)
        if self._imported.is_used:
            return bool(self._file.rows(_HAS, (*computed, facts.hash_id)))
        return bool(self._file.rows(_HAS_OWN, computed))

    def knows_any(self, encoder: EncoderSpec) -> bool:
        """Return whether any picture has an embedding by this encoder, or may have one of this run's metadata file."""
        number = (self._encoders.number(encoder),)
        return bool(self._file.rows("SELECT 1 FROM embedding WHERE encoder = ? LIMIT 1", number)) or (
            self._imported.is_used
            and bool(self._file.rows("SELECT 1 FROM imported_embedding WHERE encoder = ? LIMIT 1", number))
        )

    def add(self, outcomes: Iterable[Union[EmbeddedImage, Failure]], encoder: Optional[EncoderSpec]) -> None:
        """Remember what became of a batch of listed images, in one transaction."""
        number = self._encoders.number(encoder)
        with self._file.transaction() as db:
            for outcome in outcomes:
                if isinstance(outcome, Failure):
                    self._failures.add(db, outcome)
                    continue
                db.execute(_ADD_IMAGE, _image_values(outcome.facts))
                db.execute("DELETE FROM failure WHERE address = ?", (outcome.facts.ref.key,))
                if outcome.embedding is not None:
                    vector = outcome.embedding.astype("<f4").tobytes()
                    db.execute(_ADD_EMBEDDING, (outcome.facts.picture_hash, number, vector))


def _image_values(facts: ImageFacts) -> dict[str, Any]:
    fields = {
        name: getattr(facts, name) for name in ("hash_id", "picture_hash", "format", "size_bytes", "width", "height")
    }
    return {"address": facts.ref.key, **fields}
