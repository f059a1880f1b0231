"""Which files of stage 1 belong to which input: two inputs of one name keep two metadata files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import count, islice

from ..datasets import METADATA_ENDING, RECORDS_MARK, read_embeddings
from ..errors import EncoderError, MetadataError, OutputError
from ..files import below, is_url
from ..store import WorkingStore, WrittenFrom
from ..text import short_path
from ..writing import require_ours
from .dataset_files import DatasetFiles

#: The metadata file of an untagged input, and its number.
_NUMBERED = re.compile(rf"(?: \((\d+)\))?{METADATA_ENDING}\.\w+")


class InputFiles:
    """The files of stage 1 that one input has in the output folder of a store, in which it is chosen.

    Untagged metadata is numbered where another input of the same name has its own there: ``namesake`` is that input,
    or the first image of its metadata.

    Raises
    ------
    OutputError
        A file that is not ours has the name of one of the files, or one holds an input that the store does not know,
        unless all are to be replaced (``fresh``).
    """

    def __init__(self, files: DatasetFiles, store: WorkingStore, source: str, *, fresh: bool = False) -> None:
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
        if not fresh and not store.inputs.of(store.inputs.role):
            self._require_known()

    def remember(self, pictures: int) -> None:
        """Remember that the metadata was written from this input, where each has its own."""
        written = WrittenFrom(self._source, pictures)
        files = [] if self.files.tagged else [self._key(path) for path in self.files.records]
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

    def _require_known(self) -> None:
        """Raise OutputError where a file holds another input: nothing else is known of that, to write it again."""
        for path in filter(os.path.lexists, self.files.paths):
            written = self._store.sources.of(self._key(path))
            if written and written.source != self._source:
                raise unknown_input(path, written.source)
            is_asked = not written and self.files.tagged and path in self.files.records
            if is_asked and (other := next(self._images_of_others(path), "")):
                raise unknown_input(path, other)

    def _first_image(self, path: str) -> str:
        """Return the first file in metadata that no store remembers; empty where it is of this input or not known."""
        for file in islice(_files_in(path), 1):
            return "" if lies_in(file, self._source) else file
        return ""

    def _images_of_others(self, path: str) -> Iterator[str]:
        return (file for file in _files_in(path) if not lies_in(file, self._source))

    def _key(self, path: str) -> str:
        return os.path.relpath(path, self._output).replace(os.sep, "/")


def _files_in(path: str) -> Iterator[str]:
    """Yield the files in metadata, as far as it can be read."""
    with suppress(MetadataError, EncoderError):
        for image in read_embeddings(path)[1]:
            yield image.address.file if image.address else image.file_path


def unknown_input(path: str, other: str) -> OutputError:
    """Return the error for a file with results of an input that the store does not know; ``other`` lies in that."""
    return OutputError(
        f"{path} holds results of another input ({short_path(other)}), of which the working store knows nothing: an "
        "earlier version wrote them, or the store was moved away. Run this command on that input once and then on this "
        "one, which adds it; or replace them by --fresh; or use another output folder."
    )


def lies_in(file: str, source: str) -> bool:
    """Return whether a file is, or lies in, the input: by its path as it is spelt, or by where links lead."""
    if is_url(source) or is_url(file):
        return file == source or file.startswith(below(source))
    for resolve in (os.path.abspath, os.path.realpath):
        path, root = (os.path.normcase(resolve(each)) for each in (file, source))
        if path == root or path.startswith(os.path.join(root, "")):
            return True
    return False
