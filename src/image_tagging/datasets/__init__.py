"""Read and write labelled embeddings (the metadata of stage 1), and split them for training.

Metadata files are JSON or Parquet, both streamed. :mod:`.splits` joins them with tag lists and splits the images of a
tag; :mod:`.near_duplicates` keeps near-duplicates on one side of a split; :mod:`.audit` checks a data set for problems
before training.
"""

from __future__ import annotations

from .audit.alike_names import differ_in_case
from .audit.audit import Advice, audit_dataset
from .background import MOST_KEPT, Background, read_background
from .centres import Rows
from .halves import as_float32, as_scaled_float32
from .hash_lists import HashList
from .json_objects import json_entries, json_entry, json_pieces
from .json_writer import JsonObjectWriter, json_object
from .metadata import (
    HASH_TO_TAGS,
    LISTS_MARK,
    METADATA_ENDING,
    RECORDS_MARK,
    TAGGED_METADATA,
    UNTAGGED_FOLDER,
    input_keys,
    metadata_paths,
    read_embeddings,
    record_writer,
    untagged_metadata_name,
    write_lists,
)
from .metadata_errors import FileErrors
from .metadata_parquet import require_pyarrow
from .near_duplicates import close_pairs, join_labels, near_duplicate_groups
from .noted_images import NotedImages
from .other_names import like_other_sets
from .splits import Split, Splitter
from .tag_lists import TAG_TO_HASHES, read_tag_lists
from .tagged_embeddings import OTHER_SETS, TaggedEmbeddings, draw_of, gather
from .verdict_labels import VerdictLabel, VerdictLabels

__all__ = [
    "HASH_TO_TAGS",
    "LISTS_MARK",
    "METADATA_ENDING",
    "MOST_KEPT",
    "OTHER_SETS",
    "RECORDS_MARK",
    "TAGGED_METADATA",
    "TAG_TO_HASHES",
    "UNTAGGED_FOLDER",
    "Advice",
    "Background",
    "FileErrors",
    "HashList",
    "JsonObjectWriter",
    "NotedImages",
    "Rows",
    "Split",
    "Splitter",
    "TaggedEmbeddings",
    "VerdictLabel",
    "VerdictLabels",
    "as_float32",
    "as_scaled_float32",
    "audit_dataset",
    "close_pairs",
    "differ_in_case",
    "draw_of",
    "gather",
    "input_keys",
    "join_labels",
    "json_entries",
    "json_entry",
    "json_object",
    "json_pieces",
    "like_other_sets",
    "metadata_paths",
    "near_duplicate_groups",
    "read_background",
    "read_embeddings",
    "read_tag_lists",
    "record_writer",
    "require_pyarrow",
    "untagged_metadata_name",
    "write_lists",
]
