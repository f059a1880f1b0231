"""The verdicts of an output folder: how many there are, and moving them as JSON Lines."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Optional

from ..errors import InputError, OutputError, VerdictsError
from ..files import StrPath, absolute, user_path
from ..store import (
    STORE_NAME,
    VERDICTS_NAME,
    InForce,
    Verdict,
    VerdictCounts,
    VerdictLines,
    Verdicts,
    WorkingStore,
    count_verdicts,
    is_database,
    read_verdicts,
    verdict_lines,
)
from ..writing import new_file
from .train_verdicts import verdicts_in

#: What every file of verdicts begins with.
_MARK = re.compile(rb'\{"id":"')


@dataclass(frozen=True)
class ImportedVerdicts:
    """What was taken of a file of verdicts: ``new`` ones, and those that were ``known`` before.

    ``unknown_pictures`` counts the different pictures of the file that the output folder knows nothing of; their
    verdicts are kept. It is ``None`` where another run holds the working store, so that it could not be asked.
    ``verdicts`` counts what holds now.
    """

    path: str
    new: int
    known: int
    unknown_pictures: Optional[int]
    verdicts: tuple[VerdictCounts, ...]


def list_verdicts(output: StrPath = "./output") -> tuple[VerdictCounts, ...]:
    """Return how many verdicts of each tag are in force in an output folder, tags in alphabetical order.

    Raises
    ------
    InputError
        There is no such folder.
    VerdictsError
        The file of verdicts cannot be used.
    """
    return tuple(count_verdicts(_held(output)))


def verdict_records(output: StrPath = "./output") -> Iterator[bytes]:
    """Yield the verdicts in force in an output folder as lines of JSON; raises as :func:`list_verdicts` does."""
    return verdict_lines(_held(output))


def export_verdicts(output: StrPath, file: StrPath) -> int:
    """Write the verdicts in force in an output folder as JSON Lines; return how many lines there are.

    The same verdicts give the same bytes. They come from the file of verdicts, and from nothing else in the folder.

    Raises
    ------
    InputError
        There is no such folder.
    VerdictsError
        The file of verdicts cannot be used.
    OutputError
        The file cannot be written, or something else is there.
    """
    lines = list(verdict_records(output))
    with new_file(absolute(user_path(file, "file")), _MARK) as written:
        written.writelines(lines)
    return len(lines)


def import_verdicts(output: StrPath, file: StrPath) -> ImportedVerdicts:
    """Add the verdicts of JSON Lines, or of the file of verdicts of another folder, to those of an output folder.

    All are added, or none. A verdict that is there is not added again; of two on one picture and tag the later holds.

    Raises
    ------
    InputError
        There is no such folder.
    VerdictsError
        A line is malformed, or one of the two files cannot be used.
    OutputError
        The file of verdicts cannot be written.
    """
    folder, path = _folder(output), absolute(user_path(file, "file"))
    names: set[str] = set()
    lines = VerdictLines(path)
    source = read_verdicts(path) if is_database(path) else lines
    with Verdicts(folder) as verdicts:
        new, known = verdicts.add(
            _named(source, names), lines.error if source is lines else lambda why: VerdictsError(f"{path}: {why}.")
        )
        counts = tuple(verdicts.counts())
    return ImportedVerdicts(verdicts.path, new, known, _count_unknown(folder, names), counts)


def _folder(output: StrPath) -> str:
    folder = absolute(user_path(output, "output"))
    if not os.path.isdir(folder):
        raise InputError(f"there is no folder {folder}: give an output folder of process, train, classify or sort.")
    return folder


def _held(output: StrPath) -> list[InForce]:
    path = os.path.join(_folder(output), VERDICTS_NAME)
    return verdicts_in(path) if os.path.lexists(path) else []


def _named(verdicts: Iterable[Verdict], names: set[str]) -> Iterator[Verdict]:
    for verdict in verdicts:
        names.add(verdict.hash_id)
        yield verdict


def _count_unknown(folder: str, names: set[str]) -> Optional[int]:
    if not os.path.isfile(os.path.join(folder, STORE_NAME)):
        return len(names)
    try:
        with WorkingStore(folder) as store:
            return len(names) - len(store.known.find(names))
    except OutputError:  # the verdicts are there; whoever uses the store next says what is wrong with it
        return None
