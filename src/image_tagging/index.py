"""The working store: what is known of every image, so that nothing is done twice.

One SQLite file in the output folder. It remembers which file holds which picture, the embedding of every
picture by every encoder, and what failed and why. Results are written from it at the end, in the order in
which the images were found, so that a run that was interrupted and resumed gives the same files as one that
was not. One process works on a store at a time.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Optional, Union

import numpy as np

from .errors import EncoderMismatchError, OutputError
from .files import make_folder
from .images import decoder_version
from .records import (
    BroughtEmbedding,
    EmbeddedImage,
    EncoderSpec,
    Failure,
    FoundImage,
    ImageFacts,
    ImageRecord,
    ImageRef,
    ListedFile,
)
from .sources import Found, FoundArchive

STORE_NAME = "image-tagging.store"

#: The version of the tables below, written into the file.
_VERSION = 1

#: Seconds to wait for another run that holds the store: it may be about to end.
_WAIT = 5.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS encoder(
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, pretrained TEXT NOT NULL, dim INTEGER NOT NULL,
    preprocess TEXT NOT NULL, UNIQUE(name, pretrained));
CREATE TABLE IF NOT EXISTS image(
    path TEXT PRIMARY KEY, stamp TEXT NOT NULL, hash_id TEXT NOT NULL, picture_hash TEXT NOT NULL,
    format TEXT NOT NULL, size_bytes INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS failure(
    path TEXT PRIMARY KEY, stamp TEXT NOT NULL, decoder TEXT NOT NULL, step TEXT NOT NULL, code TEXT NOT NULL,
    reason TEXT NOT NULL);
-- key: the picture_hash of a picture embedded here, or the hash_id of one that a metadata file brought.
CREATE TABLE IF NOT EXISTS embedding(
    key TEXT NOT NULL, encoder INTEGER NOT NULL REFERENCES encoder(id), vector BLOB NOT NULL,
    PRIMARY KEY(key, encoder));
CREATE TABLE IF NOT EXISTS imported(path TEXT PRIMARY KEY, stamp TEXT NOT NULL);
-- The images of the latest run, in the order found; number counts those of one name.
CREATE TABLE IF NOT EXISTS listing(
    seq INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, address TEXT NOT NULL, stamp TEXT NOT NULL, name TEXT NOT NULL,
    tag TEXT NOT NULL, number INTEGER NOT NULL DEFAULT 1, picture_id TEXT);
CREATE INDEX IF NOT EXISTS listing_picture ON listing(picture_id);
"""

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
SELECT l.picture_id, i.picture_hash, l.seq, l.address FROM listing AS l JOIN image AS i ON i.path = l.path
WHERE l.picture_id IN (SELECT l.picture_id FROM listing AS l JOIN image AS i ON i.path = l.path
                       GROUP BY l.picture_id HAVING count(DISTINCT i.picture_hash) > 1)
ORDER BY l.seq
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


@dataclass(frozen=True)
class Listing:
    """What one run found: how many images, the archives in order, and what could not be opened."""

    images: int
    archives: tuple[FoundArchive, ...]
    failures: tuple[Failure, ...]


