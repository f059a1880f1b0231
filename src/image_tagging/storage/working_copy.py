"""The copy on this machine of a folder of results in a bucket: runs work on it, and put up what they changed.

A list in the bucket names the files that the program has put up; it alone is followed, and written last. What else
lies there is neither fetched nor replaced. A note next to the copy has what is the same here and there.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, NamedTuple, Optional

from ..errors import InputError, StorageError
from ..files import file_name, stamp_of
from ..text import shortened
from .copies import cache_folder, copy_object, digest_of, is_plain_name
from .local import LocalStorage
from .objects import list_objects, object_info, read_object, remove_object, write_object, write_object_from

log = logging.getLogger(__name__)

#: The list of files in the bucket.
INDEX = "image-tagging-files.json"

#: Files of a run alone, which stay here.
_ONLY_HERE = re.compile(r"(^|/)\.|-(journal|wal|shm)$|(^|/)image-tagging\.(lock|log.*)$")

_STORE = "image-tagging.store"
_LONGEST_INDEX = 1 << 30

#: Files that are sent or fetched at a time.
_TOGETHER = 8

#: The copies that runs of this process work on, with the URLs that they are of.
_AT_WORK: dict[str, str] = {}


def url_of(folder: str) -> Optional[str]:
    """Return the URL whose working copy a folder is, where a run of this process works on it."""
    return _AT_WORK.get(folder)


class _Listed(NamedTuple):
    """A file that was put up: the stamp of the object, and the time of the file, by which placed images are known."""

    object: str
    mtime_ns: int


class _Known(NamedTuple):
    """A file that was the same here and there: what the list has of it, the stamp here, a digest of the content."""

    object: str
    mtime_ns: int
    local: str
    digest: str

    @property
    def listed(self) -> _Listed:
        """What the list has of it."""
        return _Listed(self.object, self.mtime_ns)


class WorkingCopy:
    """The copy of the results at a URL: ``folder``, in ``home``, which is to be used by one run at a time."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.home = cache_folder("outputs", f"{digest_of(url)}-{re.sub(r'[^A-Za-z0-9._-]', '_', file_name(url))[:40]}")
        self.folder = os.path.join(self.home, "files")
        self._home = LocalStorage(self.home)
        self._files = LocalStorage(self.folder)
        self._index_stamp = ""

    def fetch(self) -> None:
        """Make the copy what was put up last; what an interrupted run of this machine has done since stays.

        Raises
        ------
        StorageError
            The bucket cannot be read.
        """
        note, index = self._note(), self._index()
        if not index and not note:
            return
        known = {name: note[name] for name in note if name in index}
        for name in note.keys() - index.keys():
            self._forget(name)
        changed = [name for name, one in index.items() if name not in known or known[name].object != one.object]
        changed += [name for name in known if not os.path.exists(self._path(name))]
        with ThreadPoolExecutor(_TOGETHER) as threads:
            fetched = dict(zip(changed, threads.map(lambda name: self._fetched(name, index[name]), changed)))
        self._keep({**known, **{name: one for name, one in fetched.items() if one}})

    def put(self) -> int:
        """Put up the files that were changed, and return how many.

        Raises
        ------
        StorageError
            The bucket cannot be written, has files of others under names of ours, or was written by another run.
        """
        note, before = self._note(), self._index_stamp
        index = self._index()
        if self._index_stamp != before:
            raise StorageError(
                f"another run has put results at {self.url} since this one began: run again, which adds to them."
            )
        is_new = not index and not any(True for _ in list_objects(self.url, 1))
        names = sorted(self._names(), key=lambda name: (name == _STORE, name))
        known = {name: note[name] for name in names if name in note and note[name].listed == index.get(name)}
        changed = [name for name in names if name not in known or stamp_of(self._path(name)) != known[name].local]
        if not is_new:
            for name in changed:
                self._require_ours(name, index)
        with ThreadPoolExecutor(_TOGETHER) as threads:
            for name, one in zip(changed, threads.map(lambda name: self._put_up(name, known.get(name)), changed)):
                known[name] = one
        gone = index.keys() - set(names)
        for name in filter(is_plain_name, gone):
            remove_object(f"{self.url}/{name}")
        self._finish(known, index)
        return len(changed)

    def _finish(self, known: dict[str, _Known], index: dict[str, _Listed]) -> None:
        import orjson  # here, and not for --help

        files = {name: one.listed for name, one in sorted(known.items())}
        if files != index:
            listed = {"format": 1, "files": {name: list(one) for name, one in files.items()}}
            write_object(f"{self.url}/{INDEX}", orjson.dumps(listed))
            self._index()
        self._keep(known)

    def _put_up(self, name: str, known: Optional[_Known]) -> _Known:
        path, url = self._path(name), f"{self.url}/{name}"
        local, digest = stamp_of(path), _digest(path)
        if known and known.digest == digest:
            return known._replace(local=local)
        write_object_from(url, path)
        info = object_info(url)
        if info is None:
            raise StorageError(f"{url} is gone as soon as it was written: look who else works there.")
        return _Known(info.stamp, os.stat(path).st_mtime_ns, local, digest)

    def _fetched(self, name: str, listed: _Listed) -> Optional[_Known]:
        """Fetch a file; ``None`` where it is gone, or its name leads out of the folder."""
        info = object_info(f"{self.url}/{name}") if is_plain_name(name) else None
        if info is None:
            log.warning("%s lists %s, which cannot be fetched", self.url, shortened(name, 200))
            return None
        for ending in ("-journal", "-wal", "-shm"):  # of another version of a database
            self._files.remove(name + ending)
        path = self._path(name)
        copy_object(info, path)
        os.utime(path, ns=(listed.mtime_ns, listed.mtime_ns))
        return _Known(info.stamp, listed.mtime_ns, stamp_of(path), _digest(path))

    def _require_ours(self, name: str, index: dict[str, _Listed]) -> None:
        url = f"{self.url}/{name}"
        if name not in index and object_info(url) is not None:
            raise StorageError(f"{url} is there, and this program did not put it there: use another output folder.")

    def _forget(self, name: str) -> None:
        """Remove a file that was put up, and that somebody has removed there."""
        if is_plain_name(name):
            self._files.remove(name)

    def _index(self) -> dict[str, _Listed]:
        """Return the files that were put up, with their stamps; remember the stamp of the list."""
        import orjson

        url = f"{self.url}/{INDEX}"
        info = object_info(url)
        self._index_stamp = info.stamp if info else ""
        if info is None:
            return {}
        try:
            files = orjson.loads(read_object(url, _LONGEST_INDEX, info.stamp))["files"]
            return {name: _Listed(str(stamp), int(mtime_ns)) for name, (stamp, mtime_ns) in files.items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StorageError(f"{url} is damaged, or of another program: use another output folder.") from error

    def _note(self) -> dict[str, _Known]:
        import orjson

        with suppress(StorageError, ValueError, TypeError, KeyError):
            note: Any = orjson.loads(self._home.read("note.json"))
            return {name: _Known(*one) for name, one in note["files"].items()}
        return {}

    def _keep(self, known: dict[str, _Known]) -> None:
        import orjson

        self._home.write(
            "note.json", orjson.dumps({"url": self.url, "files": {name: list(one) for name, one in known.items()}})
        )

    def _names(self) -> Iterator[str]:
        for folder, _, files in os.walk(self.folder):
            for file in files:
                name = os.path.relpath(os.path.join(folder, file), self.folder).replace(os.sep, "/")
                if not _ONLY_HERE.search(name):
                    yield name

    def _path(self, name: str) -> str:
        return os.path.join(self.folder, *name.split("/"))

    def __enter__(self) -> WorkingCopy:
        if url_of(self.folder):
            raise InputError(f"a run of this program works at {self.url} already.")
        _AT_WORK[self.folder] = self.url
        return self

    def __exit__(self, *_: object) -> None:
        _AT_WORK.pop(self.folder, None)


def _digest(path: str) -> str:
    digest = hashlib.blake2b(digest_size=20)
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
