"""The errors of files that cannot be used: of metadata the same for JSON and for Parquet."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from typing import Union

from ..errors import EncoderMismatchError, ImageTaggingError, MetadataError
from ..records import EncoderSpec
from ..text import escaped

#: A file may say anything, at any length, where an encoder is named.
_LONGEST_LABEL = 200

_REMEDY = "Give the file that stage 1 wrote (image-tagging process)."


@dataclass(frozen=True)
class FileErrors:
    """What is said of one file that cannot be read: as which error, what the file should be, and what to do."""

    path: str
    error: type[ImageTaggingError] = MetadataError
    what: str = "a metadata file"
    remedy: str = _REMEDY

    def unreadable(self, error: OSError) -> ImageTaggingError:
        """Return the error for a file that cannot be opened or read."""
        return self.error(f"cannot read {self.path}: {error.strerror or error}. {self.remedy}")

    def malformed(self, why: Union[str, Exception]) -> ImageTaggingError:
        """Return the error for a file that is not what its suffix says, or breaks off.

        ``why`` may be another library's words.
        """
        lines = str(why).strip().splitlines()
        what = lines[0][:200].rstrip(". ") if lines else "is malformed"
        return self.error(f"{self.path} {what}. {self.remedy}")

    def foreign(self, why: str) -> ImageTaggingError:
        """Return the error for a file that is well formed and holds something else."""
        return self.error(f"{self.path} is not {self.what}: {why}. {self.remedy}")


def foreign(path: str, why: str) -> ImageTaggingError:
    """Return the MetadataError for a file that is well formed and holds something else."""
    return FileErrors(path).foreign(why)


def require_no_pipe(path: str) -> None:
    """Raise MetadataError for a pipe or a device, which may never end; what opens a file says that it is not there."""
    with suppress(OSError):
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise MetadataError(f"cannot read {path}: it is a pipe or a device, not a file. {_REMEDY}")


def empty(path: str) -> MetadataError:
    """Return the error for a file that holds no picture."""
    return MetadataError(f"{path} holds no image. {_REMEDY}")


def not_numbers(path: str, hash_id: str) -> MetadataError:
    """Return the error for an embedding that holds what is no finite float32."""
    return MetadataError(
        f"{path}: the embedding of {escaped(hash_id[:20])}… is not a list of finite numbers. "
        "Run stage 1 again to replace it."
    )


def bad_address(path: str, hash_id: str, why: object) -> MetadataError:
    """Return the error for an address that is none; ``why`` says so in words."""
    return MetadataError(
        f"{path}: the address of {escaped(hash_id[:20])}… {why}. Run stage 1 again to replace it, or leave it out."
    )


def contradictory(path: str, what: str) -> MetadataError:
    """Return the error for a file that gives two values for one thing."""
    return MetadataError(f"{path} contradicts itself: {what}. Remove one of the two, or run stage 1 again.")


def mixed(path: str, one: EncoderSpec, other: EncoderSpec) -> EncoderMismatchError:
    """Return the error for a file with embeddings of several encoders, or of several lengths."""
    first, second = (each.label[:_LONGEST_LABEL] for each in (one, other))
    if one.label == other.label:
        return EncoderMismatchError(
            f"{path} holds embeddings of {first} with {one.dim} values and with {other.dim}. Run stage 1 again."
        )
    return EncoderMismatchError(
        f"{path} mixes encoders: {first} ({one.dim} values) and {second} ({other.dim}). "
        "Run stage 1 again with one encoder."
    )
