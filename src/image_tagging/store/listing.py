"""The images of one run: what was found, what is still to do, and how results name the pictures.

The listing is replaced by every run; what is known of the images (:mod:`image_tagging.store.working_store`) is not.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, groupby, islice
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from ..records import (
    EncoderSpec,
    Failure,
    Found,
    FoundArchive,
    FoundImage,
    ImageRecord,
    ImageRef,
    ListedFile,
    OtherFile,
)
from .store_file import StoreFile

_NUMBER_NAMES = """
UPDATE listing SET number = ranked.number FROM (
    SELECT seq, row_number() OVER (PARTITION BY name ORDER BY seq) AS number FROM listing) AS ranked
WHERE ranked.seq = listing.seq AND ranked.number > 1
"""

_NAME_PICTURES = """
UPDATE listing SET picture_id = (
    SELECT i.hash_id FROM image AS i WHERE i.path = listing.path AND i.stamp = listing.stamp AND EXISTS (
        SELECT 1 FROM embedding AS e WHERE e.encoder = :encoder AND e.key IN (i.picture_hash, i.hash_id)))
"""

_SHARED_HASHES = """
SELECT l.picture_id, i.picture_hash, l.seq FROM listing AS l JOIN image AS i ON i.path = l.path
WHERE l.picture_id IN (SELECT l.picture_id FROM listing AS l JOIN image AS i ON i.path = l.path
                       GROUP BY l.picture_id HAVING count(DISTINCT i.picture_hash) > 1)
ORDER BY l.seq
"""

_SHARED_PAIRS = """
SELECT l.address, (SELECT first.address FROM listing AS first WHERE first.picture_id = i.hash_id ORDER BY seq LIMIT 1)
FROM listing AS l JOIN image AS i ON i.path = l.path
WHERE l.picture_id <> i.hash_id ORDER BY l.seq
"""

_PICTURES = """
SELECT l.address, l.picture_id, i.picture_hash, i.format, i.size_bytes, i.width, i.height,
       coalesce(own.vector, brought.vector)
FROM listing AS l
JOIN image AS i ON i.path = l.path
LEFT JOIN embedding AS own ON own.key = i.picture_hash AND own.encoder = :encoder
LEFT JOIN embedding AS brought ON brought.key = i.hash_id AND brought.encoder = :encoder
WHERE l.seq = (SELECT min(seq) FROM listing AS same WHERE same.picture_id = l.picture_id)
ORDER BY l.seq
"""

_PENDING = """
FROM listing AS l
LEFT JOIN image AS i ON i.path = l.path AND i.stamp = l.stamp
WHERE NOT EXISTS (SELECT 1 FROM embedding AS e WHERE e.encoder = :encoder AND e.key IN (i.picture_hash, i.hash_id))
AND NOT EXISTS (SELECT 1 FROM failure AS f WHERE f.path = l.path AND f.stamp = l.stamp
                AND f.step = 'decode' AND f.decoder = :decoder)
