"""Tars that ``webdataset`` reads: the members of a sample follow each other, and their names are alike up to a dot.

Source: https://github.com/webdataset/webdataset (``webdataset/tariterators.py``: ``base_plus_ext`` cuts a name at the
first dot after its last slash).
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Iterator
from itertools import chain, count, islice
from typing import BinaryIO, NamedTuple

from .base import ExportedPicture, ExportedPictures, ExportFolder, ExportOptions
from .data_set_images import record_of, stem_of, suffix_of, typed_first
from .json_text import ascii_json


class _Sample(NamedTuple):
    picture: ExportedPicture
    suffix: str
    image: bytes


class WebDatasetFormat:
    """``shard-000000.tar`` with ``HASH.png`` and ``HASH.json`` for each picture; equal pictures give equal bytes."""

    def __init__(self, options: ExportOptions) -> None:
        self._shard_size = max(1, options.shard_size)

    def write(self, pictures: ExportedPictures, folder: ExportFolder) -> None:
        """Write all pictures below the folder; raise OutputError."""
        samples = _readable(pictures, folder)
        for number in count():
            first = next(samples, None)
            if first is None:
                return
            with folder.new_file(f"shard-{number:06}.tar") as file:
                _write_shard(file, chain([first], islice(samples, self._shard_size - 1)), folder)


def _readable(pictures: ExportedPictures, folder: ExportFolder) -> Iterator[_Sample]:
    """Yield each picture with the bytes of the first of its files that can be read."""
    for picture in typed_first(pictures):
        for ref in picture.files:
            image = folder.read(ref)
            if image is not None:
                yield _Sample(picture, suffix_of(ref, picture), image)
                break


def _write_shard(file: BinaryIO, samples: Iterable[_Sample], folder: ExportFolder) -> None:
    for picture, suffix, image in samples:
        _add(file, stem_of(picture) + suffix, image)
        _add(file, f"{stem_of(picture)}.json", ascii_json(record_of(picture, folder)))
    file.write(bytes(2 * tarfile.BLOCKSIZE))  # the end of the tar


def _add(file: BinaryIO, name: str, content: bytes) -> None:
    """Add a member without a time or an owner; ``TarFile`` would hold all that it wrote."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    file.write(member.tobuf(tarfile.USTAR_FORMAT))
    file.write(content)
    file.write(bytes(-len(content) % tarfile.BLOCKSIZE))
