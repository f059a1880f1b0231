"""The folder of an export, as formats see it: one that only finds out what would be written, and one that writes."""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, Optional, cast

from ...addresses import ImageRef
from ...errors import OutputError, ReadError
from ...files import link_target
from ...interchange import COPY, HARDLINK
from ...records import Failure
from ...sources import SourceReader
from ...text import short_path
from ...writing import copy_image, folder_below, link_image, new_file, remove_below
from .counts import Counts
from .ledger import Ledger, digest_of
from .names import MirrorNames

_ANY = re.compile(b"")


class _Folder:
    """What planning and writing have in common: names, and the images that are read."""

    def __init__(self, root: str, names: MirrorNames, ledger: Ledger, reader: SourceReader) -> None:
        self.root, self._names, self._ledger, self._reader = root, names, ledger, reader
        self.counts = Counts()
        self.failures: list[Failure] = []
        self.wanted: set[int] = set()

    def name_of(self, ref: ImageRef) -> str:
        """Return the name of an image below the folder of its input."""
        return self._names.name_of(ref)

    def read(self, ref: ImageRef) -> Optional[bytes]:
        """Return the bytes of an image; ``None`` where it cannot be read, which is kept as a failure."""
        try:
            return self._reader.read(ref)
        except ReadError as error:
            self.failures.append(Failure(ref, "read", error.code, str(error)))
            return None

    def want(self, name: str) -> str:
        """Note that there is a file of this name; return its path."""
        path = path_of(self.root, name)
        self.wanted.add(hash(os.path.normcase(path)))
        return path


class PlannedFolder(_Folder):
    """Finds out what would be written; ``foreign`` are files of others that have the names."""

    reads = False

    def __init__(self, root: str, names: MirrorNames, ledger: Ledger, reader: SourceReader) -> None:
        super().__init__(root, names, ledger, reader)
        self.foreign: list[str] = []

    def write(self, name: str, content: bytes) -> None:
        """Say that a file would be written."""
        self._count(name, digest_of(content))

    @contextmanager
    def new_file(self, name: str) -> Iterator[BinaryIO]:
        """Give a file to write to, which is nowhere."""
        sink = _Digesting()
        yield cast("BinaryIO", sink)
        self._count(name, sink.digest.hexdigest())

    def read(self, ref: ImageRef) -> Optional[bytes]:
        """Return the bytes of an image, or none of them where nothing is counted by them."""
        return super().read(ref) if self.reads else b""

    def copy(self, ref: ImageRef, name: str, place: str) -> bool:
        """Say that an image would be placed; what is in it is looked at where it would be written."""
        path = self.want(name)
        is_there = os.path.lexists(path)
        self.counts.new += not is_there
        self.counts.unchanged += is_there
        if is_there and name not in self._ledger.known:
            self.foreign.append(path)
        return True

    def _count(self, name: str, digest: str) -> None:
        path = self.want(name)
        if not os.path.lexists(path):
            self.counts.new += 1
            return
        before = identity(path) if os.path.isfile(path) else ""
        if before == digest:
            self.counts.unchanged += 1
            return
        self.counts.changed += 1
        if self._ledger.owner(name, before) is None:
            self.foreign.append(path)


