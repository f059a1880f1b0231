"""The content of an archive as a file for libraries, and what is said of tables that cannot be used."""

from __future__ import annotations

import os

from ....errors import ReadError
from ..content import PIECE, Content, joined, pieces

#: What columns of images are called: of bytes, or of structs with ``bytes`` in them.
IMAGE_NAMES = ("image", "img", "jpg", "jpeg", "png", "webp", "bytes", "image_bytes", "picture", "photo")


class ContentFile:
    """A content that is read like a file."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._at = 0

    def read(self, size: int = -1) -> bytes:
        """Return so many bytes, fewer where the content ends, or all that follow; raises OSError."""
        left = self._content.size - self._at if size < 0 else size
        data = joined(pieces(self._content, self._at, left)) if left > PIECE else self._content.at(self._at, left)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place; return it."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._content.size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        """Return the place."""
        return self._at


class TableReadErrors:
    """The errors of a table in which images are, for :class:`~image_tagging.parquet.Table`."""

    def malformed(self, why: str) -> ReadError:
        """Return the error for a table that is damaged."""
        return ReadError("damaged-archive", f"the table of images is damaged: it {why}")

    def foreign(self, why: str) -> ReadError:
        """Return the error for a table that takes too much."""
        return ReadError("too-large", f"the table of images cannot be used: {why}")
