"""An archive: finding what it holds, and reading it, as stages 1 and 4 do. An input is the bytes of a ``.zip``."""

from __future__ import annotations

import os
import tempfile
from functools import cache

from image_tagging.errors import ReadError
from image_tagging.records import Failure, Found, FoundImage
from image_tagging.sources.archives import ArchiveLimits
from image_tagging.sources.find import find_images
from image_tagging.sources.read import SourceReader

from .only_reading import only_reading

#: Small, so that a file of some kilobytes can go beyond each of them.
LIMITS = ArchiveLimits(
    depth=4,
    members=2_000,
    image_bytes=1 << 18,
    archive_bytes=1 << 20,
    held_bytes=1 << 21,
    directory_bytes=1 << 18,
    total_bytes=1 << 22,
)

_LONGEST_MESSAGE = 3000


def one_input(data: bytes) -> None:
    """Find, find again, and read all; anything but images, archives and failures of one line is a finding."""
    path = _written(data)
    with only_reading():
        found = list(find_images(path, limits=LIMITS))
        again = list(find_images(path, limits=LIMITS))
        assert [_address(item) for item in found] == [_address(item) for item in again]
        total = _read_all(found)
    assert total <= max(LIMITS.total_bytes, LIMITS.ratio * len(data)), total
    assert os.listdir(_folder().name) == [os.path.basename(path)]


def _read_all(found: list[Found]) -> int:
    """How many bytes all images have together."""
    images = [item for item in found if isinstance(item, FoundImage)]
    assert len({image.ref for image in images}) == len(images) <= LIMITS.members
    total = 0
    reader = SourceReader(limits=LIMITS)
    try:
        for image in images:
            assert len(image.ref.members) <= LIMITS.depth
            try:
                content = reader.read(image.ref)
            except ReadError as error:
                _check_message(error.code, str(error))
                continue
            assert len(content) <= LIMITS.image_bytes
            total += len(content)
    finally:
        reader.close()
    for item in found:
        if isinstance(item, Failure):
            _check_message(item.code, item.reason)
    return total


def _check_message(code: str, message: str) -> None:
    assert code.replace("-", "").isalpha(), code
    assert message, code
    assert "\n" not in message, message
    assert len(message) < _LONGEST_MESSAGE, message


def _address(item: Found) -> object:
    """Return what identifies a found item."""
    if isinstance(item, FoundImage):
        return item.ref, item.stamp
    return (item.ref, item.code, item.reason) if isinstance(item, Failure) else item


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="fuzz-archives-")


def _written(data: bytes) -> str:
    path = os.path.join(_folder().name, "input.zip")
    with open(path, "wb") as file:
        file.write(data)
    return path
