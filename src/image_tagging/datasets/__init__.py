"""Labelled embeddings: reading and writing the metadata of stage 1, and dividing it for training.

Metadata files are JSON or Parquet, both streamed. :mod:`.splits` joins them with tag lists and divides the images of a
tag; :mod:`.near_duplicates` keeps copies on one side; :mod:`.audit` looks for what is odd before anything is learned.
"""

from __future__ import annotations

from .audit.audit import Advice, audit_dataset
from .json_objects import JsonObjectWriter, json_entries, json_object
from .metadata import (
    HASH_TO_TAGS,
    TAG_TO_HASHES,
    TAGGED_METADATA,
    UNTAGGED_FOLDER,
    metadata_paths,
    read_embeddings,
    read_tag_lists,
    record_writer,
    untagged_metadata_name,
    write_lists,
)
from .metadata_errors import FileErrors
from .splits import Split, Splitter, TaggedEmbeddings, gather

__all__ = [
    "HASH_TO_TAGS",
    "TAGGED_METADATA",
    "TAG_TO_HASHES",
    "UNTAGGED_FOLDER",
    "Advice",
    "FileErrors",
    "JsonObjectWriter",
    "Split",
    "Splitter",
    "TaggedEmbeddings",
    "audit_dataset",
    "gather",
    "json_entries",
    "json_object",
    "metadata_paths",
    "read_embeddings",
    "read_tag_lists",
    "record_writer",
    "untagged_metadata_name",
    "write_lists",
]
