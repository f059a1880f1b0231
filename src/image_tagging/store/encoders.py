"""The encoders that the store knows: each stands in its tables by a number."""

from __future__ import annotations

from typing import Optional

from ..errors import EncoderMismatchError
from ..records import EncoderSpec
from .store_file import StoreFile

_ADD = "INSERT OR IGNORE INTO encoder(name, pretrained, dim, preprocess) VALUES (?, ?, ?, ?)"

#: Where no embedding was computed with it yet.
_CORRECT = """
UPDATE encoder SET dim = ?3, preprocess = ?4 WHERE (name, pretrained) = (?1, ?2)
AND NOT EXISTS (SELECT 1 FROM embedding WHERE embedding.encoder = encoder.id)
"""

_MOST_USED = """
SELECT name, pretrained, dim, preprocess FROM encoder
WHERE id = (SELECT encoder FROM embedding GROUP BY encoder ORDER BY count(*) DESC, encoder DESC LIMIT 1)
"""

_MISSING = """
SELECT count(*) FROM embedding AS e JOIN encoder AS own ON own.id = e.encoder AND (own.name, own.pretrained) = (?1, ?2)
WHERE NOT EXISTS (SELECT 1 FROM embedding AS o JOIN encoder AS other ON other.id = o.encoder
                  WHERE o.key = e.key AND (other.name, other.pretrained) = (?3, ?4))
"""


class Encoders:
    """The part of the working store that holds the identity of every encoder whose embeddings it keeps."""

    def __init__(self, file: StoreFile) -> None:
        self._file = file
        self._numbers: dict[EncoderSpec, int] = {}

    def find(self, name: str, pretrained: str) -> Optional[EncoderSpec]:
        """Return the spec of an encoder, ``None`` where the store does not know it."""
        query = "SELECT dim, preprocess FROM encoder WHERE (name, pretrained) = (?, ?)"
        rows = self._file.rows(query, (name, pretrained))
        return EncoderSpec(name, pretrained, *rows[0]) if rows else None

    def add(self, spec: EncoderSpec) -> None:
        """Make the store know an encoder; what a metadata file said of it gives way to what computes here.

        Raises
        ------
        EncoderMismatchError
            It holds embeddings of one of this name with another dimension.
        """
        with self._file.transaction() as db:
            values = (spec.name, spec.pretrained, spec.dim, spec.preprocess)
            db.execute(_ADD, values)
            db.execute(_CORRECT, values)
        known = self.find(spec.name, spec.pretrained)
        if known and known.dim != spec.dim:
            raise EncoderMismatchError(
                f"{self._file.path} holds embeddings of {spec.label} with {known.dim} values, not {spec.dim}. "
                "Use another output folder, or move that file away."
            )

    def most_used(self) -> Optional[EncoderSpec]:
        """Return the encoder of most of the embeddings that were computed here, ``None`` where there is none."""
        rows = self._file.rows(_MOST_USED)
        return EncoderSpec(*rows[0]) if rows else None

    def count_missing(self, encoder: EncoderSpec, other: tuple[str, str]) -> int:
        """Return how many pictures have an embedding by one encoder, and none by the ``other`` (name, pretrained)."""
        ((count,),) = self._file.rows(_MISSING, (encoder.name, encoder.pretrained, *other))
        return int(count)

    def number(self, encoder: Optional[EncoderSpec]) -> Optional[int]:
        """Return the number of an encoder, ``None`` where the store does not know it; any thread may call this."""
        if encoder is None:
            return None
        if encoder not in self._numbers:
            names = (encoder.name, encoder.pretrained)
            for (number,) in self._file.rows("SELECT id FROM encoder WHERE (name, pretrained) = (?, ?)", names):
                self._numbers[encoder] = int(number)
        return self._numbers.get(encoder)
