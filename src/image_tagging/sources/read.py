"""The bytes of one address: a file, or a member of an archive, however deep; archives stay open for the next."""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Optional

from ..addresses import ImageRef
from ..errors import ReadError
from ..files import stamp_of
from .archives import DEFAULT_LIMITS, Archive, ArchiveLimits, Budget, open_archive
from .system_folders import is_system_device, system_folder_error

#: Images of more bytes than the first wait until all that are in memory have no more than the second, or are none.
_LARGE, _ROOM = 16 << 20, 256 << 20


def as_read_error(error: Exception) -> ReadError:
    """What a file system raised, as a reason code and a sentence."""
    if isinstance(error, FileNotFoundError):
        return ReadError("missing", "the file is no longer there")
    if isinstance(error, PermissionError):
        return ReadError("no-permission", "the file may not be read")
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        return ReadError("long-name", "its path is longer than the system takes: give its folders shorter names")
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return ReadError("unreadable", f"the file cannot be read ({why})")


class SourceReader:
    """Reads the bytes of images; keeps the last few archives open.

    One reader belongs to one thread: archives must not be shared, and opening one of 80,000 members again for
    every image would cost a tenth of a second each. ``archive_encoding`` is as for :func:`.find_images`; without it
    members are found, too, except of several that have one name there.
    """

    def __init__(
        self, *, limits: ArchiveLimits = DEFAULT_LIMITS, keep_open: int = 4, archive_encoding: Optional[str] = None
    ) -> None:
        self._limits = replace(limits, encoding=archive_encoding or limits.encoding)
        self._keep_open = keep_open
        self._archives: OrderedDict[ImageRef, Archive] = OrderedDict()
        self._stamps: dict[str, str] = {}  # of the files that are open, and their sizes
        self._sizes: dict[str, int] = {}

    def read(self, ref: ImageRef) -> bytes:
        """The bytes of the image at ``ref``.

        Raises
        ------
        ReadError
            It is gone, has changed meanwhile, may not be read, is encrypted, damaged or larger than the limits.
        """
        with self._read_errors(ref):
            if not ref.members:
                return _read_file(ref.file, self._limits)
            archive = self._archive(_holder(ref))
            return archive.read(ref.members[-1], self._limits.member_bytes(self._sizes[ref.file]))

    @contextmanager
    def _read_errors(self, ref: ImageRef) -> Iterator[None]:
        """Raise ReadError for what keeps the image at ``ref`` from being read."""
        try:
            yield
        except (ReadError, OSError) as error:
            read_error = error if isinstance(error, ReadError) else as_read_error(error)
            if ref.members and self._has_changed(ref.file):
                read_error = ReadError("changed", "the archive was changed while it was read: run again")
            raise read_error from error

    def size(self, ref: ImageRef) -> int:
        """Return how many bytes :meth:`read` gives at most; it raises the same errors."""
        with self._read_errors(ref):
            if not ref.members:
                return os.path.getsize(ref.file)
            return _stated_size(self._archive(_holder(ref)), ref.members[-1])

    def stamp(self, ref: ImageRef) -> str:
        """Return what changes when the image does, as finding gives it; it raises the same errors as :meth:`read`."""
        with self._read_errors(ref):
            if not ref.members:
                return stamp_of(ref.file)
            archive = self._archive(_holder(ref))
            found = archive.find(ref.members[-1])
            return "" if found is None else archive.members[found].stamp

    def close(self) -> None:
        """Close every archive that is still open."""
        for archive in self._archives.values():
            archive.close()
        self._archives.clear()
        self._stamps.clear()
        self._sizes.clear()

    def _archive(self, ref: ImageRef) -> Archive:
        if ref in self._archives:
            self._archives.move_to_end(ref)
            return self._archives[ref]
        if ref.members:
            holder = self._archive(_holder(ref))
            name = ref.members[-1]
            size = _stated_size(holder, name)
            self._make_room(size)
            archive = holder.inner(name, Budget(self._limits, max(size, self._sizes[ref.file])))
        else:
            self._make_room(0)
            self._stamps[ref.file] = stamp_of(ref.file)
            self._sizes[ref.file] = os.path.getsize(ref.file)
            archive = open_archive(ref.file, self._limits)
        self._archives[ref] = archive
        return archive

    def _make_room(self, size: int) -> None:
        """Close the archives that were longest not used; never the last one, which the next may be read from."""
        while len(self._archives) > 1 and (
            len(self._archives) >= self._keep_open or self._held_bytes() + size > self._limits.held_bytes
        ):
            self._archives.popitem(last=False)[1].close()

    def _held_bytes(self) -> int:
        return sum(archive.held_bytes for archive in self._archives.values())

    def _has_changed(self, file: str) -> bool:
        """Whether an archive has changed since it was opened; then it is opened again for the next image."""
        try:
            is_same = self._stamps.get(file) in {None, stamp_of(file)}
        except OSError:
            is_same = file not in self._stamps
        if not is_same:
            for ref in [ref for ref in self._archives if ref.file == file]:
                self._archives.pop(ref).close()
            self._stamps.pop(file)
        return not is_same


