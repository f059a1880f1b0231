"""From which input the files of stage 1 were written: two inputs of one name are two data sets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Optional

from ..addresses import ImageRef
from ..text import encodable
from .addresses import as_ref
from .store_file import StoreFile


@dataclass(frozen=True)
class WrittenFrom:
    """The input that a file was written from, an absolute path, and the number of pictures in it."""

    source: str
    pictures: int


class Sources:
    """The part of the working store that remembers the input of each file, by its path below the output folder."""

    def __init__(self, file: StoreFile) -> None:
        self._file = file

    def of(self, file: str) -> Optional[WrittenFrom]:
        """Return what a file was written from, ``None`` where that is not known."""
        rows = self._file.rows("SELECT source, pictures FROM dataset WHERE file = ?", (encodable(file),))
        return WrittenFrom(as_ref(self._file, rows[0][0]).file, rows[0][1]) if rows else None

    def files_of(self, source: str) -> list[str]:
        """Return the files that were written from an input."""
        rows = self._file.rows("SELECT file FROM dataset WHERE source = ? ORDER BY file", (ImageRef(source).key,))
        return [file for (file,) in rows]

    def forget(self, files: Iterable[str]) -> None:
        """Forget what files were written from: they are gone."""
        with self._file.transaction() as db:
            db.executemany("DELETE FROM dataset WHERE file = ?", [(encodable(file),) for file in files])

    def remember(self, files: Iterable[str], written: WrittenFrom) -> None:
        """Remember what files were written from."""
        source = ImageRef(written.source).key
        with self._file.transaction() as db:
            rows = [(encodable(file), source, written.pictures) for file in files]
            db.executemany("INSERT OR REPLACE INTO dataset VALUES (?, ?, ?)", rows)
