"""Zips, read by this program's own reader (docs/decisions/0009)."""

from __future__ import annotations

from ..base import Format
from .archive import ZipArchive, looks_like_zip

FORMAT = Format((".zip", ".cbz"), looks_like_zip, ZipArchive)

__all__ = ["FORMAT", "ZipArchive"]
