"""An input that was moved to another path: what is known of its images is known of them there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress

import orjson

from ..addresses import ImageRef
from ..files import stamp_of
from .addresses import as_ref
from .finished import FinishedWork
from .inputs import Inputs
from .store_file import StoreFile

_PAGE = 2048

_PAGE_OF = "SELECT seq, address, stamp FROM listed WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?"
_TAKEN = "SELECT 1 FROM listed WHERE (address, role) = (?, ?)"

_MOVE_LISTED = "UPDATE listed SET address = ?, stamp = ? WHERE seq = ?"
_COPY_IMAGE = """
INSERT OR REPLACE INTO image SELECT ?, ?, hash_id, picture_hash, format, size_bytes, width, height
FROM image WHERE (address, stamp) = (?, ?)
"""
_COPY_FAILURE = """
INSERT OR REPLACE INTO failure SELECT ?, ?, decoder, step, code, reason
FROM failure WHERE (address, stamp) = (?, ?)
"""
_MOVE_PLACED = "UPDATE OR REPLACE placed SET address = ? WHERE address = ?"

_ROWS = "SELECT address, stamp, tag FROM listed WHERE seq BETWEEN ? AND ? ORDER BY seq"
_ARCHIVES = "SELECT archives FROM input WHERE (role, number) = (?, ?)"
_MOVE_INPUT = "UPDATE input SET source = ?, digest = ?, archives = ? WHERE (role, number) = (?, ?)"

#: Nanoseconds by which the time of a file may differ after it was copied to a file system with coarser times.
_COARSE = 2_000_000_000


class MovedInputs:
    """The part of the working store that gives the chosen input another path."""

    def __init__(self, file: StoreFile, inputs: Inputs, finished: FinishedWork) -> None:
        self._file = file
        self._inputs = inputs
        self._finished = finished

    def count_files(self, new: str) -> tuple[int, int, str]:
        """Return how many images of the input there are, how many are not at ``new``, and the path of one of these.

        Of images in an archive the archive is looked for.
        """
        count, missing, first, there = 0, 0, "", {"": True}
        for _, ref, _ in self._images():
            file = moved_path(ref.file, self._inputs.source, new)
            if file not in there:
                there = {file: os.path.isfile(file)}  # images of one archive follow each other
            count += 1
            missing += not there[file]
            first = first or ("" if there[file] else file)
        return count, missing, first

    def is_taken(self, new: str) -> bool:
        """Return whether an image of another input of the role lies at the path that one of this would have."""
        refs = (_moved(ref, self._inputs.source, new) for _, ref, _ in self._images())
        return any(self._file.rows(_TAKEN, (ref.key, self._inputs.role)) for ref in refs)

    def move(self, new: str) -> None:
        """Give the input, its images and what is known of them the new path, in one transaction.

        A file of the size and the time that it had is taken for the same; any other is read by the next run.
        """
        old, inputs = self._inputs.source, self._inputs
        with self._file.transaction() as db:
            for seq, ref, stamp in self._images():
                moved = _moved(ref, old, new)
                now = (moved.key, _stamp_there(moved, stamp))
                db.execute(_COPY_IMAGE, (*now, ref.key, stamp))
                db.execute(_COPY_FAILURE, (*now, ref.key, stamp))
                db.execute(_MOVE_PLACED, (moved.key, ref.key))
                db.execute(_MOVE_LISTED, (*now, seq))
            ((archives,),) = self._file.rows(_ARCHIVES, (inputs.role, inputs.number))
            there = [[_moved(as_ref(self._file, key), old, new).key, images] for key, images in orjson.loads(archives)]
            row = (ImageRef(new).key, self._digest(), orjson.dumps(there).decode())
            db.execute(_MOVE_INPUT, (*row, inputs.role, inputs.number))
            self._finished.forget_results(db, inputs.work())
        inputs.choose(inputs.role, new)

    def _images(self) -> Iterator[tuple[int, ImageRef, str]]:
        """Yield the images of the input; meanwhile the store may be written."""
        after, last = self._inputs.own_range
        while rows := self._file.rows(_PAGE_OF, (after, last, _PAGE)):
            after = rows[-1][0] + 1
            yield from ((seq, as_ref(self._file, address), stamp) for seq, address, stamp in rows)

    def _digest(self) -> str:
        """Return the digest of the images as finding them at the new path gives it."""
        digest = hashlib.blake2b(digest_size=32)
        for address, stamp, tag in self._file.stream(_ROWS, self._inputs.own_range):
            digest.update(f"{address} {stamp} {tag}\n".encode())
        return digest.hexdigest()


def moved_path(path: str, old: str, new: str) -> str:
    """Return where a file of an input lies after that was moved."""
    return new + path[len(old) :] if path == old or path.startswith(os.path.join(old, "")) else path


def _moved(ref: ImageRef, old: str, new: str) -> ImageRef:
    return ImageRef(moved_path(ref.file, old, new), ref.members)


def _stamp_there(ref: ImageRef, stamp: str) -> str:
    """Return the stamp of a plain file at its new path where it is the same file by size and time, else the old one."""
    if not ref.members:
        with suppress(OSError, ValueError):
            there = stamp_of(ref.file)
            (size, time), (size_there, time_there) = (each.split(":")[:2] for each in (stamp, there))
            if size == size_there and abs(int(time) - int(time_there)) <= _COARSE:
                return there
    return stamp
