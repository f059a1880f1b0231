"""Tars, plain or compressed by gzip, bzip2 or xz; headers are parsed by ``tarfile``, and nothing is extracted."""

from __future__ import annotations

from ..base import Format
from .archive import TarArchive, looks_like_tar

FORMAT = Format(
    (".tar", ".cbt", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz"), looks_like_tar, TarArchive
)

__all__ = ["FORMAT", "TarArchive"]
