"""The files of stage 1, written from the working store: metadata, table, and the lists of tags and hashes."""

from __future__ import annotations

import heapq
import json
import os
from collections.abc import Sequence

from . import metadata
from .database import STAGE1, image_row, result_table
from .files import stamp_of
from .index import WorkingStore
from .records import ImageRef
from .sources import sub_folders
from .summaries import EmbeddingSummary


def records_paths(source: str, output: str, *, tagged: bool, metadata_format: str) -> tuple[str, ...]:
    """Where the metadata of ``source`` goes: one path, or one for each format.

    Raises
    ------
    InputError
        There is no such format.
    MetadataError
        The format is Parquet, and pyarrow is not installed.
    """
    if tagged:
        return metadata.metadata_paths(output, metadata.TAGGED_METADATA, metadata_format)
    folder = os.path.join(output, metadata.UNTAGGED_FOLDER)
    return metadata.metadata_paths(folder, metadata.untagged_metadata_name(source), metadata_format)


def write_dataset_files(
    store: WorkingStore,
    records: Sequence[str],
    embedding: EmbeddingSummary,
    *,
    tagged: bool,
    without_images: Sequence[str] = (),
) -> tuple[str, ...]:
    """Write the files of stage 1 and return their paths, unless an earlier run wrote just these from just the same.

    The tags of ``without_images``, in alphabetical order, are listed with no image.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    lists = (metadata.HASH_TO_TAGS, metadata.TAG_TO_HASHES) if tagged else ()
    folder = os.path.dirname(records[0])
    table_path, *list_paths = (os.path.join(folder, each) for each in (STAGE1.file_name, *lists))
    paths = (*records, table_path, *list_paths)
    made_from = f"{embedding.digest}/{embedding.encoder.label}/{json.dumps(without_images)}"
    if embedding.unchanged and store.is_finished(paths[0], f"{made_from}/{_stamps(paths)}"):
        return paths
    with metadata.record_writer(records, embedding.encoder, tagged=tagged) as writer:
        for record in store.pictures(embedding.encoder):
            writer.add(record)
    with result_table(table_path, STAGE1) as table:
        table.add(image_row(ref, hash_id) for ref, hash_id in store.files())
    if tagged:
        metadata.write_lists(list_paths[0], store.tags_of_pictures())
        empty: list[tuple[str, list[str]]] = [(tag, []) for tag in without_images]
        metadata.write_lists(list_paths[1], heapq.merge(store.tag_lists(), empty))
    store.finish(paths[0], f"{made_from}/{_stamps(paths)}")
    return paths


def _stamps(paths: Sequence[str]) -> list[str]:
    """What changes when one of the files is changed or removed."""
    return [stamp_of(path) if os.path.exists(path) else "" for path in paths]


def empty_tags(store: WorkingStore, root: str, left_out: Sequence[str]) -> tuple[str, ...]:
    """The tags, in alphabetical order, for which a person made a sub-folder that holds no image, nor does any other."""
    if not os.path.isdir(root):
        return ()
    folders = map(ImageRef, sub_folders(root, leave_out=left_out))
    names = {folder.name for folder in folders if not store.lists_below(folder.path)}
    return tuple(sorted(names.difference(store.count_tags())))