class WorkingStore:
    """The store of one output folder, held by this process alone until it is closed.

    Raises
    ------
    OutputError
        It cannot be opened or written, another run holds it, or the file is something else.
    """

    def __init__(self, folder: str) -> None:
        self.path = os.path.join(make_folder(folder), STORE_NAME)
        self._lock = threading.RLock()
        with self._store_errors():
            # Threads that prepare images ask whether an embedding is known; the lock lets in one at a time.
            self._db = sqlite3.connect(self.path, timeout=_WAIT, isolation_level=None, check_same_thread=False)
        try:
            self._take()
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> WorkingStore:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._db.close()

    def _take(self) -> None:
        """Make the file a store where it is new, and lock it."""
        with self._store_errors():
            ((version,),) = self._rows("PRAGMA user_version")
            if version != _VERSION and self._rows("SELECT 1 FROM sqlite_master LIMIT 1"):
                raise OutputError(
                    f"{self.path} is not a working store of this version. Move it away, or use another output folder."
                )
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(_SCHEMA)
            self._db.execute(f"PRAGMA user_version = {_VERSION}")  # writing takes the lock

    # What a run finds -----------------------------------------------------------------------------------

    def list_images(self, found: Iterable[Found]) -> Listing:
        """Replace the listing by what was found now; nothing that is known of the images is forgotten."""
        archives: list[FoundArchive] = []
        failures: list[Failure] = []
        with self._transaction():
            self._db.execute("DELETE FROM listing")
            self._db.executemany(
                "INSERT OR IGNORE INTO listing(path, address, stamp, name, tag) VALUES (?, ?, ?, ?, ?)",
                _listing_rows(found, archives, failures),
            )
            self._db.execute(_NUMBER_NAMES)
            self._db.execute("DELETE FROM failure WHERE stamp = ''")
            self._db.executemany(
                "INSERT OR REPLACE INTO failure VALUES (:path, '', :decoder, :step, :code, :reason)",
                map(_failure_values, failures),
            )
        (images,) = self._rows("SELECT count(*) FROM listing")[0]
        return Listing(images, tuple(archives), tuple(failures))

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
            yield from (FoundImage(_ref(address), stamp) for _, address, stamp in rows)

    def _pending_values(self, encoder: Optional[EncoderSpec]) -> dict[str, Any]:
        return {"encoder": self._number(encoder), "decoder": decoder_version(), "after": 0}

    def lists_below(self, folder: str) -> bool:
        """Whether any listed image lies below a folder."""
        return bool(
            self._rows("SELECT 1 FROM listing WHERE path > ? AND path < ? LIMIT 1", (folder + "/", folder + "0"))
        )

    # What a run learns ----------------------------------------------------------------------------------

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
                    self._db.execute(_ADD_FAILURE, _failure_values(outcome))
                    continue
                self._db.execute(_ADD_IMAGE, _image_values(outcome.facts))
                self._db.execute("DELETE FROM failure WHERE path = ?", (outcome.facts.ref.path,))
                if outcome.embedding is not None:
                    vector = outcome.embedding.astype("<f4").tobytes()
                    self._db.execute(_ADD_EMBEDDING, (outcome.facts.picture_hash, number, vector))

    def bring(self, path: str, encoder: EncoderSpec, images: Iterable[BroughtEmbedding]) -> None:
        """Take over the embeddings of a metadata file, unless that was done before and it has not changed.

        An image that the file names by its path and that is known here is filed under its ``picture_hash``;
        any other under the ``hash_id``, which palette swaps share.
        """
        status = os.stat(path)
        source = (path, f"{status.st_size}:{status.st_mtime_ns}")
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

    # What results are written from ----------------------------------------------------------------------

    def name_pictures(self, encoder: EncoderSpec) -> list[tuple[ImageRef, ImageRef]]:
        """Decide what results call each listed picture that has an embedding of this encoder.

        Two pictures with one ``hash_id`` that show different things (palette swaps) keep apart: the later one
        is called by its ``picture_hash``, and the pair (later image, earlier image) is returned.
        """
        shared: list[tuple[ImageRef, ImageRef]] = []
        first: dict[str, tuple[str, str]] = {}
        with self._transaction():
            self._db.execute(_NAME_PICTURES, {"encoder": self._number(encoder)})
            for hash_id, picture_hash, seq, address in self._rows(_SHARED_HASHES):
                first_picture, first_address = first.setdefault(hash_id, (picture_hash, address))
                if picture_hash != first_picture:
                    self._db.execute("UPDATE listing SET picture_id = ? WHERE seq = ?", (picture_hash, seq))
                    shared.append((_ref(address), _ref(first_address)))
        return shared

    def pictures(self, encoder: EncoderSpec) -> Iterator[ImageRecord]:
        """Every picture that has a name, once, in the order of the listing."""
        for address, hash_id, *facts, vector in self._db.execute(_PICTURES, {"encoder": self._number(encoder)}):
            picture_hash, image_format, size_bytes, width, height = facts
            yield ImageRecord(
                ref=_ref(address),
                hash_id=hash_id,
                picture_hash=picture_hash,
                format=image_format,
                size_bytes=size_bytes,
                width=width,
                height=height,
                tags=self._tags_of(hash_id),
                embedding=np.frombuffer(vector, dtype="<f4"),
                encoder=encoder,
            )

    def count_named(self) -> tuple[int, int]:
        """How many listed files hold a named picture, and how many pictures these are."""
        images, pictures = self._rows("SELECT count(picture_id), count(DISTINCT picture_id) FROM listing")[0]
        return images, pictures

    def files(self) -> Iterator[tuple[ImageRef, str]]:
        """Every listed file that holds a named picture, with the picture's ``hash_id``, in order."""
        rows = self._db.execute("SELECT address, picture_id FROM listing WHERE picture_id IS NOT NULL ORDER BY seq")
        return ((_ref(address), hash_id) for address, hash_id in rows)

    def files_of(self, hash_id: str) -> list[ListedFile]:
        """The listed files that hold one picture, in order."""
        rows = self._rows("SELECT address, number FROM listing WHERE picture_id = ? ORDER BY seq", (hash_id,))
        return [ListedFile(_ref(address), number) for address, number in rows]

    def tag_lists(self) -> Iterator[tuple[str, list[str]]]:
        """Every tag with the pictures in it, tags in alphabetical order, pictures in that of the listing."""
        rows = self._db.execute(
            "SELECT tag, picture_id FROM listing WHERE picture_id IS NOT NULL "
            "GROUP BY tag, picture_id ORDER BY tag, min(seq)"
        )
        for tag, group in groupby(rows, key=lambda row: str(row[0])):
            yield tag, [hash_id for _, hash_id in group]

    def tags_of_pictures(self) -> Iterator[tuple[str, list[str]]]:
        """Every named picture with its tags, in the order of the listing."""
        rows = self._db.execute(
            "SELECT picture_id FROM listing WHERE picture_id IS NOT NULL GROUP BY picture_id ORDER BY min(seq)"
        )
        return ((hash_id, list(self._tags_of(hash_id))) for (hash_id,) in rows)

    def _tags_of(self, hash_id: str) -> tuple[str, ...]:
        rows = self._rows("SELECT DISTINCT tag FROM listing WHERE picture_id = ? ORDER BY tag", (hash_id,))
        return tuple(tag for (tag,) in rows)

    def failures(self) -> Iterator[Failure]:
        """What failed of the listed images that have no name, in order: a failure of one encoder is not another's."""
        rows = self._db.execute(
            "SELECT l.address, f.step, f.code, f.reason FROM listing AS l "
            "JOIN failure AS f ON f.path = l.path AND f.stamp = l.stamp WHERE l.picture_id IS NULL ORDER BY l.seq"
        )
        return (Failure(_ref(address), step, code, reason) for address, step, code, reason in rows)

    # ----------------------------------------------------------------------------------------------------

    def _number(self, encoder: Optional[EncoderSpec]) -> Optional[int]:
        """The number that stands for an encoder in the tables, ``None`` where the store does not know it."""
        if encoder is None:
            return None
        known = self._rows(
            "SELECT id FROM encoder WHERE (name, pretrained) = (?, ?)", (encoder.name, encoder.pretrained)
        )
        return int(known[0][0]) if known else None

    def _rows(self, query: str, values: Any = ()) -> list[Any]:
        with self._lock, self._store_errors():
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock, self._store_errors(), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            yield

    @contextmanager
    def _store_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise OutputError(f"the working store {self.path} cannot be used: {error}. {_advice(error)}") from error


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


