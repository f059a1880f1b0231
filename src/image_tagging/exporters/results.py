"""Scores of pictures -> the files of stages 3 and 4: ``output.json``, the table, and the images in their bins."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from itertools import islice
from typing import Any, Optional

import numpy as np

from ..addresses import ImageRef
from ..datasets import RECORDS_MARK, input_keys
from ..errors import OutputError, ReadError
from ..failures import FailureList, attempt
from ..files import is_relinked
from ..records import Failure, FoundArchive, ImageRecord, ListedFile, TagScore
from ..sources import SourceReader
from ..tag_models import AnswerTally, Floats, TagModels, bin_labels, bin_numbers
from ..text import short_path
from ..writing import require_ours
from .bins import Bins, Placing
from .contents import Content
from .earlier import OUTPUT_JSON, EarlierResults
from .merged_output import MergedOutput, merged_output
from .reading import EXAMPLE_OF
from .tables import STAGE3, STAGE4, ResultTable, TableWriter, archive_row, result_table, score_rows

log = logging.getLogger(__name__)

#: Pictures scored in one matrix product: enough to fill it, few enough to hold.
_BATCH = 512

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


def score_pictures(
    pictures: Iterator[ImageRecord], models: TagModels, bins: int, tally: AnswerTally
) -> Iterator[tuple[ImageRecord, list[TagScore], bool]]:
    """Yield every picture with its score by every model, in the order of ``models.names``, and whether it has a tag.

    It has one by the kinds that answer; ``tally`` sums up these answers.
    """
    while batch := list(islice(pictures, _BATCH)):
        embeddings = np.stack([record.embedding for record in batch])
        probabilities = models.probabilities(embeddings)
        has_tag = tally.add(probabilities, embeddings).tolist()
        yield from zip(batch, _scores(probabilities, models, bins), has_tag)


def score_to_place(
    pictures: Iterator[ImageRecord], models: TagModels, bins: int, *, tagged_only: bool
) -> Iterator[tuple[ImageRecord, list[TagScore]]]:
    """Yield the pictures that are placed anywhere, with the scores of :func:`score_pictures`."""
    thresholds = models.thresholds
    while batch := list(islice(pictures, _BATCH)):
        probabilities = models.probabilities(np.stack([record.embedding for record in batch]))
        rows = np.flatnonzero(np.any(probabilities >= thresholds, axis=1)) if tagged_only else np.arange(len(batch))
        yield from zip([batch[row] for row in rows], _scores(probabilities[rows], models, bins))


def _scores(probabilities: Floats, models: TagModels, bins: int) -> Iterator[list[TagScore]]:
    """Yield the scores of each picture, from the probabilities (N, M) of a batch."""
    names, numbers, tagged = models.names, bin_numbers(probabilities, bins), probabilities >= models.thresholds
    for row in zip(probabilities.tolist(), numbers.tolist(), tagged.tolist()):
        yield [TagScore(tag, kind, *score) for (kind, tag), *score in zip(names, *row)]


class ResultWriter:
    """Takes the scored pictures of one run, one at a time, into all its results; ``examples`` counts the examples.

    ``stamp_of_other`` gives the stamp of an image of another input than that of the run, as it was when it was found.
    ``not_as_found`` counts those that would have to be placed, and are not there or have changed since.
    """

    def __init__(
        self,
        output: MergedOutput,
        table: TableWriter,
        bins: Bins,
        labels: list[str],
        reader: SourceReader,
        stamp_of_other: Callable[[ImageRef], Optional[str]],
    ) -> None:
        self._output = output
        self._table = table
        self.bins = bins
        self._labels = labels
        self._reader = reader
        self._stamp_of_other = stamp_of_other
        self.paths: tuple[str, ...] = ()
        self.failures = FailureList()
        self.examples = self.not_as_found = 0

    def add(self, record: ImageRecord, files: Sequence[ListedFile], scores: Sequence[TagScore]) -> None:
        """Write one picture and place every file that holds it; ``failures`` takes those that could not be placed.

        Raises
        ------
        OutputError
            The output is full or may not be written.
        """
        tags = self.bins.placing.examples.get(record.hash_id)
        self.examples += tags is not None
        self._output.add(record.hash_id, as_entry(record.hash_id, files, map(_score_entry, scores), tags))
        for file in files:
            self._table.add(score_rows(self._table.table, file, record.hash_id, scores))
            placed = attempt(file.ref, "place", partial(self._place, file, scores, tags is not None))
            if isinstance(placed, Failure) and self.failures.add(placed):
                log.warning("could not place %s: %s (%s)", short_path(placed.ref.path), placed.reason, placed.code)

    def close(self) -> None:
        """Close the archives that images were read from, and remember what was placed."""
        self._reader.close()
        self.bins.close()

    def _place(self, file: ListedFile, scores: Sequence[TagScore], is_example: bool) -> None:
        ref = file.ref

        def read() -> Content:
            return self._reader.read(ref) if ref.members else ref.file

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
    *,
    archives: Optional[Iterable[FoundArchive]],
    bins: int,
    with_input: bool = False,
    placing: Placing,
    encoding: Optional[str] = None,
    earlier: Optional[EarlierResults] = None,
    stamp_of_other: Callable[[ImageRef], Optional[str]] = lambda _: None,
) -> Iterator[ResultWriter]:
    """Give what writes the results of one run below ``folder``.

    ``output.json`` and the table appear when they are complete.

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
    earlier = earlier or EarlierResults(folder, of_archives=of_archives)
    with merged_output(folder, earlier, of_archives=of_archives) as output, result_table(paths[1], table) as rows:
        rows.add(archive_row(table, archive) for archive in archives or ())
        images = Bins(folder, placing)
        reader = SourceReader(archive_encoding=encoding)
        with closing(ResultWriter(output, rows, images, bin_labels(bins), reader, stamp_of_other)) as writer:
            writer.paths = paths
            yield writer


def require_results_ours(folder: str, *, of_archives: bool) -> None:
    """Raise OutputError, before any work, where a file in ``folder`` has the name of a result and is not ours."""
    table, paths = table_and_paths(folder, of_archives)
    for path, mark in zip(paths, (RECORDS_MARK, table.mark)):
        require_ours(path, mark)


def table_and_paths(folder: str, of_archives: bool) -> tuple[ResultTable, tuple[str, str]]:
    """Return the table of a stage, and the paths of its two files of results."""
    table = STAGE4 if of_archives else STAGE3
    return table, (os.path.join(folder, OUTPUT_JSON), os.path.join(folder, table.file_name))


def as_entry(
    hash_id: str,
    files: Sequence[ListedFile],
    scores: Iterable[dict[str, Any]],
    example_of: Optional[Sequence[str]] = None,
) -> dict[str, Any]:
    """Return the entry of a picture in ``output.json``."""
    return {
        "hash_id": hash_id,
        "file_path": files[0].ref.path,
        "file_paths": [file.ref.path for file in files],
        "addresses": [file.ref.address for file in files],
        **({EXAMPLE_OF: list(example_of)} if example_of is not None else {}),
        "classifiers_output": list(scores),
        **input_keys(files[0].ref, files[0].input),
    }


def _score_entry(score: TagScore) -> dict[str, Any]:
    return {
        "model_type": score.kind,
        "tag_name": score.tag,
        "tag_prob": score.probability,
        "tagged": score.tagged,
    }
