"""Results after an input was taken away or moved: written from the store, with the scores that are in the file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any, Optional

from ..addresses import ImageRef
from ..errors import ReadError
from ..records import TagScore
from ..sources import SourceReader
from ..store import PlacedFiles, WorkingStore
from ..writing import remove_below, require_ours
from .bins import Bins, Placing
from .contents import Content
from .earlier import EarlierResults
from .merged_output import merged_output
from .results import as_entry, table_and_paths
from .tables import archive_row, result_table, score_rows


def rewrite_results(
    folder: str,
    store: WorkingStore,
    earlier: EarlierResults,
    examples: Mapping[str, Sequence[str]],
    *,
    of_archives: bool,
) -> tuple[str, ...]:
    """Write the results of a stage again, and return their paths; no image and no model is read.

    Pictures and files are those of the role that is chosen, scores those in ``earlier``; ``examples`` has the tags of
    pictures that are examples, by their names. Where the role has no picture
    now, its files are removed, but for what ``output.json`` keeps of the other stage.

    Raises
    ------
    OutputError
        A file cannot be written, or what is there is not ours or damaged.
    """
    table, (output_path, table_path) = table_and_paths(folder, of_archives)
    require_ours(table_path, table.mark)
    table = table.with_input(bool(store.inputs.origins))
    is_empty = not store.pictures.count()[0]
    with merged_output(folder, earlier, of_archives=of_archives) as output, result_table(table_path, table) as rows:
        rows.add(archive_row(table, archive) for archive in (store.inputs.archives() if of_archives else ()))
        for hash_id, _ in store.pictures.tags():
            if (before := earlier.entry(hash_id)) is not None:
                files, scores = store.pictures.files_of(hash_id), before["classifiers_output"]
                output.add(hash_id, as_entry(hash_id, files, scores, examples.get(hash_id)))
                rows.add(row for file in files for row in score_rows(table, file, hash_id, map(_score, scores)))
    gone = [path for path, is_gone in ((table_path, is_empty), (output_path, is_empty and not earlier.kept)) if is_gone]
    for path in gone:
        remove_below(folder, "", os.path.basename(path))
    return tuple(path for path in (output_path, table_path) if path not in gone)


def remove_results(paths: Iterable[str], marks: Iterable[re.Pattern[bytes]]) -> None:
    """Remove files of ours; raise OutputError, before one is removed, where one is not ours."""
    there = [(path, mark) for path, mark in zip(paths, marks) if os.path.lexists(path)]
    for path, mark in there:
        require_ours(path, mark)
    for path, _ in there:
        remove_below(os.path.dirname(path), "", os.path.basename(path))


def take_out_images(folder: str, placed: PlacedFiles, images: Iterable[ImageRef]) -> tuple[int, int]:
    """Remove from the bins what was placed of images; return how many files were removed, and how many stay.

    Those stay that somebody has changed, and those whose image is no longer where it was found: they may be the last.
    """
    with closing(SourceReader()) as reader, closing(Bins(folder, Placing("none"))) as bins:
        for ref in images:
            if placed.of(ref.key):
                bins.take_out(placed, ref.key, _content(reader, ref))
    return bins.removed, bins.stayed


def _content(reader: SourceReader, ref: ImageRef) -> Optional[Content]:
    """Return what an image is where it was found, ``None`` where it is not there."""
    if not ref.members:
        return ref.file if os.path.isfile(ref.file) else None
    try:
        return reader.read(ref)
    except ReadError:
        return None


def _score(score: dict[str, Any]) -> TagScore:
    """Return a score of ``output.json``; its bin is not known."""
    return TagScore(score["tag_name"], score["model_type"], score["tag_prob"], 0, tagged=bool(score.get("tagged")))
