"""Parquet tables with images in them: a column of bytes, as data sets are passed around; each row is a member."""

from __future__ import annotations

from ..base import Format
from .archive import TableArchive, looks_like_images

#: No suffixes: a Parquet file is an archive only if it has a column of images.
FORMAT = Format((), looks_like_images, TableArchive)

__all__ = ["FORMAT", "TableArchive"]
