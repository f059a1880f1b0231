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
_FORMAT = 3


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
        return (*self.records, self.table, *self._lists)

    @property
    def table(self) -> str:
        """The table, of all inputs."""
        return os.path.join(os.path.dirname(self.records[0]), STAGE1.file_name)

    @property
    def _lists(self) -> tuple[str, ...]:
        lists = (HASH_TO_TAGS, TAG_TO_HASHES) if self.tagged else ()
        return tuple(os.path.join(os.path.dirname(self.records[0]), name) for name in lists)

    @property
    def _own(self) -> tuple[str, ...]:
        """The metadata and the lists."""
        return (*self.records, *self._lists)

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

        They are of all inputs of the role that is chosen; untagged metadata is of the chosen input, and its table of
        all untagged ones. ``digest`` stands for the images, and ``unchanged`` says that nothing new is known about
        them since. The ``empty_tags``, in alphabetical order, are listed without an image.

        Raises
        ------
        OutputError
            A file cannot be written.
        """
        inputs = store.inputs
        own, table = inputs.work(self.paths[0]), inputs.work(self.table, of_role=True)
        own_from = f"{_FORMAT}/{encoder.label}/{digest}/{json.dumps(empty_tags)}"
        table_from = f"{_FORMAT}/{encoder.label}/{inputs.digest(of_role=True)}"
        if not unchanged or not store.finished.is_finished(own, f"{own_from}/{_stamps(self._own)}"):
            self._write_own(store, encoder, empty_tags)
            store.finished.finish(own, f"{own_from}/{_stamps(self._own)}")
        if not unchanged or not store.finished.is_finished(table, f"{table_from}/{_stamps([self.table])}"):
            self.write_table(store)
            store.finished.finish(table, f"{table_from}/{_stamps([self.table])}")
        return self.paths

    def _write_own(self, store: WorkingStore, encoder: EncoderSpec, empty_tags: Sequence[str]) -> None:
        """Write the metadata and the lists."""
        with_input = self.tagged and bool(store.inputs.origins)
        with record_writer(self.records, encoder, tagged=self.tagged, with_input=with_input) as writer:
            for record in store.pictures.records(encoder):
                writer.add(record)
        if self.tagged:
            hash_to_tags, tag_to_hashes = self._lists
            write_lists(hash_to_tags, store.pictures.tags())
            empty: list[tuple[str, list[str]]] = [(tag, []) for tag in empty_tags]
            write_lists(tag_to_hashes, heapq.merge(store.pictures.tag_lists(), empty))

    def write_table(self, store: WorkingStore) -> None:
        """Write the table, of all inputs of the role."""
        table = STAGE1.with_input(bool(store.inputs.origins))
        with result_table(self.table, table) as rows:
            rows.add(image_row(table, file, hash_id) for file, hash_id in store.pictures.files(of_role=True))


def _stamps(paths: Sequence[str]) -> list[str]:
    """Return what changes when one of the files is changed or removed."""
    return [stamp_of(path) if os.path.exists(path) else "" for path in paths]