class ThreadReaders:
    """A reader for each thread that reads; all are closed when the threads are done.

    Large images of all threads together take no more memory than ``_ROOM``, or than the largest of them.
    ``archive_encoding`` is as for :class:`SourceReader`.
    """

    def __init__(self, archive_encoding: Optional[str] = None) -> None:
        new_reader = partial(SourceReader, archive_encoding=archive_encoding)
        self._readers: defaultdict[int, SourceReader] = defaultdict(new_reader)  # by the number of the thread
        self._has_room = threading.Condition()
        self._room = _ROOM

    def read(self, ref: ImageRef) -> bytes:
        """The bytes of the image at ``ref``; raises as :meth:`SourceReader.read` does."""
        return self._readers[threading.get_ident()].read(ref)

    def stamp(self, ref: ImageRef) -> str:
        """Return what changes when the image does; raises as :meth:`SourceReader.stamp` does."""
        return self._readers[threading.get_ident()].stamp(ref)

    @contextmanager
    def reading(self, ref: ImageRef) -> Iterator[bytes]:
        """Give the bytes of the image at ``ref``; raises as :meth:`SourceReader.read` does.

        A large image waits until there is room for it; its bytes are to be used within the block alone.
        """
        reader = self._readers[threading.get_ident()]
        size = min(reader.size(ref), _ROOM)
        if size <= _LARGE:
            yield reader.read(ref)
            return
        with self._has_room:
            self._has_room.wait_for(lambda: self._room >= size)
            self._room -= size
        try:
            yield reader.read(ref)
        finally:
            with self._has_room:
                self._room += size
                self._has_room.notify_all()

    def close(self) -> None:
        """Close all of them."""
        for reader in self._readers.values():
            reader.close()


def _stated_size(archive: Archive, name: str) -> int:
    """Return the size of a member, 0 where there is none: reading it says so."""
    found = archive.find(name)
    return 0 if found is None else archive.members[found].size


def _holder(ref: ImageRef) -> ImageRef:
    return ImageRef(ref.file, ref.members[:-1])


def _read_file(path: str, limits: ArchiveLimits) -> bytes:
    with open(path, "rb", opener=_open_at_once) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):  # it took the place of the file that was found
            raise ReadError("not-a-file", "it is a pipe or a device, not a file")
        if is_system_device(status.st_dev):
            raise system_folder_error()
        size = status.st_size
        if size > limits.image_bytes:
            raise ReadError("too-large", f"the file holds more than {limits.image_bytes:,} bytes")
        data = file.read(size + 1)
    if len(data) != size:
        raise ReadError("changed", "the file was changed while it was read: run again when it is complete")
    return data


def _open_at_once(path: str, flags: int) -> int:
    """Open a file for reading; a pipe without a writer would be waited for."""
    return os.open(path, os.O_RDONLY | flags | getattr(os, "O_NONBLOCK", 0))
