"""What a record of metadata may hold, in JSON and in Parquet alike: more is no metadata, and is not kept."""

from __future__ import annotations

from ..addresses import LONGEST_PATH
from ..records import LONGEST_ENCODER_TEXT
from .metadata_errors import foreign

#: Characters of a hash: those of stage 1 have 128, other programs may number their pictures or name them by paths.
LONGEST_HASH = 1000

#: Numbers of an embedding: those of known encoders have up to 4,096.
WIDEST_VECTOR = 1 << 16


def require_short(path: str, what: str, longest: int) -> None:
    """Raise the MetadataError for the file at ``path`` where its longest text of one kind is too long to be one."""
    limit = {"hash_id": LONGEST_HASH, "file_path": LONGEST_PATH}.get(what, LONGEST_ENCODER_TEXT)
    if longest > limit:
        raise foreign(path, f"a {what} is longer than {limit:,} characters")


def require_narrow(path: str, width: int) -> None:
    """Raise the MetadataError for the file at ``path`` where an embedding has more numbers than any encoder gives."""
    if width > WIDEST_VECTOR:
        raise foreign(path, f"an embedding has more than {WIDEST_VECTOR:,} numbers")
