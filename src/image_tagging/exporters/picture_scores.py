"""The scores of pictures by all models of a run, a batch at a time, and which of them are written.

They stay arrays: a run over 500 tags has a thousand scores a picture, and few of them are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, NamedTuple, Optional, Union

import numpy as np
import orjson
from numpy.typing import NDArray

from ..records import ImageRecord, TagScore
from ..settings import ALL_SCORES, TAGGED_SCORES
from ..tag_models import AnswerTally, Floats, TagModels, bin_numbers
from .score_tables import ModelScores

#: Pictures scored in one matrix product: enough to fill it, few enough to hold.
_BATCH = 512

_TAGGED = (b',"tagged":false}', b',"tagged":true}')


class _Batch(NamedTuple):
    """Pictures, their embeddings (N, D), their scores (N, M), and which of these reach their thresholds."""

    records: list[ImageRecord]
    embeddings: NDArray[np.float32]
    probabilities: Floats
    tagged: NDArray[np.bool_]


class Scoring:
    """Scores pictures by the models of a run.

    ``wanted`` says which scores are written: all, those of tags that the picture has, or those from a probability on;
    ``written`` and ``left_out`` count them, ``left_out_tagged`` those of tags that the picture has. ``bins`` is how
    many bins there are.
    """

    def __init__(self, models: TagModels, bins: int, wanted: Union[str, float] = ALL_SCORES) -> None:
        self.models = models
        self.names = models.names
        self.bins = bins
        self.written = self.left_out = self.left_out_tagged = 0
        self.starts = [_start_of(*name) for name in self.names]
        self._wanted = wanted
        self._thresholds = models.thresholds

    @property
    def thresholds(self) -> dict[tuple[str, str], float]:
        """The threshold of each model, by kind and tag, in their order."""
        return dict(zip(self.names, self._thresholds.tolist()))

    def pictures(
        self, records: Iterator[ImageRecord], tally: AnswerTally
    ) -> Iterator[tuple[ImageRecord, PictureScores, bool]]:
        """Yield every picture with its score by every model, and whether it has a tag.

        It has one by the kinds that answer; ``tally`` sums up these answers.
        """
        for batch, embeddings, probabilities, tagged in self._batches(records):
            has_tag = tally.add(probabilities, embeddings).tolist()
            kept = self._kept(probabilities, tagged)
            self.left_out_tagged += 0 if kept is None else int((tagged & ~kept).sum())
            for row, (record, is_tagged) in enumerate(zip(batch, has_tag)):
                numbers = None if kept is None else np.flatnonzero(kept[row])
                self._count(numbers)
                yield record, PictureScores(self, probabilities[row], tagged[row], numbers), is_tagged

    def to_place(
        self, records: Iterator[ImageRecord], *, tagged_only: bool
    ) -> Iterator[tuple[ImageRecord, PictureScores]]:
        """Yield the pictures that are placed anywhere, with their scores."""
        for batch, _, probabilities, tagged in self._batches(records):
            rows = np.flatnonzero(tagged.any(axis=1)) if tagged_only else np.arange(len(batch))
            for row in rows.tolist():
                yield batch[row], PictureScores(self, probabilities[row], tagged[row])

    def _batches(self, records: Iterator[ImageRecord]) -> Iterator[_Batch]:
        """Score the next batch on a thread while somebody works on the one before: products run next to Python."""
        with ThreadPoolExecutor(1) as thread:
            before: Optional[tuple[list[ImageRecord], NDArray[np.float32], Future[Floats]]] = None
            while batch := list(islice(records, _BATCH)):
                embeddings = np.stack([record.embedding for record in batch])
                scored = thread.submit(self.models.probabilities, embeddings)
                if before:
                    yield self._batch(*before)
                before = batch, embeddings, scored
            if before:
                yield self._batch(*before)

    def _batch(self, batch: list[ImageRecord], embeddings: NDArray[np.float32], scored: Future[Floats]) -> _Batch:
        probabilities = np.ascontiguousarray(scored.result())
        return _Batch(batch, embeddings, probabilities, probabilities >= self._thresholds)

    def _kept(self, probabilities: Floats, tagged: NDArray[np.bool_]) -> Optional[NDArray[np.bool_]]:
        """Return which scores (N, M) are written, ``None`` where all are."""
        if self._wanted == ALL_SCORES:
            return None
        return tagged if self._wanted == TAGGED_SCORES else probabilities >= float(self._wanted)

    def _count(self, numbers: Optional[NDArray[np.intp]]) -> None:
        written = len(self.names) if numbers is None else len(numbers)
        self.written += written
        self.left_out += len(self.names) - written


class PictureScores:
    """The scores of one picture: ``probabilities`` (M,) by the models of a run, and whether each makes it ``tagged``.

    ``kept`` (k,) are the numbers of those that are written, ``None`` where all are.
    """

    __slots__ = ("_scoring", "kept", "probabilities", "tagged")

    def __init__(
        self,
        scoring: Scoring,
        probabilities: Floats,
        tagged: NDArray[np.bool_],
        kept: Optional[NDArray[np.intp]] = None,
    ) -> None:
        self._scoring = scoring
        self.probabilities = probabilities
        self.tagged = tagged
        self.kept = kept

    def __iter__(self) -> Iterator[TagScore]:
        """Yield all scores, in the order of the models."""
        bins = bin_numbers(self.probabilities, self._scoring.bins).tolist()
        for (kind, tag), *score in zip(self._scoring.names, self.probabilities.tolist(), bins, self.tagged.tolist()):
            yield TagScore(tag, kind, *score)

    def to_place(self, *, tagged_only: bool) -> list[TagScore]:
        """Return all scores, or those alone that make the picture tagged."""
        if not tagged_only:
            return list(self)
        numbers = np.flatnonzero(self.tagged)
        bins = bin_numbers(self.probabilities[numbers], self._scoring.bins).tolist()
        named = ((self._scoring.names[number], self.probabilities[number]) for number in numbers.tolist())
        return [
            TagScore(tag, kind, float(probability), each, True) for ((kind, tag), probability), each in zip(named, bins)
        ]

    def of_models(self) -> ModelScores:
        """Return those that are written, by the numbers of their models."""
        if self.kept is None:
            models: Sequence[int] = range(len(self.probabilities))
            return ModelScores(models, self.probabilities.tolist(), self.tagged.view(np.int8).tolist())
        kept = self.kept
        return ModelScores(kept.tolist(), self.probabilities[kept].tolist(), self.tagged[kept].view(np.int8).tolist())

    def as_json(self) -> bytes:
        """Return those that are written as the list of ``output.json``: put together, at half the cost of objects."""
        kept, starts = self.kept, self._scoring.starts
        probabilities, tagged = self.probabilities, self.tagged
        if kept is not None:
            probabilities, tagged = probabilities[kept], tagged[kept]
            starts = [starts[number] for number in kept.tolist()]
        if not starts:
            return b"[]"
        parts: list[Any] = [b","] * (4 * len(starts))
        parts[0::4] = starts
        parts[1::4] = orjson.dumps(probabilities, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].split(b",")
        parts[2::4] = [_TAGGED[each] for each in tagged.tolist()]
        parts[0], parts[-1] = b"[" + starts[0], b"]"
        return b"".join(parts)


def _start_of(kind: str, tag: str) -> bytes:
    """Return the begin of a score in JSON, up to its probability."""
    return orjson.dumps({"model_type": kind, "tag_name": tag})[:-1] + b',"tag_prob":'
