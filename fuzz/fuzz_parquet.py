"""Metadata as a Parquet table of a stranger. An input is the bytes of the file."""

from __future__ import annotations

from image_tagging.errors import EncoderMismatchError, MetadataError

from .fuzz_json import check, read_all_embeddings


def one_input(data: bytes) -> None:
    """Read the table to its end: embeddings of one length, or a named error of one line."""
    check(data, "input.parquet", read_all_embeddings, (MetadataError, EncoderMismatchError))
