"""The hashes of a tag, of which 16 bytes each are kept, and the rows of a table of images that they name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

#: Two of a trillion hashes have the same digest with a probability of one in a quadrillion.
_DIGEST_BYTES = 16

#: Digests (n,) as fixed-width bytes.
Digests = NDArray[np.bytes_]


class HashList:
    """The hashes of one tag in the order listed: seven million take 112 MB, as texts they would take 1.3 GB."""

    def __init__(self, hashes: Iterable[str] = ()) -> None:
        self._digests = bytearray()
        self.extend(hashes)

    def __len__(self) -> int:
        return len(self._digests) // _DIGEST_BYTES

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HashList) and self._digests == other._digests

    __hash__ = None  # type: ignore[assignment]  # it grows

    def extend(self, hashes: Iterable[str]) -> None:
        """Append hashes."""
        contents = [hash_id.encode("utf-8", "backslashreplace") for hash_id in hashes]
        self._digests += b"".join([hashlib.blake2b(each, digest_size=_DIGEST_BYTES).digest() for each in contents])

    def join(self, other: HashList) -> None:
        """Append the hashes of another list."""
        self._digests += other._digests

    @property
    def digests(self) -> Digests:
        """The digests (n,) of the hashes; the list cannot grow while they are used."""
        return np.frombuffer(self._digests, dtype=f"S{_DIGEST_BYTES}")

    def unique(self) -> Digests:
        """Return the digest of each different hash, in the order of the first of each."""
        _, first = np.unique(self.digests, return_index=True)
        return self.digests[np.sort(first)]


class RowIndex:
    """The rows of images by their hashes: of several images with one hash, the last."""

    def __init__(self, images: HashList) -> None:
        self._rows = np.argsort(images.digests, kind="stable")
        self._sorted = images.digests[self._rows]

    def find(self, digests: Digests) -> NDArray[np.int64]:
        """Return the row of each digest that is an image's, in the order given; the others are left out."""
        place = np.searchsorted(self._sorted, digests, side="right") - 1
        last = place[place >= 0]
        found = self._sorted[last] == digests[place >= 0]
        return np.asarray(self._rows[last[found]], dtype=np.int64)
