"""One table of images, open: its rows by name, and the bytes of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Optional

from ....errors import ReadError
from ....parquet import Table, has_pyarrow
from ..base import Archive, open_archive
from ..content import Content
from ..limits import LONG_NAME, Budget, long_name_error
from ..shared import shared_listing
from .files import ContentFile, TableReadErrors
from .listing import Entry, image_leaf, list_rows

_MAGIC = b"PAR1"


class TableArchive:
    """A Parquet table with a column of images (:class:`~..base.Archive`).

    Opening reads the names of all rows, once for all readers of one file. Reading costs least in their order.
    """

    misnamed = ""
    damage = ""
    is_sequential = True

    def __init__(self, content: Content, budget: Budget) -> None:
        if not has_pyarrow():
            raise ReadError(
                "unsupported-archive",
                "it is a Parquet table of images, which needs an extra: pip install 'image-tagging-tools[parquet]'",
            )
        self._content = content
        self._shared, self._listing = shared_listing(content, budget, list_rows)
        self._listing.values.acquire(content)
        self._is_open = True

    @property
    def members(self) -> Mapping[str, Entry]:
        """The rows by name."""
        return self._listing.members

    @property
    def held_bytes(self) -> int:
        """The memory that it takes, without the list of rows."""
        return self._content.held_bytes

    def find(self, name: str) -> Optional[str]:
        """Return the name where a row has it, else ``None``."""
        return name if name in self._listing.members else None

    def read(self, name: str, limit: int) -> bytes:
        """Return the bytes of a row, at most ``limit`` of them; raises as ``Archive.read`` does."""
        entry = self._listing.members.get(name)
        if entry is None:
            raise ReadError("missing", "the table has no such row any more")
        if entry.kind == LONG_NAME:
            raise long_name_error()
        if self._content.is_changed():
            raise ReadError("changed", "the archive was changed while it was read: run again")
        return self._listing.values.get(entry.row, limit)

    def inner(self, name: str, budget: Budget) -> Archive:
        """Open the archive that is a row; raises as ``Archive.inner`` does."""
        data = self.read(name, budget.inner_bytes)
        budget.take_bytes(len(data))
        return open_archive(data, name=name, budget=budget)

    def close(self) -> None:
        """Close the file, and release the memory unless others read the table."""
        if self._is_open:
            self._is_open = False
            self._listing.values.release()
            self._content.close()


def looks_like_images(content: Content, anywhere: bool) -> bool:
    """Whether content is a Parquet table with a column of images; ``anywhere`` changes nothing."""
    del anywhere
    if content.at(0, len(_MAGIC)) != _MAGIC:
        return False
    try:
        return image_leaf(Table(ContentFile(content), TableReadErrors())) is not None
    except ReadError:
        return False
