"""Archive formats, read in place: :func:`open_archive` opens any of them; nothing is unpacked except into memory."""

from __future__ import annotations

from . import table as table_format
from . import tar as tar_format
from . import zip as zip_format
from .base import Archive, Member, archive_suffixes, looks_like_archive, open_archive, register, suffixes_of
from .limits import DEFAULT_LIMITS, LONG_NAME, OPENING_BYTES, ArchiveLimits, Budget, long_name_error, name_cost
from .remote_content import RemoteContent

register(zip_format.FORMAT)
register(tar_format.FORMAT)
register(table_format.FORMAT)

#: The suffixes of archives in lower case.
ARCHIVE_SUFFIXES = archive_suffixes()

__all__ = [
    "ARCHIVE_SUFFIXES",
    "DEFAULT_LIMITS",
    "LONG_NAME",
    "OPENING_BYTES",
    "Archive",
    "ArchiveLimits",
    "Budget",
    "Member",
    "RemoteContent",
    "long_name_error",
    "looks_like_archive",
    "name_cost",
    "open_archive",
    "suffixes_of",
]