"""

#: Rows fetched at a time while the store is also written: enough to hide the query, few enough to hold.
_PAGE = 2048

#: The work whose digest says that the listing is the one that was found.
_LISTING = "listing"

#: Images held before the listing is written: up to here a run in which nothing has changed writes nothing.
_HELD = 50_000


@dataclass(frozen=True)
class Listing:
    """What one run found: how many images, the archives in order, what could not be opened, and how many files of each
    suffix were passed over.

    ``digest`` stands for all images with their stamps, in order.
    """

    images: int
    archives: tuple[FoundArchive, ...]
    failures: tuple[Failure, ...]
    passed_over: dict[str, int]
    digest: str


class ListedImages(StoreFile):
    """The part of the working store that holds the images of the latest run.

    ``decoder`` names what decides which images can be decoded, limits included: see ``ImageLimits``.
    """

    def __init__(self, folder: str, decoder: str = "") -> None:
        super().__init__(folder)
        self.decoder = decoder

    def list_images(self, found: Iterable[Found]) -> Listing:
        """Replace the listing by what was found now; nothing that is known of the images is forgotten."""
        aside = _Aside()
        rows = aside.rows(found)
        head = list(islice(rows, _HELD))
        if len(head) < _HELD and self.is_finished(_LISTING, aside.hexdigest()):
            self._note_failures(aside.failures)
            return self._listing(aside)
        with self._transaction():
            self._db.execute("DELETE FROM listing")
            self._db.execute("DELETE FROM finished WHERE work = ?", (_LISTING,))
            self._db.executemany(
                "INSERT OR IGNORE INTO listing(path, address, stamp, name, tag) VALUES (?, ?, ?, ?, ?)",
                chain(head, rows),
            )
            self._db.execute(_NUMBER_NAMES)
        self.finish(_LISTING, aside.hexdigest())
        self._note_failures(aside.failures)
        return self._listing(aside)

    def _listing(self, aside: _Aside) -> Listing:
        return Listing(
            images=self._count(),
            archives=tuple(aside.archives),
            failures=tuple(aside.failures),
            passed_over=dict(aside.passed_over),
            digest=aside.hexdigest(),
        )

    def _count(self) -> int:
        return int(self._rows("SELECT count(*) FROM listing")[0][0])

    def _note_failures(self, failures: Iterable[Failure]) -> None:
        """What could not be opened is no image of the listing: it is kept without a stamp, for the record."""
        with self._transaction():
            self._db.execute("DELETE FROM failure WHERE stamp = ''")
            self._db.executemany(
                "INSERT OR REPLACE INTO failure VALUES (:path, '', :decoder, :step, :code, :reason)",
                map(self._failure_values, failures),
            )

    def count_pending(self, encoder: Optional[EncoderSpec]) -> int:
        """How many images ``pending`` gives."""
        (count,) = self._rows(f"SELECT count(*) {_PENDING}", self._pending_values(encoder))[0]
        return int(count)

    def pending(self, encoder: Optional[EncoderSpec]) -> Iterator[FoundImage]:
        """The listed images that have no embedding of this encoder and are worth a try, in order."""
        values = self._pending_values(encoder)
        query = f"SELECT l.seq, l.address, l.stamp {_PENDING} AND l.seq > :after ORDER BY l.seq LIMIT {_PAGE}"
        while rows := self._rows(query, values):
            values["after"] = rows[-1][0]
            yield from (FoundImage(self._ref(address), stamp) for _, address, stamp in rows)

    def _pending_values(self, encoder: Optional[EncoderSpec]) -> dict[str, Any]:
        return {"encoder": self._number(encoder), "decoder": self.decoder, "after": 0}

    def lists_below(self, folder: str) -> bool:
        """Whether any listed image lies below a folder."""
        return bool(
            self._rows("SELECT 1 FROM listing WHERE path > ? AND path < ? LIMIT 1", (folder + "/", folder + "0"))
        )

    def name_pictures(self, encoder: EncoderSpec) -> None:
        """Decide what results call each listed picture that has an embedding of this encoder.

        Two pictures with one ``hash_id`` that show different things (palette swaps) keep apart: the later one
        is called by its ``picture_hash``.
        """
        first: dict[str, str] = {}
        with self._transaction():
            self._db.execute(_NAME_PICTURES, {"encoder": self._number(encoder)})
            for hash_id, picture_hash, seq in self._rows(_SHARED_HASHES):
                if picture_hash != first.setdefault(hash_id, picture_hash):
                    self._db.execute("UPDATE listing SET picture_id = ? WHERE seq = ?", (picture_hash, seq))

    def shared_hashes(self) -> list[tuple[ImageRef, ImageRef]]:
        """The pairs (later image, earlier image) of different pictures that have one ``hash_id``."""
        return [(self._ref(later), self._ref(earlier)) for later, earlier in self._rows(_SHARED_PAIRS)]

    def pictures(self, encoder: EncoderSpec) -> Iterator[ImageRecord]:
        """Every picture that has a name, once, in the order of the listing."""
        for address, hash_id, *facts, vector in self._stream(_PICTURES, {"encoder": self._number(encoder)}):
            picture_hash, image_format, size_bytes, width, height = facts
            yield ImageRecord(
                ref=self._ref(address),
                hash_id=hash_id,
                picture_hash=picture_hash,
                format=image_format,
                size_bytes=size_bytes,
                width=width,
                height=height,
                tags=self._tags_of(hash_id),
                embedding=self._embedding(vector, encoder),
                encoder=encoder,
            )

    def count_named(self) -> tuple[int, int]:
        """How many listed files hold a named picture, and how many pictures these are."""
        images, pictures = self._rows("SELECT count(picture_id), count(DISTINCT picture_id) FROM listing")[0]
        return images, pictures

    def files(self) -> Iterator[tuple[ImageRef, str]]:
        """Every listed file that holds a named picture, with the picture's ``hash_id``, in order."""
        rows = self._stream("SELECT address, picture_id FROM listing WHERE picture_id IS NOT NULL ORDER BY seq")
        return ((self._ref(address), hash_id) for address, hash_id in rows)

    def files_of(self, hash_id: str) -> list[ListedFile]:
        """The listed files that hold one picture, in order."""
        rows = self._rows("SELECT address, number FROM listing WHERE picture_id = ? ORDER BY seq", (hash_id,))
        return [ListedFile(self._ref(address), number) for address, number in rows]

    def tag_lists(self) -> Iterator[tuple[str, list[str]]]:
        """Every tag with the pictures in it, tags in alphabetical order, pictures in that of the listing."""
        rows = self._stream(
            "SELECT tag, picture_id FROM listing WHERE picture_id IS NOT NULL "
            "GROUP BY tag, picture_id ORDER BY tag, min(seq)"
        )
        for tag, group in groupby(rows, key=lambda row: str(row[0])):
            yield tag, [hash_id for _, hash_id in group]

    def count_tags(self) -> dict[str, int]:
        """How many different pictures each tag has, tags in alphabetical order."""
        return dict(
            self._rows(
                "SELECT tag, count(DISTINCT picture_id) FROM listing WHERE picture_id IS NOT NULL "
                "GROUP BY tag ORDER BY tag"
            )
        )

    def tags_of_pictures(self) -> Iterator[tuple[str, list[str]]]:
        """Every named picture with its tags, in the order of the listing."""
        rows = self._stream(
            "SELECT picture_id FROM listing WHERE picture_id IS NOT NULL GROUP BY picture_id ORDER BY min(seq)"
        )
        return ((hash_id, list(self._tags_of(hash_id))) for (hash_id,) in rows)

    def _tags_of(self, hash_id: str) -> tuple[str, ...]:
        rows = self._rows("SELECT DISTINCT tag FROM listing WHERE picture_id = ? ORDER BY tag", (hash_id,))
        return tuple(tag for (tag,) in rows)

    def failures(self) -> Iterator[Failure]:
        """What failed of the listed images that have no name, in order: a failure of one encoder is not another's."""
        rows = self._stream(
            "SELECT l.address, f.step, f.code, f.reason FROM listing AS l "
            "JOIN failure AS f ON f.path = l.path AND f.stamp = l.stamp WHERE l.picture_id IS NULL ORDER BY l.seq"
        )
        return (Failure(self._ref(address), step, code, reason) for address, step, code, reason in rows)

    def _failure_values(self, failure: Failure) -> dict[str, str]:
        """The columns of a failure in the store, all but its stamp."""
        fields = {"step": failure.step, "code": failure.code, "reason": failure.reason}
        return {"path": failure.ref.path, "decoder": self.decoder, **fields}

    def _ref(self, address: str) -> ImageRef:
        try:
            file, *members = json.loads(address)
        except (ValueError, TypeError) as error:
            raise self._damaged("an address of an image cannot be read") from error
        return ImageRef(file, tuple(members))

    def _embedding(self, vector: bytes, encoder: EncoderSpec) -> NDArray[np.float32]:
        if not isinstance(vector, bytes) or len(vector) != 4 * encoder.dim:
            raise self._damaged("an embedding is not of the length that it should have")
        return np.frombuffer(vector, dtype="<f4")


class _Aside:
    """Makes rows of images, puts archives and failures aside on the way, and keeps a digest: all in one pass."""

    def __init__(self) -> None:
        self.archives: list[FoundArchive] = []
        self.failures: list[Failure] = []
        self.passed_over: Counter[str] = Counter()
        self._digest = hashlib.blake2b(digest_size=32)

    def hexdigest(self) -> str:
        return self._digest.hexdigest()

    def rows(self, found: Iterable[Found]) -> Iterator[tuple[str, ...]]:
        for item in found:
            if isinstance(item, FoundArchive):
                self.archives.append(item)
            elif isinstance(item, Failure):
                self.failures.append(item)
            elif isinstance(item, OtherFile):
                self.passed_over[item.ref.suffix] += 1
            else:
                ref = item.ref
                address = json.dumps([ref.file, *ref.members])
                self._digest.update(f"{address} {item.stamp}\n".encode())
                yield ref.path, address, item.stamp, ref.name.casefold(), ref.tag
