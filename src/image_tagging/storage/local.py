"""A storage in a folder of the file system: this machine's, or one that several machines share."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import OutputError, StorageError
from ..writing import folder_below, make_folder, new_file

#: Its files are recognised by their names, so content of any kind may be replaced.
_ANY = re.compile(rb"(?s).|\Z")


@dataclass(frozen=True)
class LocalStorage:
    """The files of one folder, which is made when the first is written: see :class:`.base.Storage`."""

    root: str

    def names(self, folder: str = "") -> Iterator[str]:
        """Yield the names of the files directly in a folder, sorted."""
        path = os.path.join(self.root, folder)
        try:
            with os.scandir(path) as entries:
                names = sorted(entry.name for entry in entries if entry.is_file(follow_symlinks=False))
        except FileNotFoundError:
            return
        except OSError as error:
            raise _error("listed", path, error) from error
        yield from (f"{folder}/{name}".lstrip("/") for name in names)

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        path = os.path.join(self.root, name)
        try:
            with open(path, "rb") as file:
                return file.read()
        except OSError as error:
            raise _error("read", path, error) from error

    def write(self, name: str, content: bytes) -> None:
        """Write a file aside, and move it into place."""
        folder, _, file_name = name.rpartition("/")
        try:
            home = folder_below(self.root, *folder.split("/")) if folder else make_folder(self.root)
            with new_file(os.path.join(home, file_name), _ANY) as file:
                file.write(content)
        except OutputError as error:
            raise StorageError(str(error)) from error

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens where there is none."""
        path = os.path.join(self.root, name)
        try:
            os.remove(path)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise _error("removed", path, error) from error


def _error(what: str, path: str, error: OSError) -> StorageError:
    return StorageError(f"{path} cannot be {what}: {error.strerror or error}. Check the path and its rights.")
