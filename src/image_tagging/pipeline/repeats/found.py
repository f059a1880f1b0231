"""The groups of repeats of an output folder: which file of each is kept, why, and which files repeat it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...encoders import near_duplicate_cosine
from ...files import StrPath, absolute, user_path
from ...progress import Say, say_nothing
from ...records import Failure
from ...store import CollectedFile, Role, WorkingStore
from ..search.table import PictureTable, open_table
from .groups import KeptRows, find_kept, write_kept
from .ranking import best_first, quality, why_kept
from .sharpest import measure_sharpness


@dataclass(frozen=True)
class Repeat:
    """A file that repeats the kept one: ``cosine`` is that of the two embeddings, ``is_same`` says: the same pixels."""

    file: CollectedFile
    cosine: float
    is_same: bool


@dataclass(frozen=True)
class RepeatGroup:
    """The file that is kept, ``why`` in words, and the files that repeat it, the best first."""

    kept: CollectedFile
    why: str
    repeats: tuple[Repeat, ...]


@dataclass(frozen=True)
class Repeats:
    """All groups of repeats, those of the most files first, among how many ``pictures``.

    ``limit`` is the cosine from which on two pictures are near-duplicates. ``failures`` are images that could not be
    read to see how sharp they are, ``inputs`` the absolute paths of the inputs of the output folder.
    """

    folder: str
    groups: tuple[RepeatGroup, ...]
    pictures: int
    limit: float
    failures: tuple[Failure, ...]
    inputs: tuple[str, ...]

    @property
    def files(self) -> int:
        """How many files repeat another one."""
        return sum(len(group.repeats) for group in self.groups)

    @property
    def size_bytes(self) -> int:
        """The size of the files that repeat another one, in bytes."""
        return sum(repeat.file.size_bytes for group in self.groups for repeat in group.repeats)


def find_repeats(output: StrPath = "./output", *, say: Say = say_nothing) -> Repeats:
    """Return the groups of repeats of an output folder: near-duplicates, and files that hold the same pixels.

    Near-duplicates are those of training (``datasets.near_duplicate_groups``). Of a group the file of the most pixels
    is kept, then the least compressed, then the sharpest, then the first by path. Images are read only where the
    sharpness decides, once. Nothing but ``image-tagging.repeats`` is written.

    Raises
    ------
    InputError
        It is no output folder, or holds no picture.
    OutputError
        Another run works there, or the folder cannot be written.
    """
    table = open_table(absolute(user_path(output, "output")), say)
    kept = find_kept(table, say)
    with WorkingStore(table.folder) as store:
        groups = _files_of_groups(table, kept, store)
        inputs = dict.fromkeys(each.source for role in Role for each in store.inputs.of(role))
    tied = [file for files in groups for file in _tied(files)]
    rows = dict(zip((file.hash_id for file in tied), table.rows_of(file.hash_id for file in tied).tolist()))
    unknown = [file for file in tied if kept.sharpness[rows[file.hash_id]] < 0]
    measured, failures = measure_sharpness(unknown, say)
    sharpness = {name: measured.get(name, int(kept.sharpness[row])) for name, row in rows.items()}
    groups = [_sorted(files, sharpness) for files in groups]
    if measured:
        write_kept(table, _with_sharpness(table, kept, groups, sharpness))
    found = sorted((_group(table, files, sharpness) for files in groups), key=_largest_first)
    limit = near_duplicate_cosine(table.encoder)
    return Repeats(table.folder, tuple(found), len(table), limit, tuple(failures), tuple(inputs))


def _largest_first(group: RepeatGroup) -> tuple[int, int, str]:
    return -len(group.repeats), -sum(each.file.size_bytes for each in group.repeats), group.kept.ref.key


def _files_of_groups(table: PictureTable, kept: KeptRows, store: WorkingStore) -> list[list[CollectedFile]]:
    """Return the files of each group of two or more, the best first by what the store knows."""
    names = {table.name(row): int(kept.rows[row]) for row in kept.members().tolist()}
    several = store.collection.in_several_files()
    for name, row in zip(several, table.rows_of(several).tolist()):
        if row >= 0:
            names.setdefault(name, row)
    groups: defaultdict[int, list[CollectedFile]] = defaultdict(list)
    for file in store.collection.files_of(names):
        groups[names[file.hash_id]].append(file)
    return [_sorted(files, {}) for files in groups.values() if len(files) > 1]


def _sorted(files: Sequence[CollectedFile], sharpness: dict[str, int]) -> list[CollectedFile]:
    return sorted(files, key=lambda file: best_first(file, sharpness.get(file.hash_id, -1)))


def _tied(files: Sequence[CollectedFile]) -> list[CollectedFile]:
    """Return a file of each picture that may be kept, where there are several: those that are as good as the best."""
    best = quality(files[0])
    tied: dict[str, CollectedFile] = {}
    for file in files:
        if quality(file) == best:
            tied.setdefault(file.hash_id, file)
    return list(tied.values()) if len(tied) > 1 else []


def _with_sharpness(
    table: PictureTable, kept: KeptRows, groups: Sequence[Sequence[CollectedFile]], sharpness: dict[str, int]
) -> KeptRows:
    """Return what is kept after the sharpness of some pictures is known."""
    rows, values = kept.rows.copy(), kept.sharpness.copy()
    values[table.rows_of(sharpness)] = list(sharpness.values())
    for files in groups:
        members = table.rows_of({file.hash_id for file in files})
        rows[members] = table.rows_of([files[0].hash_id])[0]
    return KeptRows(rows, values)


def _group(table: PictureTable, files: Sequence[CollectedFile], sharpness: dict[str, int]) -> RepeatGroup:
    kept, *others = files
    rows = table.rows_of([file.hash_id for file in files])
    vectors = table.embeddings[rows].astype(np.float32) * table.lengths[rows, np.newaxis]
    cosines = np.clip(vectors[1:] @ vectors[0], -1, 1).tolist()
    repeats = (
        Repeat(file, 1.0 if file.hash_id == kept.hash_id else round(cosine, 4), file.hash_id == kept.hash_id)
        for file, cosine in zip(others, cosines)
    )
    return RepeatGroup(kept, why_kept(files, sharpness), tuple(repeats))
