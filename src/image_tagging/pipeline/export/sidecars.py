"""Exports of one small file for each image file: planned as a whole, and refused before anything is written."""

from __future__ import annotations

import os
import stat
from array import array
from collections.abc import Iterator
from typing import NamedTuple, Optional

import numpy as np
from numpy.typing import NDArray

from ...addresses import ImageRef
from ...errors import InputError, OutputError
from ...files import is_url
from ...interchange import ExportedPicture, ExportedPictures, SidecarFormat
from ...progress import Progress
from ...text import counted, escaped, short_path
from ...writing import copy_image, folder_below, remove_below
from .counts import Counts
from .folders import remove_written
from .ledger import Ledger, Noted, digest_of
from .names import MirrorNames
from .planned import PlannedFile, PlannedFiles

_LARGEST = 64 << 20


class _File(NamedTuple):
    name: str  # below the root, or the path of a file next to its image
    path: str
    picture: ExportedPicture
    ref: ImageRef


class SidecarExport:
    """Writes the files of a format below ``root``, or next to the images where that is empty."""

    def __init__(self, root: str, form: SidecarFormat, names: MirrorNames, ledger: Ledger) -> None:
        self._root, self._form, self._names, self._ledger = root, form, names, ledger
        self._begin = os.path.join(root, "")
        self._folders: dict[str, bool] = {}
        self._replace = False
        self._wanted: NDArray[np.int64] = np.empty(0, np.int64)  # hashes of paths, sorted

    def plan(
        self, pictures: ExportedPictures, watch: Progress, keep: Optional[PlannedFiles], *, replace: bool
    ) -> Counts:
        """Return what :meth:`run` will do; ``keep`` gets the files to write.

        Raises
        ------
        InputError
            Two images want one name, or a file of others cannot be merged.
        OutputError
            A file of others has the name of one, or a folder cannot be written.
        """
        self._replace = replace
        hashes, counts, foreign = array("q"), Counts(), []
        for file in self._files(pictures, counts, watch, "Planning"):
            hashes.append(hash(os.path.normcase(file.path)))
            try:
                planned = self._planned(file)
            except _NotOursError:
                foreign.append(file.path)
                continue
            if planned is None:
                counts.unchanged += 1
                continue
            counts.changed += bool(planned.before)
            counts.new += not planned.before
            if keep is not None:
                keep.add(planned)
        self._wanted = self._one_each(pictures, hashes)
        if foreign:
            more = f" (and {counted(len(foreign) - 1, 'more file')})" if len(foreign) > 1 else ""
            raise OutputError(
                f"{short_path(foreign[0])}{more} was not written by an export, or was changed since, so nothing was "
                "written. Move it away, or give --replace to lose what is in it."
            )
        counts.removed = sum(1 for _ in self._stale())
        return counts

    def run(self, planned: PlannedFiles, watch: Progress) -> None:
        """Write what was planned, and remove what is no longer wanted; raise OutputError."""
        number = 0
        for batch in planned.batches():
            self._ledger.note((file.name, digest_of(file.content), file.merged) for file in batch)
            for file in batch:
                self._write(file)
            number += len(batch)
            watch("Writing", number, None)
        stale = list(self._stale())
        for noted in stale:
            if self._root:
                remove_written(self._root, noted.name)
            else:
                folder, name = os.path.split(self._path(noted.name))
                remove_below(folder, "", name)
        self._ledger.finish(self._may_be_there)

    def _files(self, pictures: ExportedPictures, counts: Counts, watch: Progress, activity: str) -> Iterator[_File]:
        for picture in pictures:
            counts.pictures += 1
            if counts.pictures % 256 == 0:
                watch(activity, counts.pictures, None)
            if not self._form.is_wanted(picture):
                counts.untagged += 1
                continue
            for ref in picture.files:
                if self._root:
                    folder, _, own = self._names.name_of(ref).rpartition("/")
                    name = f"{folder}/{self._form.name_of(own)}" if folder else self._form.name_of(own)
                    yield _File(name, self._path(name), picture, ref)
                elif ref.members or is_url(ref.file):
                    counts.inside += 1
                else:
                    folder, own = os.path.split(ref.file)
                    if not self._is_there(folder):
                        counts.gone += 1
                        continue
                    path = os.path.join(folder, self._form.name_of(own))
                    yield _File(path, path, picture, ref)

    def _is_there(self, folder: str) -> bool:
        if folder not in self._folders:
            self._folders[folder] = os.path.isdir(folder)
            if self._folders[folder] and not os.access(folder, os.W_OK):
                raise OutputError(
                    f"cannot write in {short_path(folder)}: it is read-only. Leave out --beside: the files go to a "
                    "folder of their own, which has the folders of the images."
                )
        return self._folders[folder]

    def _planned(self, file: _File) -> Optional[PlannedFile]:
        """Return what a file should hold; ``None`` where it does."""
        before = _read(file.path)
        digest = "" if before is None else digest_of(before)
        noted = self._ledger.owner(file.name, digest) if digest else None
        is_own = before is None or (noted is not None and not noted.merged)
        merged = not is_own and self._form.merges
        try:
            content = self._form.content(file.picture, file.ref, before if merged else None)
        except InputError as error:
            path = short_path(file.path)
            raise InputError(f"{path} {error}. Nothing was written: repair it or move it away.") from error
        if content == before:
            return None
        if is_own or merged or self._replace:
            return PlannedFile(file.name, content, digest, merged)
        raise _NotOursError

    def _write(self, file: PlannedFile) -> None:
        path = self._path(file.name)
        folder = os.path.dirname(path)
        if self._root and folder not in self._folders:
            folder_below(self._root, *file.name.split("/")[:-1])
            self._folders[folder] = True
        before = _read(path)
        if before is not None and digest_of(before) != file.before and before != file.content:
            raise OutputError(f"{short_path(path)} was changed meanwhile: export again.")
        try:
            copy_image(file.content, path, self._root or folder)
        except OSError as error:
            why = error.strerror or str(error)
            raise OutputError(f"cannot write {short_path(path)}: {why}. Free some space.") from error

    def _may_be_there(self, name: str) -> bool:
        """Return whether a file is there, or its folder is not: that may be on a disk that comes back."""
        path = self._path(name)
        return os.path.lexists(path) or (not self._root and not os.path.isdir(os.path.dirname(path)))

    def _path(self, name: str) -> str:
        return self._begin + name.replace("/", os.sep) if self._root else name

    def _stale(self) -> Iterator[Noted]:
        """Yield our own files that are no longer wanted, and are as we wrote them."""
        suffix = os.path.splitext(self._form.name_of("a.png"))[1]
        for name in self._ledger.known:
            path = self._path(name)
            is_ours = path.endswith(suffix) and os.path.isabs(path)
            if is_ours and not self._is_wanted(path) and os.path.lexists(path):
                content = _read(path)
                noted = self._ledger.owner(name, digest_of(content)) if content is not None else None
                if noted is not None and not noted.merged:
                    yield noted

    def _is_wanted(self, path: str) -> bool:
        hashed = hash(os.path.normcase(path))
        at = int(self._wanted.searchsorted(hashed))
        return at < len(self._wanted) and int(self._wanted[at]) == hashed

    def _one_each(self, pictures: ExportedPictures, hashes: array[int]) -> NDArray[np.int64]:
        """Return the hashes of all paths, sorted; raise InputError where two images want one."""
        values, counts = np.unique(np.array(hashes, dtype=np.int64), return_counts=True)
        double = set(values[counts > 1].tolist())
        if not double:
            return values
        met: dict[str, ImageRef] = {}
        for file in self._files(pictures, Counts(), lambda *_: None, ""):
            path = os.path.normcase(file.path)
            if hash(path) in double:
                if path in met:
                    raise InputError(
                        f"{short_path(met[path].path)} and {short_path(file.ref.path)} want one file, "
                        f"{escaped(os.path.basename(file.path))}, so nothing was written. Give --sidecar_name full, or "
                        "rename one."
                    )
                met[path] = file.ref
        return values


class _NotOursError(Exception):
    """A file of others is in the way."""


def _read(path: str) -> Optional[bytes]:
    """Return what is in a file; ``None`` where there is none."""
    try:
        status = os.lstat(path)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST:
            raise OutputError(f"{short_path(path)} is no small plain file, so nothing replaces it. Move it away.")
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        why = error.strerror or str(error)
        raise OutputError(f"cannot read {short_path(path)}: {why}. Allow it or move it away.") from error
