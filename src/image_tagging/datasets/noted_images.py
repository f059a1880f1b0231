"""Where the images of a metadata file lie, kept packed while it is read: it is not read again for some of them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import orjson

from ..addresses import ImageRef
from ..records import ImportedEmbedding
from ..text import escape_surrogates, unescape_surrogates

#: Images that are packed together: few enough that one of them is found quickly.
_TOGETHER = 512

_NO_EMBEDDING = np.empty(0, dtype=np.float32)


class NotedImages:
    """Notes the images of a metadata file but for their embeddings; a million with long paths take some 100 MB."""

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        self._open: list[Any] = []

    def of(self, images: Iterable[ImportedEmbedding]) -> Iterator[ImportedEmbedding]:
        """Yield the images as they are."""
        for image in images:
            address = image.address and image.address.address
            self._open.append((*map(escape_surrogates, (image.hash_id, image.file_path)), address))
            if len(self._open) == _TOGETHER:
                self._packed.append(zlib.compress(orjson.dumps(self._open), 1))
                self._open = []
            yield image

    def find(self, rows: Iterable[int]) -> Mapping[int, ImportedEmbedding]:
        """Return the images of these rows that there are, in the order of the rows, without their embeddings."""
        found: dict[int, ImportedEmbedding] = {}
        opened, block = -1, self._open
        for row in sorted(set(rows)):
            number, place = divmod(row, _TOGETHER)
            if number != opened:
                is_packed = number < len(self._packed)
                opened, block = number, orjson.loads(zlib.decompress(self._packed[number])) if is_packed else self._open
            if number <= len(self._packed) and place < len(block):
                *texts, address = block[place]
                hash_id, file_path = map(unescape_surrogates, texts)
                ref = None if address is None else ImageRef.of(address)
                found[row] = ImportedEmbedding(hash_id, file_path, _NO_EMBEDDING, ref)
        return found
