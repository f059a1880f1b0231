"""Scores of pictures -> the files of stages 3 and 4: ``output.json``, the table, and the images in their bins."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from typing import Any, NamedTuple, Optional

import orjson

from ..addresses import ImageRef
from ..datasets import RECORDS_MARK, input_keys
from ..errors import OutputError, ReadError
from ..failures import FailureList, attempt
from ..files import is_relinked
from ..records import Failure, FoundArchive, ImageRecord, ListedFile, TagScore
from ..sources import SourceReader
from ..tag_models import bin_labels
from ..text import short_path
from ..writing import require_ours
from .bins import Bins
from .contents import Content
from .earlier import EarlierResults
from .formats import ResultFormats
from .layouts import Placing
from .merged_output import MergedOutput, merged_output
from .picture_scores import PictureScores
from .reading import EXAMPLE_OF, OUTPUT_JSON
from .score_parquet import OUTPUT_PARQUET, ScoreParquet, score_parquet
from .score_tables import ScoreTableWriter, score_table
from .stored_tables import is_of_earlier_layout
from .tables import STAGE3, STAGE4, ResultTable

log = logging.getLogger(__name__)

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


class _ResultFiles(NamedTuple):
    """What scores are written to: the table, and the files of formats that are wanted."""

    output: Optional[MergedOutput]
    table: ScoreTableWriter
    parquet: Optional[ScoreParquet]


class ResultWriter:
    """Takes the scored pictures of one run, one at a time, into all its results; ``examples`` counts the examples.

    ``stamp_of_other`` gives the stamp of an image of another input than that of the run, as it was when it was found.
    ``not_as_found`` counts those that would have to be placed, and are not there or have changed since.
    """

    def __init__(
        self,
        files: _ResultFiles,
        bins: Bins,
        labels: list[str],
        reader: SourceReader,
        stamp_of_other: Callable[[ImageRef], Optional[str]],
    ) -> None:
        self._output, self._table, self._parquet = files
        self.bins = bins
        self._labels = labels
        self._reader = reader
        self._stamp_of_other = stamp_of_other
        self.paths: tuple[str, ...] = ()
        self.failures = FailureList()
        self.examples = self.not_as_found = 0

    def add(self, record: ImageRecord, files: Sequence[ListedFile], scores: PictureScores) -> None:
        """Write one picture and place every file that holds it; ``failures`` takes those that could not be placed.

        Raises
        ------
        OutputError
            The output is full or may not be written.
        """
        tags = self.bins.placing.examples.get(record.hash_id)
        self.examples += tags is not None
        if self._output is not None:
            self._output.add(record.hash_id, as_entry(record.hash_id, files, orjson.Fragment(scores.as_json()), tags))
        of_models = scores.of_models()
        for file in files:
            self._table.add(file, record.hash_id, of_models)
            if self._parquet is not None:
                self._parquet.add(file, record.hash_id, of_models)
        if self.bins.places:
            self._place_all(
                files, scores.to_place(tagged_only=self.bins.placing.tagged_only), is_example=tags is not None
            )

    def _place_all(self, files: Sequence[ListedFile], scores: Sequence[TagScore], *, is_example: bool) -> None:
        for file in files:
            placed = attempt(file.ref, "place", partial(self._place, file, scores, is_example))
            if isinstance(placed, Failure) and self.failures.add(placed):
                log.warning("could not place %s: %s (%s)", short_path(placed.ref.path), placed.reason, placed.code)

    def close(self) -> None:
        """Close the archives that images were read from, and remember what was placed."""
        self._reader.close()
        self.bins.close()

    def _place(self, file: ListedFile, scores: Sequence[TagScore], is_example: bool) -> None:
        ref = file.ref

        def read() -> Content:
            return ref.file if ref.is_plain_file else self._reader.read(ref)

        stamp = self._stamp_of_other(ref)
        if stamp is not None and not self._may_place(file, stamp, scores, is_example=is_example):
            return
        try:
            self.bins.place(file, read, scores, self._labels, is_example=is_example)
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise OutputError(f"cannot place images: {error}. Choose another output folder.") from error
            raise

    def _may_place(self, file: ListedFile, stamp: str, scores: Sequence[TagScore], *, is_example: bool) -> bool:
        """Return whether an image that an earlier run found is to be placed, and is as it was then; count it if not.

        Nobody has named its input now, and a stranger may have written that it is there.
        """
        if self.bins.is_placed(file, scores, self._labels, is_example=is_example):
            return False
        try:
            now = self._reader.stamp(file.ref)
        except ReadError:
            now = ""
        is_same = stamp == now or is_relinked(stamp, now)
        self.not_as_found += not is_same
        return is_same


@contextmanager
def results(  # noqa: PLR0913 - what a run writes, each by its name
    folder: str,
    models: Mapping[tuple[str, str], float],
    *,
    formats: ResultFormats,
    archives: Optional[Iterable[FoundArchive]],
    bins: int,
    with_input: bool = False,
    placing: Placing,
    encoding: Optional[str] = None,
    earlier: Optional[EarlierResults] = None,
    stamp_of_other: Callable[[ImageRef], Optional[str]] = lambda _: None,
) -> Iterator[ResultWriter]:
    """Give what writes the results of one run below ``folder``.

    ``models`` are its models in their order, by kind and tag, each with its threshold.

    The files appear when they are complete: the table, and those of ``formats`` but for CSV.

    With ``archives`` they are those of stage 4, without those of stage 3. ``with_input`` says that there are several
    inputs, so that each row has its own. ``placing`` says how images are placed,
    ``encoding`` that of names in archives that do not say it, and ``earlier`` the ``output.json`` that is there, where
    it is open already. ``stamp_of_other`` is as for :class:`ResultWriter`.

    Raises
    ------
    OutputError
        A file cannot be written, or what is there is not ours or damaged.
    """
    of_archives = archives is not None
    table, paths = table_and_paths(folder, of_archives)
    table = table.with_input(with_input)
    with ExitStack() as stack:
        earlier = stack.enter_context(earlier or EarlierResults(folder, of_archives=of_archives))
        output = parquet = None
        if not formats.json:
            earlier.replaced = 0  # they are taken out, and not replaced
        if formats.json or earlier.kept:
            merged = stack.enter_context(merged_output(folder, earlier, of_archives=of_archives))
            output = merged if formats.json else None  # without the pictures of this stage, those of the other stay
        rows = stack.enter_context(score_table(paths[1], table))
        rows.number(models)
        rows.set_thresholds(models)
        if formats.parquet:
            parquet = stack.enter_context(score_parquet(folder, models, with_input=with_input))
        for archive in archives or ():
            rows.add_archive(archive)
        with closing(
            ResultWriter(
                _ResultFiles(output, rows, parquet),
                Bins(folder, placing),
                bin_labels(bins),
                SourceReader(archive_encoding=encoding),
                stamp_of_other,
            )
        ) as writer:
            others = table_and_paths(folder, not of_archives)[1][1]
            if parquet is not None and of_archives:
                parquet.add_kept(others)
            yield writer
            if parquet is not None and not of_archives:
                parquet.add_kept(others)
        in_parquet = (os.path.join(folder, OUTPUT_PARQUET),) if parquet is not None else ()
        writer.paths = (*(paths[:1] if formats.json else ()), *in_parquet, paths[1])


def require_results_ours(folder: str, *, of_archives: bool) -> None:
    """Raise OutputError, before any work, where a file in ``folder`` has the name of a result and is not ours."""
    table, paths = table_and_paths(folder, of_archives)
    for path, mark in zip(paths, (RECORDS_MARK, table.mark)):
        require_ours(path, mark)


def earlier_layout(folder: str, *, of_archives: bool) -> str:
    """Return the name of the table of a stage where it is in the layout of earlier versions, else an empty text."""
    table, (_, path) = table_and_paths(folder, of_archives)
    return table.file_name if is_of_earlier_layout(path) else ""


def table_and_paths(folder: str, of_archives: bool) -> tuple[ResultTable, tuple[str, str]]:
    """Return the table of a stage, and the paths of its two files of results."""
    table = STAGE4 if of_archives else STAGE3
    return table, (os.path.join(folder, OUTPUT_JSON), os.path.join(folder, table.file_name))


def as_entry(
    hash_id: str,
    files: Sequence[ListedFile],
    scores: Any,
    example_of: Optional[Sequence[str]] = None,
) -> dict[str, Any]:
    """Return the entry of a picture in ``output.json``; ``scores`` is their list, or that as JSON."""
    return {
        "hash_id": hash_id,
        "file_path": files[0].ref.path,
        "file_paths": [file.ref.path for file in files],
        "addresses": [file.ref.address for file in files],
        **({EXAMPLE_OF: list(example_of)} if example_of is not None else {}),
        "classifiers_output": scores,
        **input_keys(files[0].ref, files[0].input),
    }
