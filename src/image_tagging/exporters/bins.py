"""The bins of a run: images are placed in them, and what earlier runs placed elsewhere is moved.

A file is moved or removed only if the working store says that this program has placed it, if it is as it was then, and
if it holds the image, which lies where it was found. So nothing is lost by it, whoever wrote the store. All else stays.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Callable, Optional

from ..records import ListedFile, TagScore
from ..store import PlacedFile, PlacedFiles
from ..tag_models import quote_tag
from ..writing import remove_below, remove_empty_folder, status_below
from .contents import Content, holds
from .placing import Place, Placer

#: Images after which the store is written.
_TOGETHER = 512


@dataclass(frozen=True)
class Placing:
    """What a run places its images by, and what earlier runs have placed.

    ``how`` is one of ``PLACES``; ``tagged_only`` leaves out images without the tag. ``placed`` remembers what is
    placed; ``stage`` and ``made_from`` stand for what the images are placed by. ``adopt`` says that a run was killed
    here: what is in its place already counts as placed by us.
    """

    how: str
    tagged_only: bool = False
    placed: Optional[PlacedFiles] = None
    stage: str = ""
    made_from: str = ""
    adopt: bool = False


class Bins:
    """Places the images of one run.

    ``moved`` and ``removed`` count files of earlier runs, and ``stayed`` those that lie in another bin than theirs and
    were changed since, or are no files of ours any more; ``first_stayed`` is one of them.
    """

    def __init__(self, root: str, placing: Placing) -> None:
        self._placer = Placer(root, placing.how)
        self._placing = placing
        self._placed = placing.placed
        self._models: dict[tuple[str, str], str] = {}  # the folder of a model, by kind and tag
        self._new: dict[str, list[PlacedFile]] = {}  # what is to be remembered, by the key of an image
        self._left: set[str] = set()  # folders that something was taken out of
        self.moved = self.removed = self.stayed = 0
        self.first_stayed = ""

    def place(
        self, file: ListedFile, read: Callable[[], Content], scores: Sequence[TagScore], labels: Sequence[str]
    ) -> None:
        """Place an image in the bins of its scores; ``read`` returns its path, or the bytes of an archive's member.

        Raises as :meth:`Placer.place`.
        """
        if self._placer.how == "none":
            return
        key = file.ref.key
        wanted = {self._model(score): self._bin(score, labels) for score in scores}
        before = self._placed.of(key) if self._placed else []
        elsewhere = [one for one in before if _is_elsewhere(one, wanted)]
        folders = [folder for folder in wanted.values() if folder]
        if not folders and not elsewhere:
            return
        content = read()
        ours = [one for one in elsewhere if self._is_ours(one, content)]
        kept = {(one.folder, one.name): one for one in before if one not in elsewhere}
        sources = self._sources(ours, wanted, {folder for folder, _ in kept})
        placed = self._placer.place(folders, file.ref.name, content, number=file.ordinal, sources=sources)
        for one in ours:
            self._take_out(one, is_moved=wanted[os.path.dirname(one.folder)] is not None)
        self._note(key, placed, kept, ours, wanted)

    def is_placed(self, file: ListedFile, scores: Sequence[TagScore], labels: Sequence[str]) -> bool:
        """Return whether an image was placed in the bins of its scores and in no other, so that it need not be read."""
        if self._placer.how == "none" or not self._placed:
            return True
        before = self._placed.of(file.ref.key)
        wanted = {self._model(score): self._bin(score, labels) for score in scores}
        missing = {folder for folder in wanted.values() if folder}.difference(one.folder for one in before)
        if missing or any(_is_elsewhere(one, wanted) for one in before):
            return False
        if before:
            self._keep(file.ref.key, before)
        return True

    def take_out(self, placed: PlacedFiles, key: str, content: Optional[Content]) -> None:
        """Remove all that was placed of an image which no input holds any more, as far as it is ours; count it.

        ``content`` is the image where it was found; ``None`` where it is not there: then its copies may be the last.
        """
        before = [one for one in placed.of(key) if _is_placeable(one)]
        gone = [one for one in before if content is not None and self._is_ours(one, content)]
        for one in gone:
            self._take_out(one, is_moved=False)
        left = [one for one in before if one not in gone and self._is_there(one)]
        self.stayed += len(left) if content is None else 0
        placed.keep(key, left)

    def _is_there(self, one: PlacedFile) -> bool:
        return os.path.lexists(os.path.join(self._placer.root, one.folder, one.name))

    def close(self) -> None:
        """Remember what was placed, and remove the folders that are empty now."""
        self._remember()
        for folder in self._left:
            remove_empty_folder(self._placer.root, folder)

    def _model(self, score: TagScore) -> str:
        """Return the folder of a model, as it is below the output folder."""
        model = (score.kind, score.tag)
        if model not in self._models:
            self._models[model] = self._placer.fitted(os.path.join(score.kind, quote_tag(score.tag)))
        return self._models[model]

    def _bin(self, score: TagScore, labels: Sequence[str]) -> Optional[str]:
        """Return the folder that an image goes into for one score, ``None`` where it goes into none."""
        if self._placing.tagged_only and not score.tagged:
            return None
        return os.path.join(self._model(score), labels[score.bin - 1])

    def _is_ours(self, one: PlacedFile, content: Content) -> bool:
        """Return whether a file is as it was placed, and holds the image; if it is there and is not, note that."""
        path = os.path.join(self._placer.root, one.folder, one.name)
        try:
            status = status_below(self._placer.root, one.folder, one.name)
            if status is None:
                return False
            if stat.S_ISLNK(status.st_mode):
                is_ours = isinstance(content, str) and os.readlink(path) == os.path.abspath(content)
            else:
                is_linked = isinstance(content, str) and os.path.samestat(status, os.stat(content))
                is_same = (status.st_size, status.st_mtime_ns) == (one.size, one.mtime_ns)
                is_ours = stat.S_ISREG(status.st_mode) and (is_linked or (is_same and holds(path, content)))
        except OSError:  # a link stands in place of a folder, or it cannot be read
            is_ours = False
        if not is_ours:
            self._note_stayed(path)
        return is_ours

    def _note_stayed(self, path: str) -> None:
        self.stayed += 1
        self.first_stayed = self.first_stayed or path

    @staticmethod
    def _sources(ours: Iterable[PlacedFile], wanted: dict[str, Optional[str]], held: set[str]) -> dict[str, Place]:
        """Return what is moved into which bin: of each model one file, where the bin has none yet."""
        sources: dict[str, Place] = {}
        for one in ours:
            folder = wanted[os.path.dirname(one.folder)]
            if folder and folder not in held:
                sources.setdefault(folder, Place(one.folder, one.name))
        return sources

    def _take_out(self, one: PlacedFile, *, is_moved: bool) -> None:
        """Remove a file that is in its new place now, or in none, unless it was moved there; count it."""
        if Place(one.folder, one.name) not in self._placer.moved.values():
            try:
                remove_below(self._placer.root, one.folder, one.name)
            except OSError:
                self._note_stayed(os.path.join(self._placer.root, one.folder, one.name))
                return
        self.moved += is_moved
        self.removed += not is_moved
        self._left.add(one.folder)

    def _note(
        self,
        key: str,
        placed: Iterable[str],
        kept: dict[tuple[str, str], PlacedFile],
        moved: Sequence[PlacedFile],
        wanted: dict[str, Optional[str]],
    ) -> None:
        """Note what is placed of an image now: of the models of this run what is in its bin, of others what was."""
        files = [one for one in kept.values() if os.path.dirname(one.folder) not in wanted]
        known = {**kept, **{path: one for one in moved for path in self._moved_to(one)}}
        status: Optional[os.stat_result] = None
        for path in placed:
            folder, name = os.path.split(os.path.relpath(path, self._placer.root))
            if path in self._placer.made or (self._placing.adopt and (folder, name) not in known):
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
            self._placed.remember(self._new, self._placing.stage, self._placing.made_from)
        self._new = {}


def _is_elsewhere(one: PlacedFile, wanted: dict[str, Optional[str]]) -> bool:
    """Return whether a placed file is one of the models of this run, and in another bin than it should be.

    The store may be a stranger's: a name that leads elsewhere is none.
    """
    model = os.path.dirname(one.folder)
    return _is_placeable(one) and model in wanted and one.folder != wanted[model]


def _is_placeable(one: PlacedFile) -> bool:
    return _is_name(os.path.basename(one.folder)) and _is_name(one.name)


def _is_name(name: str) -> bool:
    return name == os.path.basename(name) and name not in {"", os.curdir, os.pardir}
