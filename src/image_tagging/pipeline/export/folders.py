"""Exports of files that hold many pictures: tried first, without a file, and refused before anything is written."""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import BinaryIO, Optional, cast

from ...addresses import ImageRef
from ...errors import OutputError, ReadError
from ...files import is_url, stamp_of
from ...interchange import COPY, SYMLINK, ExportedPicture, ExportedPictures, FolderFormat
from ...progress import Progress
from ...sources import SourceReader
from ...text import short_path
from ...writing import copy_image, folder_below, link_image, new_file, remove_below, remove_empty_folder
from .counts import Counts
from .ledger import Ledger, Noted
from .names import MirrorNames

#: What is at a name is ours by its digest, which was looked at before.
_ANYTHING = re.compile(b"")

_PART = 1 << 20


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


class _Watched:
    """Pictures, of which a person sees how many were met."""

    def __init__(self, pictures: ExportedPictures, watch: Progress, activity: str, counts: Counts) -> None:
        self._pictures, self._watch, self._activity, self._counts = pictures, watch, activity, counts

    @property
    def tags(self) -> tuple[str, ...]:
        """Every tag, by name."""
        return self._pictures.tags

    def __iter__(self) -> Iterator[ExportedPicture]:
        number = 0
        for number, picture in enumerate(self._pictures, start=1):
            if number % 256 == 0:
                self._watch(self._activity, number, None)
            yield picture
        self._counts.pictures = number


