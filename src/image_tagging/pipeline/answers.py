"""The answers of a run, one per tag, from what its scores add up to."""

from __future__ import annotations

import os

from ..settings import BY_TAG
from ..tag_models import AnswerTally, TagModel, quote_tag
from .summaries import TagAnswer


def tag_answers(tally: AnswerTally, *, by_tag: bool) -> tuple[TagAnswer, ...]:
    """Return what was scored of each tag, ordered by tag; ``by_tag`` says that images are placed in folders of tags."""
    sums = zip(tally.models, tally.tagged.tolist(), tally.expected.tolist(), tally.right.tolist())
    return tuple(_answer(*of_tag, tally.pictures, by_tag) for of_tag in sums)


def _answer(model: TagModel, tagged: int, expected: float, right: float, pictures: int, by_tag: bool) -> TagAnswer:
    mountain = model.card.mountain if model.card else None
    interval = None
    if mountain and mountain.interval and mountain.prevalence:
        # The scored pictures may be others than the background: the bounds are as far from the sum, as a ratio.
        low, high = (min(expected * bound / mountain.prevalence, pictures) for bound in mountain.interval)
        interval = (low, high)
    return TagAnswer(
        tag=model.tag,
        kind=model.kind,
        expected=expected if mountain else None,
        interval=interval,
        tagged=tagged,
        right=right if mountain and not mountain.warnings else None,
        warnings=mountain.warnings if mountain else (),
        folder=os.path.join(BY_TAG if by_tag else model.kind, quote_tag(model.tag)),
    )
