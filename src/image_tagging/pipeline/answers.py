"""The answers of a run, one per tag, from what its scores add up to."""

from __future__ import annotations

import os
from collections.abc import Sequence, Set

import numpy as np

from ..records import ImageRecord, TagScore
from ..tag_models import AnswerTally, TagModel, TagModels, quote_tag
from .summaries import TagAnswer


class StageTally:
    """The answers for ``every`` picture of a stage, and how many ``files`` got a tag.

    ``counted`` has the ``picture_hash`` of the pictures that another stage counts too.
    """

    def __init__(self, models: TagModels, counted: Set[str]) -> None:
        self.models = models
        self.every = AnswerTally(models)
        self.files = 0
        self._counted = counted
        self._repeated = AnswerTally(models)

    def add(self, record: ImageRecord, scores: Sequence[TagScore], files: int) -> None:
        """Take a picture that ``every`` has taken, of which so many files got a tag."""
        self.files += files
        if record.picture_hash in self._counted:
            probabilities = np.array([[score.probability for score in scores]])
            self._repeated.add(probabilities, record.embedding[np.newaxis])

    @property
    def alone(self) -> AnswerTally:
        """The answers for the pictures that no other stage counts."""
        return self.every.without(self._repeated)


def tag_answers(tally: AnswerTally, *, is_mountain: bool = False) -> tuple[TagAnswer, ...]:
    """Return what was scored of each tag, ordered by tag.

    ``is_mountain`` says that the pictures are those of the mountain that tags were distinguished from: then how many
    have a tag is what the reports say, and else follows from their probabilities.
    """
    sums = zip(tally.models, tally.tagged.tolist(), tally.expected.tolist(), tally.right.tolist())
    return tuple(_answer(*of_tag, tally.pictures, is_mountain=is_mountain) for of_tag in sums)


def _answer(
    model: TagModel, tagged: int, scored: float, right: float, pictures: int, *, is_mountain: bool
) -> TagAnswer:
    mountain = model.card.mountain if model.card else None
    expected = mountain.expected(pictures, None if is_mountain else scored) if mountain else None
    return TagAnswer(
        tag=model.tag,
        kind=model.kind,
        expected=expected.number if expected else None,
        interval=expected.interval if expected else None,
        tagged=tagged,
        right=right if mountain and not mountain.warnings else None,
        warnings=mountain.warnings if mountain else (),
        folder=os.path.join(model.kind, quote_tag(model.tag)),
    )