class WrittenFolder(_Folder):
    """Writes, and notes each file before it is in its place."""

    replaces = False

    def __init__(self, root: str, names: MirrorNames, ledger: Ledger, reader: SourceReader) -> None:
        super().__init__(root, names, ledger, reader)
        self._folders: set[str] = set()

    def write(self, name: str, content: bytes) -> None:
        """Write a file; raise OutputError."""
        with self.new_file(name) as file:
            file.write(content)

    @contextmanager
    def new_file(self, name: str) -> Iterator[BinaryIO]:
        """Give a file to write to, which is moved into its place if that changes what is there."""
        path = self._place(name)
        with suppress(_UnchangedError), new_file(path, _ANY) as file:
            hashed = _Digesting(file)
            yield cast("BinaryIO", hashed)
            if not self._takes(name, path, hashed.digest.hexdigest()):
                raise _UnchangedError  # the new file goes, and the old one stays

    def copy(self, ref: ImageRef, name: str, place: str) -> bool:
        """Place an image; return whether it could be read. Raise OutputError."""
        path = self._place(name)
        if place != COPY and ref.is_plain_file:
            return self._link(ref, name, path, place)
        content = self.read(ref)
        if content is None:
            return False
        if self._takes(name, path, digest_of(content)):
            try:
                copy_image(content, path, self.root)
            except OSError as error:
                raise unwritable(path, error) from error
        return True

    def _link(self, ref: ImageRef, name: str, path: str, place: str) -> bool:
        source = os.path.realpath(ref.file)
        if not os.path.isfile(source):
            self.failures.append(Failure(ref, "read", "missing", f"{short_path(ref.file)} is no longer there."))
            return False
        is_hard = place == HARDLINK
        if is_hard and os.path.lexists(path) and not os.path.islink(path) and os.path.samefile(path, source):
            self.counts.unchanged += 1
            return True
        digest = identity(source) if is_hard else _link_digest(source)
        if self._takes(name, path, digest):
            try:
                if os.path.lexists(path):
                    remove_below(self.root, os.path.join("", *name.split("/")[:-1]), os.path.basename(path))
                link_image(source, path, symbolic=not is_hard)
            except OSError as error:
                raise OutputError(
                    f"cannot link {short_path(path)} to its image: {error.strerror or error}. Place copy."
                ) from error
        return True

    def _place(self, name: str) -> str:
        path = self.want(name)
        folder = os.path.dirname(path)
        if folder not in self._folders:
            folder_below(self.root, *name.split("/")[:-1])
            self._folders.add(folder)
        return path

    def _takes(self, name: str, path: str, digest: str) -> bool:
        """Return whether a file must be written, and note it then; raise OutputError where one of others is there."""
        if not os.path.lexists(path):
            self.counts.new += 1
        else:
            before = identity(path) if os.path.isfile(path) or os.path.islink(path) else ""
            if before == digest:
                self.counts.unchanged += 1
                return False
            if not self.replaces and self._ledger.owner(name, before) is None:
                raise OutputError(
                    f"{short_path(path)} was not written by an export, or was changed since: move it away."
                )
            self.counts.changed += 1
        self._ledger.note([(name, digest, False)])
        return True


class _UnchangedError(Exception):
    """The file that is there holds the same."""


class _Digesting(io.RawIOBase):
    """Passes bytes on to a file, or to nowhere, and sums them up."""

    def __init__(self, file: Optional[BinaryIO] = None) -> None:
        self._file, self._at = file, 0
        self.digest = hashlib.blake2b(digest_size=16)

    def writable(self) -> bool:
        """Return true."""
        return True

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self._at

    def write(self, data: object) -> int:
        """Take bytes."""
        view = memoryview(cast("bytes", data)).cast("B")
        self.digest.update(view)
        if self._file is not None:
            self._file.write(view)
        self._at += len(view)
        return len(view)


def path_of(root: str, name: str) -> str:
    """Return the path of a file by its name below the folder, whose parts are joined by ``/``."""
    return os.path.join(root, *name.split("/"))


def identity(path: str) -> str:
    """Return what the ledger calls a file that is there: its digest; where it leads to, of a link. OutputError."""
    if os.path.islink(path):
        return _link_digest(link_target(path))
    digest = hashlib.blake2b(digest_size=16)
    try:
        with open(path, "rb") as file:
            while part := file.read(1 << 20):
                digest.update(part)
    except OSError as error:
        raise unwritable(path, error) from error
    return digest.hexdigest()


def unwritable(path: str, error: OSError) -> OutputError:
    """Return the error for a file that cannot be written, or looked at before that."""
    return OutputError(f"cannot write {short_path(path)}: {error.strerror or error}. Free some space or allow it.")


def _link_digest(target: str) -> str:
    return digest_of(b"link to " + os.fsencode(target))
