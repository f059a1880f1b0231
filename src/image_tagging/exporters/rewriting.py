"""Results after an input was taken away or moved: written from the store, with the scores that are in the file."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from typing import Any, Optional

from ..addresses import ImageRef
from ..errors import OutputError, ReadError
from ..records import TagScore
from ..sources import SourceReader
from ..store import PlacedFiles, WorkingStore
from ..text import escaped
from ..writing import remove_below, require_ours
from .bins import Bins
from .contents import Content
from .earlier import EarlierResults
from .layouts import Placing
from .merged_output import merged_output
from .results import as_entry, table_and_paths
from .score_parquet import OUTPUT_PARQUET, has_parquet, score_parquet
from .score_tables import ModelScores, ScoreTableWriter, score_table
from .stored_tables import StoredScores
from .tables import STAGE3, STAGE4


def rewrite_results(
    folder: str,
    store: WorkingStore,
    earlier: EarlierResults,
    examples: Mapping[str, Sequence[str]],
    *,
    of_archives: bool,
) -> tuple[str, ...]:
    """Write the results of a stage again, and return their paths; no image and no model is read.

    Pictures and files are those of the role that is chosen, scores those in ``earlier``, and those in the table of
    pictures that it lacks; ``examples`` has the tags of pictures that are examples, by their names. Where the role has
    no picture now, its files are removed, but for what ``output.json`` keeps of the other stage.

    Raises
    ------
    OutputError
        A file cannot be written, or what is there is not ours or damaged.
    """
    table, (output_path, table_path) = table_and_paths(folder, of_archives)
    require_ours(table_path, table.mark)
    table = table.with_input(bool(store.inputs.origins))
    is_empty = not store.pictures.count()[0]
    has_json = os.path.exists(output_path)
    with closing(StoredScores(table_path)) as stored, ExitStack() as stack:
        output = stack.enter_context(merged_output(folder, earlier, of_archives=of_archives)) if has_json else None
        rows = stack.enter_context(score_table(table_path, table))
        for archive in store.inputs.archives() if of_archives else ():
            rows.add_archive(archive)
        thresholds = _Thresholds(stored.thresholds())
        for hash_id, _ in store.pictures.tags():
            entry, files = earlier.entry(hash_id), store.pictures.files_of(hash_id)
            if output is not None and entry is not None:
                output.add(hash_id, as_entry(hash_id, files, entry["classifiers_output"], examples.get(hash_id)))
            scores = stored.of(hash_id) if entry is None else map(_score, entry["classifiers_output"])
            if scores is not None:
                of_models = _of_models(rows, thresholds.noting(scores))
                for file in files:
                    rows.add(file, hash_id, of_models)
        rows.set_thresholds(thresholds.found(output_path if has_json else table_path))
        stored.close()
    is_gone = {table_path: is_empty, output_path: not has_json or (is_empty and not earlier.kept)}
    for path in (path for path, gone in is_gone.items() if gone and os.path.exists(path)):
        remove_below(folder, "", os.path.basename(path))
    return (
        *(path for path, gone in is_gone.items() if not gone),
        *_rewrite_parquet(folder, with_input=table.has_input),
    )


class _Thresholds:
    """The thresholds of models: as the table says, and where it does not, as the scores themselves show them."""

    def __init__(self, stored: Mapping[tuple[str, str], float]) -> None:
        self._stored = stored
        self._tagged: dict[tuple[str, str], float] = {}
        self._others: dict[tuple[str, str], float] = {}

    def noting(self, scores: Iterable[TagScore]) -> Iterator[TagScore]:
        """Yield the scores, and look at them."""
        for score in scores:
            model, probability = (score.kind, score.tag), score.probability
            if score.tagged:
                self._tagged[model] = min(probability, self._tagged.get(model, math.inf))
            else:
                self._others[model] = max(probability, self._others.get(model, -math.inf))
            yield score

    def found(self, path: str) -> dict[tuple[str, str], float]:
        """Return them; OutputError where none gives what the scores at ``path`` say of a model."""
        return {model: self._found(model, path) for model in {**self._tagged, **self._others}}

    def _found(self, model: tuple[str, str], path: str) -> float:
        least, other = self._tagged.get(model, math.inf), self._others.get(model, -math.inf)
        for threshold in (self._stored.get(model, math.inf), least):
            if other < threshold <= least:
                return threshold
        kind, tag = map(escaped, model)
        raise OutputError(
            f"{path} was changed: by {kind} a probability of {least:.4f} has the tag {tag}, and one of {other:.4f} "
            "has not. Run classify again, which writes it again."
        )


def _of_models(rows: ScoreTableWriter, scores: Iterable[TagScore]) -> ModelScores:
    """Return scores by the numbers of their models, one for each model."""
    by_model = {(each.kind, each.tag): each for each in scores}
    chosen = by_model.values()
    return ModelScores(
        rows.number(by_model), [each.probability for each in chosen], [int(each.tagged) for each in chosen]
    )


def _rewrite_parquet(folder: str, *, with_input: bool) -> tuple[str, ...]:
    """Write ``output.parquet`` again from the tables, where there is one; remove it where there is no table."""
    if not has_parquet(folder):
        return ()
    tables = [os.path.join(folder, table.file_name) for table in (STAGE3, STAGE4)]
    there = [path for path in tables if os.path.exists(path)]
    if not there:
        remove_below(folder, "", OUTPUT_PARQUET)
        return ()
    with score_parquet(folder, (), with_input=with_input) as parquet:
        for path in there:
            parquet.add_kept(path)
    return (os.path.join(folder, OUTPUT_PARQUET),)


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
    if ref.is_plain_file:
        return ref.file if os.path.isfile(ref.file) else None
    try:
        return reader.read(ref)
    except ReadError:
        return None


def _score(score: dict[str, Any]) -> TagScore:
    """Return a score of ``output.json``; its bin is not known."""
    return TagScore(score["tag_name"], score["model_type"], score["tag_prob"], 0, tagged=bool(score.get("tagged")))
