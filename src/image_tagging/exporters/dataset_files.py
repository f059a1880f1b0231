"""The files of stage 1, written from the working store: metadata, table, and the lists of tags and hashes."""

from __future__ import annotations

import heapq
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..datasets import (
    HASH_TO_TAGS,
    LISTS_MARK,
    METADATA_ENDING,
    RECORDS_MARK,
    TAG_TO_HASHES,
    TAGGED_METADATA,
    UNTAGGED_FOLDER,
    metadata_paths,
    record_writer,
    untagged_metadata_name,
    write_lists,
)
from ..files import stamp_of
from ..records import EncoderSpec
from ..store import WorkingStore
from ..writing import folder_below, require_ours
from .tables import STAGE1, image_row, result_table

#: Counts the changes of what the files hold: those of an earlier count are written again.
_FORMAT = 2


@dataclass(frozen=True)
class DatasetFiles:
    """Where the files of stage 1 go: ``records`` are the metadata, in one path for each format."""

    records: tuple[str, ...]
    tagged: bool

    @classmethod
    def of(cls, source: str, output: str, *, tagged: bool, metadata_format: str) -> DatasetFiles:
        """Return the files of ``source`` in ``output``, or in a folder below it, which is made.

        Raises
        ------
        InputError
            There is no such format.
        MetadataError
            The format is Parquet, and pyarrow is not installed.
        OutputError
            The folder cannot be made, or a file that is not ours has the name of one of the files.
        """
        folder, name = output, TAGGED_METADATA
        if not tagged:
            folder = folder_below(output, UNTAGGED_FOLDER)
            name = untagged_metadata_name(source, folder)
        files = cls(metadata_paths(folder, name, metadata_format), tagged)
        for path, mark in zip(files.paths, files.marks):
            require_ours(path, mark)
        return files

    def numbered(self, number: int) -> DatasetFiles:
        """Return the files with numbered metadata: ``photos (2)-metadata.json``."""
        if number == 1:
            return self
        ends = [path.rindex(METADATA_ENDING) for path in self.records]
        names = (f"{path[:end]} ({number}){path[end:]}" for path, end in zip(self.records, ends))
        return DatasetFiles(tuple(names), self.tagged)

    @property
    def paths(self) -> tuple[str, ...]:
        """All files: the metadata, the table, and, of a tagged data set, the two lists."""
        lists = (HASH_TO_TAGS, TAG_TO_HASHES) if self.tagged else ()
        folder = os.path.dirname(self.records[0])
        return (*self.records, *(os.path.join(folder, name) for name in (STAGE1.file_name, *lists)))

    @property
    def marks(self) -> tuple[re.Pattern[bytes], ...]:
        """What each of ``paths`` holds."""
        return (*(RECORDS_MARK for _ in self.records), STAGE1.mark, LISTS_MARK, LISTS_MARK)

    def write(
        self,
        store: WorkingStore,
        encoder: EncoderSpec,
        *,
        digest: str,
        unchanged: bool = False,
        empty_tags: Sequence[str] = (),
    ) -> tuple[str, ...]:
        """Write the files and return their paths, unless an earlier run wrote these from the same images.

        ``digest`` stands for all images found, and ``unchanged`` says that nothing new is known about
        them since. The ``empty_tags``, in alphabetical order, are listed without an image.

        Raises
        ------
        OutputError
            A file cannot be written.
        """
        made_from = f"{_FORMAT}/{digest}/{encoder.label}/{json.dumps(empty_tags)}"
        if unchanged and store.finished.is_finished(self.paths[0], f"{made_from}/{_stamps(self.paths)}"):
            return self.paths
        table_path, *list_paths = self.paths[len(self.records) :]
        with record_writer(self.records, encoder, tagged=self.tagged) as writer:
            for record in store.pictures.records(encoder):
                writer.add(record)
        with result_table(table_path, STAGE1) as table:
            table.add(image_row(ref, hash_id) for ref, hash_id in store.pictures.files())
        if self.tagged:
            write_lists(list_paths[0], store.pictures.tags())
            empty: list[tuple[str, list[str]]] = [(tag, []) for tag in empty_tags]
            write_lists(list_paths[1], heapq.merge(store.pictures.tag_lists(), empty))
        store.finished.finish(self.paths[0], f"{made_from}/{_stamps(self.paths)}")
        return self.paths


def _stamps(paths: Sequence[str]) -> list[str]:
    """Return what changes when one of the files is changed or removed."""
    return [stamp_of(path) if os.path.exists(path) else "" for path in paths]