class FolderExport:
    """Writes a format below ``root``; it is the :class:`.interchange.ExportFolder` of that format."""

    def __init__(self, root: str, form: FolderFormat, names: MirrorNames, ledger: Ledger) -> None:
        self._root, self._form, self._names, self._ledger = root, form, names, ledger
        self._is_plan, self._replace, self._has_read = True, False, False
        self._reader: Optional[SourceReader] = None
        self._wanted: set[str] = set()
        self._right: set[str] = set()  # those that hold already what they should
        self._folders: set[str] = set()
        self._counts = Counts()

    def plan(self, pictures: ExportedPictures, watch: Progress, *, replace: bool) -> Counts:
        """Return what :meth:`run` will do; raise OutputError where a file of others is in the way."""
        self._replace = replace
        self._form.write(_Watched(pictures, watch, "Planning", self._counts), self)
        self._counts.removed = sum(1 for _ in self._stale())
        return self._counts

    def run(self, pictures: ExportedPictures, watch: Progress) -> None:
        """Write what was planned; raise OutputError."""
        self._is_plan, self._wanted = False, set()
        with closing(SourceReader()) as self._reader:
            self._form.write(_Watched(pictures, watch, "Writing", self._counts), self)
        for name in list(self._stale()):
            folder, own = os.path.split(self._path(name))
            remove_below(folder, "", own)
            parts = name.split("/")[:-1]
            while parts:
                remove_empty_folder(self._root, os.path.join(*parts))
                parts.pop()
        self._ledger.finish(lambda name: os.path.lexists(self._path(name)))

    def name_of(self, ref: ImageRef) -> str:
        """Return the name of an image below the folder."""
        return self._names.name_of(ref)

    def write(self, name: str, content: bytes) -> None:
        """Write a file below the folder."""
        with self._streamed(name) as file:
            file.write(content)

    def stream(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Give a file below the folder to write to."""
        return self._streamed(name)

    @contextmanager
    def _streamed(self, name: str) -> Iterator[BinaryIO]:
        self._want(name)
        if self._is_plan or name in self._right:
            self._has_read = False
            sink = _Digesting()
            yield cast("BinaryIO", sink)
            if self._is_plan:
                self._judge(name, "" if self._has_read else sink.digest.hexdigest(), _digest_at(self._path(name)))
            return
        self._make_folder(name)
        with new_file(self._path(name), _ANYTHING) as file:
            summed = _Digesting(file)
            yield cast("BinaryIO", summed)
            self._ledger.note(name, summed.digest.hexdigest(), merged=False)

    def read(self, ref: ImageRef) -> Optional[bytes]:
        """Return the bytes of an image; while an export is planned an empty text, so that none is read twice."""
        self._has_read = True
        if self._reader is None:
            return b""
        try:
            content = self._reader.read(ref)
            if isinstance(content, bytes):
                return content
            with open(content, "rb") as file:
                return file.read()
        except (ReadError, OSError):
            self._counts.unread += 1
            return None

    def copy(self, ref: ImageRef, name: str, place: str) -> bool:
        """Place an image below the folder."""
        self._want(name)
        path, plain = self._path(name), ref.is_plain_file
        how = place if plain else COPY
        digest = f"{how} {hashlib.blake2b(f'{ref.key} {_stamp(ref)}'.encode(), digest_size=16).hexdigest()}"
        if self._is_plan:
            is_there = os.path.lexists(path)
            noted = is_there and self._ledger.known.get(name)
            self._judge(name, digest, (noted[-1].digest if noted else "?") if is_there else None)
            return True
        if name in self._right:
            return True
        assert self._reader is not None
        self._make_folder(name)
        try:
            content = self._reader.read(ref)
            self._ledger.note(name, digest, merged=False)
            if how == COPY or isinstance(content, bytes):
                copy_image(content, path, self._root)
            else:
                if os.path.lexists(path):
                    os.remove(path)
                link_image(os.path.abspath(content), path, symbolic=how == SYMLINK)
        except ReadError:
            self._counts.unread += 1
            return False
        except OSError as error:
            why = error.strerror or str(error)
            raise OutputError(f"cannot write {short_path(path)}: {why}. Free some space, or place copy.") from error
        return True

    def _want(self, name: str) -> None:
        if name in self._wanted:
            raise OutputError(f"two files of the export would be called {name}, so nothing more was written.")
        self._wanted.add(name)

    def _judge(self, name: str, digest: str, now: Optional[str]) -> None:
        """Count a file that holds ``now`` what its digest says, and should hold another; ``None`` where none is."""
        if now is None:
            self._counts.new += 1
        elif now == digest:
            self._counts.unchanged += 1
            self._right.add(name)
        elif self._ledger.owner(name, now) or self._replace:
            self._counts.changed += 1
        else:
            raise OutputError(
                f"{short_path(self._path(name))} was not written by an export, or was changed since, so nothing was "
                "written. Move it away, or give --replace to lose what is in it."
            )

    def _make_folder(self, name: str) -> None:
        folder, _, _ = name.rpartition("/")
        if folder not in self._folders:
            folder_below(self._root, *filter(None, folder.split("/")))
            self._folders.add(folder)

    def _path(self, name: str) -> str:
        return os.path.join(self._root, *name.split("/"))

    def _stale(self) -> Iterator[str]:
        for name, notes in self._ledger.known.items():
            if name not in self._wanted and self._is_as_noted(name, notes[-1]):
                yield name

    def _is_as_noted(self, name: str, noted: Noted) -> bool:
        path = self._path(name)
        if " " in noted.digest:  # a placed image
            return os.path.lexists(path)
        return _digest_at(path) == noted.digest


def _stamp(ref: ImageRef) -> str:
    try:
        return "" if is_url(ref.file) else stamp_of(ref.file)
    except OSError:
        return ""


def _digest_at(path: str) -> Optional[str]:
    """Return what stands for the content of a file; ``None`` where none is."""
    digest = hashlib.blake2b(digest_size=16)
    try:
        if os.path.islink(path) or not os.path.isfile(path):
            return "?" if os.path.lexists(path) else None
        with open(path, "rb") as file:
            while part := file.read(_PART):
                digest.update(part)
    except OSError as error:
        why = error.strerror or str(error)
        raise OutputError(f"cannot read {short_path(path)}: {why}. Allow it or move it away.") from error
    return digest.hexdigest()
