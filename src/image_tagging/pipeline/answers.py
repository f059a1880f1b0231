"""The answers of a run, one per tag, from what its scores add up to."""

from __future__ import annotations

from collections.abc import Callable

from ..exporters import TagFolder
from ..tag_models import AnswerTally, TagModel
from .summaries import TagAnswer


def tag_answers(tally: AnswerTally, folder_of: Callable[[str, str], TagFolder]) -> tuple[TagAnswer, ...]:
    """Return what was scored of each tag, ordered by tag; ``folder_of`` returns where a kind and a tag place images."""
    sums = zip(tally.models, tally.tagged.tolist(), tally.expected.tolist(), tally.right.tolist())
    return tuple(_answer(*of_tag, tally.pictures, folder_of(of_tag[0].kind, of_tag[0].tag)) for of_tag in sums)


def _answer(model: TagModel, tagged: int, expected: float, right: float, pictures: int, place: TagFolder) -> TagAnswer:
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
        folder=place.folder,
        placed=place.files,
        best=place.best,
    )
