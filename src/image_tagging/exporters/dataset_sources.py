"""Which files of stage 1 belong to which input: two inputs of one name keep two metadata files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

from ..datasets import METADATA_ENDING, RECORDS_MARK, read_embeddings
from ..errors import EncoderError, MetadataError
from ..store import WorkingStore, WrittenFrom
from ..writing import require_ours
from .dataset_files import DatasetFiles

#: The metadata file of an untagged input, and its number.
_NUMBERED = re.compile(rf"(?: \((\d+)\))?{METADATA_ENDING}\.\w+")


@dataclass(frozen=True)
class ReplacedFile:
    """A file of stage 1 that held another input before.

    ``source`` is that input; where only the file itself says what it held, its first image, and ``pictures`` is 0.
    """

    path: str
    source: str
    pictures: int


class InputFiles:
    """The files of stage 1 that one input has in the output folder of a store.

    Untagged metadata is numbered where another input of the same name has its own there: ``namesake`` is that input,
    or the first image of its metadata. ``replaced`` are the files that another input has now.

    Raises
    ------
    OutputError
        A file that is not ours has the name of one of the files.
    """

    def __init__(self, files: DatasetFiles, store: WorkingStore, source: str) -> None:
        self._store = store
        self._source = source
        self._output = os.path.dirname(store.path)
        self.namesake = ""
        if not files.tagged and (number := self._number(files)) > 1:
            self.namesake = next(self._others(files.records), "")
            files = files.numbered(number)
            for path in files.records:
                require_ours(path, RECORDS_MARK)
        self.files = files
        self.replaced = tuple(self._replaced())

    def remember(self, pictures: int) -> None:
        """Remember that the files were written from this input."""
        written = WrittenFrom(self._source, pictures)
        files = [self._key(path) for path in self.files.paths]
        if any(self._store.sources.of(file) != written for file in files):
            self._store.sources.remember(files, written)

    def _number(self, files: DatasetFiles) -> int:
        """Return the number that this input had before, else the first that no other input has."""
        name = self._key(files.records[0])
        stem = name[: name.rindex(METADATA_ENDING)]
        for file in self._store.sources.files_of(self._source):
            if file.startswith(stem) and (found := _NUMBERED.fullmatch(file, len(stem))):
                return int(found[1] or 1)
        return next(number for number in count(1) if not any(self._others(files.numbered(number).records)))

    def _others(self, records: Iterable[str]) -> Iterator[str]:
        """Yield the other input that has one of the files, in any format."""
        for stem in dict.fromkeys(os.path.splitext(path)[0] for path in records):
            for path in (f"{stem}.json", f"{stem}.parquet"):
                written = self._store.sources.of(self._key(path))
                other = written.source if written else self._first_image(path)
                if other and other != self._source:
                    yield other

    def _replaced(self) -> Iterator[ReplacedFile]:
        for path in filter(os.path.lexists, self.files.paths):
            written = self._store.sources.of(self._key(path))
            if written and written.source != self._source:
                yield ReplacedFile(path, written.source, written.pictures)
            elif not written and path in self.files.records and (image := self._first_image(path)):
                yield ReplacedFile(path, image, 0)

    def _first_image(self, path: str) -> str:
        """Return the first file in metadata that no store remembers; empty where it is of this input or not known."""
        with suppress(MetadataError, EncoderError):
            for image in read_embeddings(path)[1]:
                file = image.address.file if image.address else image.file_path
                return "" if _lies_in(file, self._source) else file
        return ""

    def _key(self, path: str) -> str:
        return os.path.relpath(path, self._output).replace(os.sep, "/")


def _lies_in(file: str, source: str) -> bool:
    """Return whether a file is, or lies in, the input: by its path as it is spelt, or by where links lead."""
    for resolve in (os.path.abspath, os.path.realpath):
        path, root = (os.path.normcase(resolve(each)) for each in (file, source))
        if path == root or path.startswith(os.path.join(root, "")):
            return True
    return False
