"""Write ``output.json``: the entries of a run, with those of the other stage that are kept."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Optional

import orjson

from ..datasets import RECORDS_MARK, JsonObjectWriter, json_object
from ..writing import scratch_file
from .earlier import INPUT_KEYS, EarlierResults, Entry, with_files, without_input
from .entry_file import EntryFile
from .reading import EXAMPLE_OF, OUTPUT_JSON

_SCORES, _PROBABILITY = "classifiers_output", "tag_prob"

#: By how much two computations of one probability differ.
_ROUNDING = 1e-9


class MergedOutput:
    """Writes the entries of a run into ``output.json``, with those of the other stage that are kept.

    Entries of stage 3 come first. Those of stage 4 wait for them in ``aside``, where there are any.
    """

    def __init__(self, writer: JsonObjectWriter, earlier: EarlierResults, aside: Optional[EntryFile]) -> None:
        self._writer = writer
        self._earlier = earlier
        self._aside = aside

    def add(self, hash_id: str, entry: Entry) -> None:
        """Take the entry of one picture."""
        part = self._earlier.meet(hash_id)
        if self._aside is not None:
            self._aside.append(hash_id, entry)
        else:
            self._writer.add(hash_id, _with_part(entry, part) if part else entry)

    def finish(self) -> None:
        """Write what is kept, and what has waited for it."""
        if self._aside is None:
            for hash_id, part in self._earlier.parts(met=False):
                self._writer.add(hash_id, part)
            return
        for hash_id, part in self._earlier.parts(met=True):
            if found := self._aside.find(hash_id):
                self._aside.take(found[0])
            self._writer.add(hash_id, _merged(part, found[1], found[1]) if found else part)
        for hash_id, entry in self._aside.entries(taken=False):
            self._writer.add(hash_id, entry)


@contextmanager
def merged_output(folder: str, earlier: EarlierResults, *, of_archives: bool) -> Iterator[MergedOutput]:
    """Write the ``output.json`` of a run in a folder, which appears only when it is complete.

    Raises
    ------
    OutputError
        It cannot be written, or another file is there.
    """
    with earlier, json_object(os.path.join(folder, OUTPUT_JSON), RECORDS_MARK) as writer, ExitStack() as stack:
        aside = stack.enter_context(scratch_file(folder)) if of_archives and earlier.kept else None
        output = MergedOutput(writer, earlier, EntryFile(aside) if aside else None)
        yield output
        output.finish()
        earlier.settle()
        earlier.close()  # the file must be closed when it is replaced


def _with_part(entry: Entry, part: Entry) -> Entry:
    """Return the entry of a run, whose scores may be JSON already, with the part that is kept."""
    own = orjson.loads(orjson.dumps(entry))
    return _merged(own, part, own)


def _merged(first: Entry, second: Entry, scored: Entry) -> Entry:
    """Return one entry with the files of both and what else they hold, and the scores of one of them."""
    other = second if scored is first else first
    scores = other[_SCORES] if _are_alike(scored[_SCORES], other.get(_SCORES)) else scored[_SCORES]
    paths, addresses = ([*first[key], *second[key]] for key in ("file_paths", "addresses"))
    kept = _without(other, {*scored, EXAMPLE_OF})  # what the examples are, the run knows best
    merged = without_input(with_files({**scored, _SCORES: scores, **kept}, paths, addresses))
    return {**merged, **{key: first[key] for key in INPUT_KEYS if key in first}}


def _without(entry: Entry, keys: Iterable[str]) -> Entry:
    return {key: entry[key] for key in entry if key not in keys}


def _are_alike(scores: list[Entry], others: Any) -> bool:
    """Return whether the scores of a run are what is in the file but for rounding, which depends on the other pictures.

    Then those in the file stay, and a run that changes nothing leaves it as it is.
    """
    return (
        isinstance(others, list)
        and len(scores) == len(others)
        and all(isinstance(other, dict) and _is_alike(score, other) for score, other in zip(scores, others))
    )


def _is_alike(score: Entry, other: Entry) -> bool:
    probability = other.get(_PROBABILITY)
    is_near = isinstance(probability, float) and abs(score[_PROBABILITY] - probability) < _ROUNDING
    return is_near and _without(score, {_PROBABILITY}) == _without(other, {_PROBABILITY})
