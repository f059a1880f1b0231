"""What an export is about to write, kept outside of the memory between its plan and the writing."""

from __future__ import annotations

import marshal
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from ...errors import OutputError
from ...writing import has_temporary_folder, small_temporary_file, temporary_file

#: Files and bytes that are packed together: sidecars of one export are much alike.
_FILES, _BYTES = 256, 1 << 20


class PlannedFile(NamedTuple):
    """A file by its name in the ledger: what it shall hold, the digest of what it holds now (empty where there is no
    file yet), and whether others began it.
    """

    name: str
    content: bytes
    before: str
    merged: bool


class PlannedFiles:
    """Files in the order in which they were added, packed in a file without a name; it is gone when this is closed.

    Raises
    ------
    OutputError
        There is no room for it.
    """

    def __init__(self) -> None:
        self._batch: list[tuple[str, bytes, str, bool]] = []
        self._bytes = 0
        self._lengths: list[int] = []
        try:
            self._file = temporary_file() if has_temporary_folder() else small_temporary_file()
        except OSError as error:
            raise _no_room(error) from error

    def add(self, file: PlannedFile) -> None:
        """Append a file."""
        self._batch.append((file.name, file.content, file.before, file.merged))
        self._bytes += len(file.content)
        if len(self._batch) == _FILES or self._bytes >= _BYTES:
            self._pack()

    def batches(self) -> Iterator[list[PlannedFile]]:
        """Yield all files, some at a time."""
        self._pack()
        try:
            self._file.seek(0)
            for length in self._lengths:
                packed = self._file.read(length)
                batch = marshal.loads(zlib.decompress(packed))  # noqa: S302  our own: the file has no name
                yield [PlannedFile(*each) for each in batch]
        except OSError as error:
            raise _no_room(error) from error

    def close(self) -> None:
        """Give the room back."""
        self._file.close()

    def _pack(self) -> None:
        if self._batch:
            packed = zlib.compress(marshal.dumps(self._batch), 1)
            try:
                self._file.write(packed)
            except OSError as error:
                raise _no_room(error) from error
            self._lengths.append(len(packed))
            self._batch, self._bytes = [], 0


def _no_room(error: OSError) -> OutputError:
    return OutputError(
        f"cannot keep the plan of the export in the folder for temporary files: {error.strerror or error}. Free some "
        "space there, or name another in TMPDIR."
    )
