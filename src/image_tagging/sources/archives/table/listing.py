"""The rows of a table of images as members: their names, and how much of the table they are. No image is read."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple, Optional

from ....errors import ReadError
from ....parquet import Leaf, Table
from ..content import Content, pieces
from ..limits import LONG_NAME, Budget, is_long_name, name_cost, short_name
from ..names import unique_names
from .files import IMAGE_NAMES, ContentFile, TableReadErrors
from .values import SharedValues

#: The columns that name the image of a row, unless it is a struct that has its path.
_NAMES = ("path", "file_path", "image_path", "file_name", "filename", "__key__", "key")

#: How the images of a table begin, and what they are called where their rows do not say it.
_BEGINNINGS = {b"\x89PNG": ".png", b"GIF8": ".gif", b"RIFF": ".webp", b"BM": ".bmp", b"II*\0": ".tif", b"MM\0*": ".tif"}
_USUAL_SUFFIX = ".jpg"

#: What a row is called that has no name.
_DIGITS = 8


class Entry(NamedTuple):
    """A row: its place, its stamp, and how many bytes it is of all that the column unpacks to.

    ``size`` is not known until the row is read.
    """

    row: int
    kind: str
    table_stamp: str
    most_bytes: int
    size: int = 0

    @property
    def stamp(self) -> str:
        """A text that changes when the table does."""
        return f"{self.row}:{self.table_stamp}"


class Listing(NamedTuple):
    """The rows by their names, in the order of the table; ``names_cost`` is what the names take."""

    members: dict[str, Entry]
    names_cost: int
    values: SharedValues
    unpacked_bytes: int = 0

    def rest(self) -> None:
        """Release what unpacking holds in memory."""
        self.values.rest()


def image_leaf(table: Table) -> Optional[Leaf]:
    """Return the column with the bytes of images, ``None`` where there is none."""
    return table.leaf("bytes", *(path for name in IMAGE_NAMES for path in ((name, "bytes"), (name,))))


def list_rows(content: Content, budget: Budget) -> Listing:
    """Return the rows of a table of images; raises as ``open_archive`` does."""
    table = Table(ContentFile(content), TableReadErrors())
    leaf = image_leaf(table)
    if leaf is None:
        raise ReadError("damaged-archive", "it is a table without a column of images")
    if table.rows > budget.members_left:
        raise budget.too_many_members()
    names = list(_names(table, leaf, budget))
    names_cost = sum(map(name_cost, names))
    stamp = content.stamp or _checksum(content)
    number = table.footer.leaves.index(leaf)
    members: dict[str, Entry] = {}
    row = 0
    unique = unique_names(names)
    for group in table.footer.groups:
        most = max(0, -(-group.chunks[number].unpacked // max(1, group.rows)))
        for name in unique[row : row + group.rows]:
            is_long = is_long_name(name, budget.limits)
            members[short_name(name) if is_long else name] = Entry(row, LONG_NAME if is_long else "file", stamp, most)
            row += 1
    return Listing(members, names_cost, SharedValues(leaf.name, table.starts, _page_bytes(content.size, budget)))


def _page_bytes(size: int, budget: Budget) -> int:
    """Return how much may be unpacked at a time: a page holds many images, and a library unpacks it whole."""
    limits = budget.limits
    return max(limits.member_bytes(size), min(limits.archive_bytes, limits.packed_image_ratio * size))


def _names(table: Table, image: Leaf, budget: Budget) -> Iterator[str]:
    """Yield a name for each row, with the suffix of an image."""
    from ...suffixes import is_image_name  # it asks the formats, of which this is one, for their suffixes

    named = table.leaf("text", (*image.path[:-1], "path"), *((name,) for name in _NAMES))
    suffix = ""
    row = 0
    for texts in table.texts(named.name) if named else _unnamed(table.rows):
        for text in texts:
            name = (text or "").replace("\0", "").rstrip("/") or f"{row:0{_DIGITS}}"
            if not is_image_name(name):
                suffix = suffix or _suffix(table, image)
                name += suffix
            budget.take_names(name_cost(name))
            yield name
            row += 1
    if row != table.rows:
        raise ReadError("damaged-archive", "its column of names has another number of rows than the table")


def _unnamed(rows: int) -> Iterator[list[Optional[str]]]:
    for _ in range(rows):
        yield [None]


def _suffix(table: Table, image: Leaf) -> str:
    """Return the suffix of images of the kind of the first."""
    with suppress(ReadError):  # what is wrong shows when it is read
        for batch in table.batches([image.name], page_bytes=16 << 20):
            for value in batch[image.name]:
                if value.is_valid:
                    begin = bytes(value.as_buffer()[:4])
                    found = (suffix for beginning, suffix in _BEGINNINGS.items() if begin.startswith(beginning))
                    return next(found, _USUAL_SUFFIX)
    return _USUAL_SUFFIX


def _checksum(content: Content) -> str:
    crc = 0
    for piece in pieces(content, 0, content.size):
        crc = zlib.crc32(piece, crc)
    return f"{content.size}:{crc:08x}"
