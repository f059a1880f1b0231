"""The protocol of a storage: a folder whose files are written and read whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol


class Storage(Protocol):
    """The files of one folder and those below it, by names with ``/`` between their parts.

    It is a plain value that can be pickled: any process opens the same files by it.
    """

    @property
    def root(self) -> str:
        """The folder: an absolute path, or an address such as ``s3://bucket/results``."""

    def names(self, folder: str = "") -> Iterator[str]:
        """Yield the names of the files directly in a folder below the root, sorted; none where it does not exist.

        Raises
        ------
        StorageError
            It cannot be listed.
        """

    def read(self, name: str) -> bytes:
        """Return the content of a file.

        Raises
        ------
        StorageError
            It is missing or cannot be read.
        """

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole: a reader sees the file before, or this one, and never a part; folders are made.

        Raises
        ------
        StorageError
            It cannot be written.
        """

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens where there is none. Raises StorageError where that is not possible."""
