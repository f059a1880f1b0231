"""The places of a run: images are placed there, and what earlier runs placed elsewhere is moved.

A file is moved or removed only if the working store says that this program has placed it, if it is as it was then, and
if it holds the image, which lies where it was found. So nothing is lost by it, whoever wrote the store. All else stays.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Callable, NamedTuple, Optional

from ..records import ListedFile, TagScore
from ..store import PlacedFile, PlacedFiles
from ..writing import remove_below, remove_empty_folder
from .contents import Content
from .layouts import Layout, Placing, Wanted, is_in_place, slot_of
from .ours import is_ours
from .placing import Place, Placer, Target

#: Images after which the store is written.
_TOGETHER = 512


class TagFolder(NamedTuple):
    """The folder of a model, or of a tag, below the output: how many images of the run lie in it, and where the best.

    ``best`` is the folder itself, or its highest bin that is not empty; an empty text where no image lies there.
    """

    folder: str
    files: int
    best: str


class Bins:
    """Places the images of one run.

    ``moved`` and ``removed`` count files of earlier runs, and ``stayed`` those that lie in another place than theirs
    and were changed since, or are no files of ours any more; ``first_stayed`` is one of them.
    """

    def __init__(self, root: str, placing: Placing) -> None:
        self._placer = Placer(root, placing.how)
        self._layout = Layout(self._placer.fitted, placing)
        self.placing = placing
        self._placed = placing.placed
        self._new: dict[str, list[PlacedFile]] = {}  # what is to be remembered, by the key of an image
        self._files: Counter[str] = Counter()  # by their slots
        self._best: dict[str, str] = {}
        self._left: set[str] = set()  # folders that something was taken out of
        self.moved = self.removed = self.stayed = 0
        self.first_stayed = ""

    @property
    def places(self) -> bool:
        """Whether images are placed at all."""
        return self._placer.how != "none"

    def place(
        self,
        file: ListedFile,
        read: Callable[[], Content],
        scores: Sequence[TagScore],
        labels: Sequence[str],
        *,
        is_example: bool = False,
    ) -> None:
        """Place an image where its scores say; ``read`` returns its path, or the bytes of an archive's member.

        Raises as :meth:`Placer.place`.
        """
        if self._placer.how == "none":
            return
        key = file.ref.key
        wanted = self._layout.wanted(scores, labels, is_example=is_example)
        before = self._placed.of(key) if self._placed else []
        elsewhere = [one for one in before if _is_elsewhere(one, wanted)]
        if not elsewhere and not any(wanted.values()):
            return
        content = read()
        kept = {(one.folder, one.name): one for one in before if one not in elsewhere}
        held = {slot_of(one): one for one in kept.values() if slot_of(one) in wanted and self._is_ours(one, content)}
        ours = [one for one in elsewhere if self._is_ours(one, content, or_stays=True)]
        targets = self._targets(ours, wanted, held)
        if self._placer.how == "hardlink" and isinstance(content, bytes):  # of an archive's member to what is placed
            content = next((self._path(one) for one in held.values()), content)
        placed = self._placer.place(targets, file.ref.name, content, number=file.ordinal)
        for one in ours:
            self._take_out(one, has_place=wanted[slot_of(one)] is not None)
        placed += [self._path(one) for one in held.values()]
        self._note(key, placed, kept, ours, wanted)
        self._count(wanted)

    def folder_of(self, kind: str, tag: str) -> TagFolder:
        """Return where images of a tag by a kind of model are placed."""
        slot = self._layout.slot(kind, tag)
        return TagFolder(slot, self._files[slot], self._best.get(slot, ""))

    def _count(self, wanted: Wanted) -> None:
        for slot, target in wanted.items():
            if target is not None:
                self._files[slot] += 1
                self._best[slot] = max(self._best.get(slot, ""), target.folder)  # bins are named by their upper edges

    def is_placed(
        self, file: ListedFile, scores: Sequence[TagScore], labels: Sequence[str], *, is_example: bool = False
    ) -> bool:
        """Return whether an image was placed where its scores say and nowhere else, so that it need not be read."""
        if self._placer.how == "none" or not self._placed:
            return True
        before = self._placed.of(file.ref.key)
        wanted = self._layout.wanted(scores, labels, is_example=is_example)
        missing = {slot for slot, target in wanted.items() if target}.difference(map(slot_of, before))
        if missing or any(_is_elsewhere(one, wanted) for one in before):
            return False
        if before:
            self._keep(file.ref.key, before)
        self._count(wanted)
        return True

    def take_out(self, placed: PlacedFiles, key: str, content: Optional[Content]) -> None:
        """Remove all that was placed of an image which no input holds any more, as far as it is ours; count it.

        ``content`` is the image where it was found; ``None`` where it is not there: then its copies may be the last.
        """
        before = [one for one in placed.of(key) if slot_of(one)]
        gone = [one for one in before if content is not None and self._is_ours(one, content, or_stays=True)]
        for one in gone:
            self._take_out(one, has_place=False)
        left = [one for one in before if one not in gone and self._is_there(one)]
        self.stayed += len(left) if content is None else 0
        placed.keep(key, left)

    def _is_there(self, one: PlacedFile) -> bool:
        return os.path.lexists(os.path.join(self._placer.root, one.folder, one.name))

    def close(self) -> None:
        """Remember what was placed, and remove the folders that are empty now."""
        self._remember()
        for folder in self._left:
            parts = folder.split(os.sep)  # those above it, too: all files may have gone from bins to folders of tags
            for depth in range(len(parts), 0, -1):
                remove_empty_folder(self._placer.root, os.path.join(*parts[:depth]))

    def _is_ours(self, one: PlacedFile, content: Content, *, or_stays: bool = False) -> bool:
        """Return whether a file is as it was placed, and holds the image; ``or_stays`` counts one that is not."""
        found = is_ours(self._placer.root, one, lambda: content)
        if or_stays and found is False:
            self._note_stayed(self._path(one))
        return bool(found)

    def _path(self, one: PlacedFile) -> str:
        return os.path.join(self._placer.root, one.folder, one.name)

    def _note_stayed(self, path: str) -> None:
        self.stayed += 1
        self.first_stayed = self.first_stayed or path

    @staticmethod
    def _targets(ours: Iterable[PlacedFile], wanted: Wanted, held: Mapping[str, PlacedFile]) -> list[Target]:
        """Return where the image is still to go, each with a file of ours that is moved there, where there is one.

        It is one of the same model or tag, or else any: all hold the same image.
        """
        files = {Place(one.folder, one.name): slot_of(one) for one in ours}
        targets: list[Target] = []
        for slot, target in wanted.items():
            if target is not None and slot not in held:
                source = next((place for place, other in files.items() if other == slot), None)
                targets.append(target._replace(source=source))
                if source:
                    del files[source]
        spare = [place for place, slot in files.items() if wanted[slot] is None]
        return [each if each.source or not spare else each._replace(source=spare.pop()) for each in targets]

    def _take_out(self, one: PlacedFile, *, has_place: bool) -> None:
        """Remove a file that is in its new place now, or in none, unless it was moved there; count it."""
        is_moved = Place(one.folder, one.name) in self._placer.moved.values()
        if not is_moved:
            try:
                remove_below(self._placer.root, one.folder, one.name)
            except OSError:
                self._note_stayed(self._path(one))
                return
        self.moved += is_moved or has_place
        self.removed += not (is_moved or has_place)
        self._left.add(one.folder)

    def _note(
        self,
        key: str,
        placed: Iterable[str],
        kept: dict[tuple[str, str], PlacedFile],
        moved: Sequence[PlacedFile],
        wanted: Wanted,
    ) -> None:
        """Note what is placed of an image now: in the slots of this run what is there, in others what was."""
        files = [one for one in kept.values() if slot_of(one) not in wanted]
        known = {**kept, **{path: one for one in moved for path in self._moved_to(one)}}
        status: Optional[os.stat_result] = None
        for path in placed:
            folder, name = os.path.split(os.path.relpath(path, self._placer.root))
            if path in self._placer.made or (self.placing.adopt and (folder, name) not in known):
                status = status or os.lstat(path)
                files.append(PlacedFile(folder, name, status.st_size, status.st_mtime_ns))
            elif (folder, name) in known:
                files.append(known[folder, name]._replace(folder=folder, name=name))
        self._keep(key, files)

    def _keep(self, key: str, files: list[PlacedFile]) -> None:
        self._new[key] = files
        if len(self._new) >= _TOGETHER:
            self._remember()

    def _moved_to(self, one: PlacedFile) -> Iterator[tuple[str, str]]:
        """Yield folder and name that a file was moved to, if it was."""
        for path, source in self._placer.moved.items():
            if source == (one.folder, one.name):
                yield os.path.split(os.path.relpath(path, self._placer.root))

    def _remember(self) -> None:
        if self._placed and self._new:
            self._placed.remember(self._new, self.placing.stage, self.placing.made_from)
        self._new = {}


def _is_elsewhere(one: PlacedFile, wanted: Wanted) -> bool:
    """Return whether a placed file is in a slot of this run, and in another place there than it should be."""
    slot = slot_of(one)
    return slot in wanted and not is_in_place(one, wanted[slot])
