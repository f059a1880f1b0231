"""The working store: what is known of every image, so that nothing is done twice.

It remembers which file holds which picture, the embedding of every picture by every encoder, and what failed
and why. Results are written from it at the end, in the order in which the images were found, so that a run
that was interrupted and resumed gives the same files as one that was not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Optional, Union

from ..errors import EncoderMismatchError
from ..files import stamp_of
from ..records import EmbeddedImage, EncoderSpec, Failure, ImageFacts, ImportedEmbedding
from ..text import encodable
from .listing import ListedImages
from .store_file import PLACING, STORE_NAME

__all__ = ["STORE_NAME", "WorkingStore"]


class WorkingStore(ListedImages):
    """The store of one output folder, held by this process alone until it is closed.

    Raises
    ------
    OutputError
        It cannot be opened or written, another run holds it, or the file is something else.
    """

    def find_encoder(self, name: str, pretrained: str) -> Optional[EncoderSpec]:
        """The spec of an encoder, ``None`` where the store has never met it."""
        rows = self._rows("SELECT dim, preprocess FROM encoder WHERE (name, pretrained) = (?, ?)", (name, pretrained))
        return EncoderSpec(name, pretrained, *rows[0]) if rows else None

    def add_encoder(self, spec: EncoderSpec) -> None:
        """Make the store know an encoder.

        Raises
        ------
        EncoderMismatchError
            It knows one of this name with another dimension.
        """
        with self._transaction():
            values = (spec.name, spec.pretrained, spec.dim, spec.preprocess)
            self._db.execute(
                "INSERT OR IGNORE INTO encoder(name, pretrained, dim, preprocess) VALUES (?, ?, ?, ?)", values
            )
        known = self.find_encoder(spec.name, spec.pretrained)
        if known and known.dim != spec.dim:
            raise EncoderMismatchError(
                f"{self.path} holds embeddings of {spec.label} with {known.dim} values, not {spec.dim}. "
                "Use another output folder, or move that file away."
            )

    def has_embedding(self, facts: ImageFacts, encoder: EncoderSpec) -> bool:
        """Whether the picture has an embedding already; may be asked from any thread."""
        keys = (self._number(encoder), facts.picture_hash, facts.hash_id)
        return bool(self._rows("SELECT 1 FROM embedding WHERE encoder = ? AND key IN (?, ?)", keys))

    def add(self, outcomes: Iterable[Union[EmbeddedImage, Failure]], encoder: Optional[EncoderSpec]) -> None:
        """Remember what became of a batch of listed images, in one transaction."""
        number = self._number(encoder)
        with self._transaction():
            for outcome in outcomes:
                if isinstance(outcome, Failure):
                    self._db.execute(_ADD_FAILURE, self._failure_values(outcome))
                    continue
                self._db.execute(_ADD_IMAGE, _image_values(outcome.facts))
                self._db.execute("DELETE FROM failure WHERE path = ?", (outcome.facts.ref.path,))
                if outcome.embedding is not None:
                    vector = outcome.embedding.astype("<f4").tobytes()
                    self._db.execute(_ADD_EMBEDDING, (outcome.facts.picture_hash, number, vector))

    def import_embeddings(self, path: str, encoder: EncoderSpec, images: Iterable[ImportedEmbedding]) -> None:
        """Take over the embeddings of a metadata file, unless that was done before and it has not changed.

        An image that the file names by its path and that is known here is filed under its ``picture_hash``;
        any other under the ``hash_id``, which palette swaps share.
        """
        source = (encodable(path), stamp_of(path))
        if self._rows("SELECT 1 FROM imported WHERE (path, stamp) = (?, ?)", source):
            return
        self.add_encoder(encoder)
        number = self._number(encoder)
        with self._transaction():
            for image in images:
                known = (image.file_path, image.hash_id)
                rows = self._rows("SELECT picture_hash FROM image WHERE (path, hash_id) = (?, ?)", known)
                key = rows[0][0] if rows else image.hash_id
                self._db.execute(_ADD_EMBEDDING, (key, number, image.embedding.astype("<f4").tobytes()))
            self._db.execute("INSERT OR REPLACE INTO imported VALUES (?, ?)", source)
            # Results may hold other embeddings of the same pictures now; what was placed lies where it lies.
            self._db.execute("DELETE FROM finished WHERE work <> ?", (PLACING,))

    def forget_failures(self) -> None:
        """Make every image that ever failed worth a try again."""
        with self._transaction():
            self._db.execute("DELETE FROM failure")
            self._db.execute("DELETE FROM finished WHERE work <> ?", (PLACING,))


# Stamps come from the listing: a file that changes between finding and reading is read again by the next run.
_ADD_IMAGE = """
INSERT OR REPLACE INTO image
SELECT path, stamp, :hash_id, :picture_hash, :format, :size_bytes, :width, :height FROM listing WHERE path = :path
"""
_ADD_FAILURE = """
INSERT OR REPLACE INTO failure
SELECT path, stamp, :decoder, :step, :code, :reason FROM listing WHERE path = :path
"""
_ADD_EMBEDDING = "INSERT OR REPLACE INTO embedding VALUES (?, ?, ?)"


def _image_values(facts: ImageFacts) -> dict[str, Any]:
    fields = {
        name: getattr(facts, name) for name in ("hash_id", "picture_hash", "format", "size_bytes", "width", "height")
    }
    return {"path": facts.ref.path, **fields}