def _advice(error: sqlite3.Error) -> str:
    if "locked" in str(error):
        return "Wait for the other run, or use another output folder."
    if isinstance(error, sqlite3.OperationalError):
        return "Free some space, or use another output folder."
    return "It is damaged or something else: move it away, or use another output folder."


def _listing_rows(
    found: Iterable[Found], archives: list[FoundArchive], failures: list[Failure]
) -> Iterator[tuple[str, ...]]:
    """The rows of the images; archives and failures are put aside on the way, so that ``found`` can stream."""
    for item in found:
        if isinstance(item, FoundArchive):
            archives.append(item)
        elif isinstance(item, Failure):
            failures.append(item)
        else:
            ref = item.ref
            address = json.dumps([ref.file, *ref.members])
            yield ref.path, address, item.stamp, ref.name.casefold(), ref.tag


def _ref(address: str) -> ImageRef:
    file, *members = json.loads(address)
    return ImageRef(file, tuple(members))


def _image_values(facts: ImageFacts) -> dict[str, Any]:
    fields = {
        name: getattr(facts, name) for name in ("hash_id", "picture_hash", "format", "size_bytes", "width", "height")
    }
    return {"path": facts.ref.path, **fields}


def _failure_values(failure: Failure) -> dict[str, str]:
    fields = {"step": failure.step, "code": failure.code, "reason": failure.reason}
    return {"path": failure.ref.path, "decoder": decoder_version(), **fields}
