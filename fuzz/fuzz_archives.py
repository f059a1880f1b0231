"""An archive: finding what it holds, and reading it, as stages 1 and 4 do. An input is a zip or a tar."""

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
    """Find, find again, and read all; anything but images, archives and failures of one line is a finding.

    What has headers of a tar is tried again with their checksums right: chance does not meet those.
    """
    _find_and_read(data)
    if (repaired := with_checksums(data)) != data:
        _find_and_read(repaired)


def with_checksums(data: bytes) -> bytes:
    """Return the data with the right checksum in all that may be headers of a tar."""
    fixed = bytearray(data)
    for start in range(0, len(data) - 511, 512):
        if fixed[start + 257 : start + 262] == b"ustar":
            total = sum(fixed[start : start + 148]) + sum(fixed[start + 156 : start + 512]) + 256
            fixed[start + 148 : start + 156] = b"%06o\0 " % total
    return bytes(fixed)


def _find_and_read(data: bytes) -> None:
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
