"""The errors of metadata files that cannot be used: the same for JSON and for Parquet."""

from __future__ import annotations

from typing import Union

from ..errors import EncoderMismatchError, MetadataError
from ..records import EncoderSpec
from ..text import escaped

#: A file may say anything, at any length, where an encoder is named.
_LONGEST_LABEL = 200

_REMEDY = "Give the file that stage 1 wrote (image-tagging process)."


def unreadable(path: str, error: OSError) -> MetadataError:
    """The file cannot be opened or read."""
    return MetadataError(f"cannot read {path}: {error.strerror or error}. {_REMEDY}")


def malformed(path: str, why: Union[str, Exception]) -> MetadataError:
    """The file is not what its suffix says, or breaks off; ``why`` may be another library's words."""
    lines = str(why).strip().splitlines()
    return MetadataError(f"{path} {lines[0][:200].rstrip('. ') if lines else 'is malformed'}. {_REMEDY}")


def foreign(path: str, why: str) -> MetadataError:
    """The file is well formed and holds something else."""
    return MetadataError(f"{path} is not a metadata file: {why}. {_REMEDY}")


def empty(path: str) -> MetadataError:
    """The file holds no picture."""
    return MetadataError(f"{path} holds no image. {_REMEDY}")


def not_numbers(path: str, hash_id: str) -> MetadataError:
    """The embedding of a picture holds what is no finite float32."""
    return MetadataError(
        f"{path}: the embedding of {escaped(hash_id[:20])}… is not a list of finite numbers. "
        "Run stage 1 again to replace it."
    )


def bad_address(path: str, hash_id: str, why: object) -> MetadataError:
    """The address of a picture is none; ``why`` says so in words."""
    return MetadataError(
        f"{path}: the address of {escaped(hash_id[:20])}… {why}. Run stage 1 again to replace it, or leave it out."
    )


def contradictory(path: str, what: str) -> MetadataError:
    """The file gives two values for one thing, and nothing says which of them is meant."""
    return MetadataError(f"{path} contradicts itself: {what}. Remove one of the two, or run stage 1 again.")


def mixed(path: str, one: EncoderSpec, other: EncoderSpec) -> EncoderMismatchError:
    """The file holds embeddings of several encoders, or of several lengths."""
    first, second = (each.label[:_LONGEST_LABEL] for each in (one, other))
    if one.label == other.label:
        return EncoderMismatchError(
            f"{path} holds embeddings of {first} with {one.dim} values and with {other.dim}. Run stage 1 again."
        )
    return EncoderMismatchError(
        f"{path} mixes encoders: {first} ({one.dim} values) and {second} ({other.dim}). "
        "Run stage 1 again with one encoder."
    )
