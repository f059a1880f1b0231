"""How many files a run is going to place, and how many bytes of the disk they take."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ..errors import OutputError
from ..files import file_system_of
from ..records import ImageRecord, ListedFile
from ..settings import BY_TAG
from ..store import PlacedFile
from ..text import counted, in_bytes
from ..writing import status_below
from .disk import free_bytes
from .layouts import Layout, Placing, Wanted, is_in_place, slot_of
from .picture_scores import PictureScores
from .placing import Placer

#: Most file systems give a file its space in blocks of this many bytes.
_BLOCK = 4096

#: File systems without hard links.
_WITHOUT_LINKS = frozenset({"vfat", "msdos", "exfat"})

#: Hard links are offered from so many bytes on, and from this part of the free space on.
_MANY_BYTES, _MUCH_OF_FREE = 10**9, 0.1


@dataclass(frozen=True)
class PlacingPlan:
    """The copies that a run is going to make in ``folder``: their number, and their ``bytes``.

    ``taken`` are the bytes that they and the results take of the disk, as far as is known before, of which ``free`` are
    there. ``linkable`` are the bytes that hard links would save; 0 where none can be made or they save little.
    ``tagged_only`` says that images without the tag are not among them.
    """

    folder: str
    files: int
    bytes: int
    taken: int
    free: int
    linkable: int
    tagged_only: bool

    @property
    def sentence(self) -> str:
        """What is said before the images are placed."""
        return f"Placing {counted(self.files, 'file')}, {in_bytes(self.bytes)}, in {self.folder}"

    def require_room(self) -> None:
        """Raise OutputError where the copies do not fit on the disk."""
        if self.files and self.taken > self.free:
            ways = ["--place hardlink (no copies)"] if self.linkable else []
            ways += [] if self.tagged_only else ["--placed tagged (fewer files)"]
            raise OutputError(
                f"cannot place {counted(self.files, 'file')} in {self.folder}: with the results that takes about "
                f"{in_bytes(self.taken)}, and {in_bytes(self.free)} are free. Nothing was placed. Give "
                f"{' or '.join([*ways, 'another output folder'])}, or free some space."
            )


class Planner:
    """Counts what a run is going to copy below ``root``; ``source`` is what it reads the images from."""

    def __init__(self, root: str, placing: Placing, labels: Sequence[str], source: str) -> None:
        self._root = root
        self._placing = placing
        self._labels = labels
        self._layout = Layout(Placer(root).fitted, placing)
        self._has_placed = bool(placing.placed and placing.placed.folders())
        self._can_link = placing.how == "copy" and _can_link(source, root)
        self._files = self._bytes = self._taken = self._linkable = 0

    def plan(self, scored: Iterable[tuple[ImageRecord, PictureScores]], *, results: int) -> PlacingPlan:
        """Return what pictures with their scores are going to take; ``results``: about the bytes of files of scores."""
        self._taken += results
        for record, scores in scored:
            of_record = scores.to_place(tagged_only=self._placing.tagged_only)
            wanted = self._layout.wanted(of_record, self._labels, is_example=record.hash_id in self._placing.examples)
            if any(wanted.values()):
                for file in record.files:
                    self._add(file, wanted, record.size_bytes)
        free = free_bytes(self._root)
        is_much = self._bytes > min(_MANY_BYTES, free * _MUCH_OF_FREE)
        return PlacingPlan(
            folder=os.path.join(self._root, BY_TAG) if self._placing.answers is not None else self._root,
            files=self._files,
            bytes=self._bytes,
            taken=self._taken,
            free=free,
            linkable=self._linkable if is_much else 0,
            tagged_only=self._placing.tagged_only,
        )

    def _add(self, file: ListedFile, wanted: Wanted, size: int) -> None:
        files = sum(target is not None for target in wanted.values())
        if self._has_placed and self._placing.placed:
            files = max(0, files - self._there(self._placing.placed.of(file.ref.key), wanted))
        if self._placing.how == "hardlink":  # of an archive's member to the first file
            files = min(files, 1) if file.ref.members else 0
        self._files += files
        self._bytes += files * size
        self._taken += files * -(-size // _BLOCK) * _BLOCK
        if self._can_link and not file.ref.members:
            self._linkable += files * size

    def _there(self, before: Iterable[PlacedFile], wanted: Wanted) -> int:
        """Return how many files of an image need no copy: they are in their place, or are moved to one."""
        held: set[str] = set()
        moved = 0
        for one in before:
            slot = slot_of(one)
            if slot not in wanted or not self._is_there(one):
                continue
            if is_in_place(one, wanted[slot]):
                held.add(slot)
            else:
                moved += 1
        return len(held) + moved

    def _is_there(self, one: PlacedFile) -> bool:
        with suppress(OSError):
            status = status_below(self._root, one.folder, one.name)
            if status is not None:
                is_same = (status.st_size, status.st_mtime_ns) == (one.size, one.mtime_ns)
                return is_same or not stat.S_ISREG(status.st_mode) or status.st_nlink > 1
        return False


def _can_link(source: str, root: str) -> bool:
    """Return whether images of a folder can have a further name below ``root``."""
    with suppress(OSError):
        device = os.stat(root).st_dev
        return os.stat(source).st_dev == device and file_system_of(device) not in _WITHOUT_LINKS
    return False
