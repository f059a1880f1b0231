"""A storage in a bucket: each file is an object, which is written by one request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import StorageError
from .objects import list_objects, read_object, remove_object, write_object
from .urls import WEB, parse_url

#: Bytes of a file that is read whole.
_MOST = 16 << 30


@dataclass(frozen=True)
class RemoteStorage:
    """The files below an address such as ``s3://bucket/results``: see :class:`.base.Storage`."""

    root: str

    def __post_init__(self) -> None:
        """Raise InputError of a URL that names no bucket."""
        parse_url(self.root)

    def names(self, folder: str = "") -> Iterator[str]:
        """Yield the names of the files directly in a folder, sorted."""
        home = f"{self.root}/{folder}".rstrip("/")
        begin = len(home) + 1
        names = sorted(each.url[begin:] for each in list_objects(home))
        yield from (f"{folder}/{name}".lstrip("/") for name in names if name and "/" not in name)

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        return read_object(f"{self.root}/{name}", _MOST)

    def write(self, name: str, content: bytes) -> None:
        """Write a file by one request: who reads it meanwhile sees the one before."""
        write_object(f"{self.root}/{name}", content)

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens where there is none."""
        remove_object(f"{self.root}/{name}")


def require_writable(root: str) -> None:
    """Raise StorageError for an address at which nothing can be written."""
    if parse_url(root).scheme in WEB:
        raise StorageError(f"nothing is written to addresses of the web ({root}): name a folder, or a bucket.")
