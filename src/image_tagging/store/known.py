"""Pictures by their names, whichever input they are of: also those that no input has now, as long as they are known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Optional

import numpy as np

from ..records import EncoderSpec, ImportedEmbedding
from ..text import encodable
from .addresses import as_ref
from .encoders import Encoders
from .store_file import StoreFile

_LISTED = """
SELECT i.picture_hash, i.address FROM listed AS l JOIN image AS i ON i.address = l.address
WHERE l.picture_id = ? ORDER BY l.seq LIMIT 1
"""

_READ = "SELECT hash_id, picture_hash, address FROM image"
_VECTOR = "SELECT vector FROM embedding WHERE (key, encoder) = (?, ?)"


class KnownPictures:
    """The part of the working store that finds pictures by their ``hash_id``, of all roles and of earlier runs."""

    def __init__(self, file: StoreFile, encoders: Encoders) -> None:
        self._file = file
        self._encoders = encoders

    def find(self, names: Iterable[str]) -> dict[str, tuple[str, str]]:
        """Return the ``picture_hash`` and the key of a file of each name that is known.

        A name that no listed image has is that of the images whose ``hash_id`` it is, where they show one picture.
        """
        found: dict[str, tuple[str, str]] = {}
        others: dict[str, dict[str, str]] = {}
        for name in map(encodable, names):
            if rows := self._file.rows(_LISTED, (name,)):
                found[name] = rows[0]
            else:
                others[name] = {}
        for hash_id, picture_hash, address in self._file.stream(_READ) if others else ():
            for name in {hash_id, picture_hash} & others.keys():
                others[name].setdefault(picture_hash, address)
        return {**found, **{name: next(iter(each.items())) for name, each in others.items() if len(each) == 1}}

    def embeddings_of(self, names: Iterable[str], encoder: EncoderSpec) -> Iterator[ImportedEmbedding]:
        """Yield the pictures of these names whose embeddings by the encoder were computed here, without an order."""
        number = self._number(encoder)
        for name, (picture_hash, address) in self.find(names).items() if number is not None else ():
            for (vector,) in self._file.rows(_VECTOR, (picture_hash, number)):
                if not isinstance(vector, bytes) or len(vector) != 4 * encoder.dim:
                    raise self._file.damaged("an embedding is not of the length that it should have")
                ref = as_ref(self._file, address)
                yield ImportedEmbedding(name, ref.path, np.frombuffer(vector, dtype="<f4"), ref)

    def _number(self, encoder: EncoderSpec) -> Optional[int]:
        known = self._encoders.find(encoder.name, encoder.pretrained)
        return self._encoders.number(encoder) if known and known.dim == encoder.dim else None
