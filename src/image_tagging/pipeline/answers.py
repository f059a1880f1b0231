"""The answers of a run, one per tag, from what its scores add up to."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..exporters import TagFolder
from ..records import ListedFile, TagScore
from ..tag_models import AnswerTally, TagModel
from .summaries import ScoredImage, TagAnswer

#: Of so many images or fewer each is shown with its scores, of which it has so many at most.
_FEW_IMAGES, _MOST_SCORES = 5, 8


class FewImages:
    """Holds the scores of a run over few images, by the models that answer; of more images it holds none."""

    def __init__(self, models: Iterable[TagModel], images: int) -> None:
        self._answering = {(model.kind, model.tag) for model in models}
        self._is_few = images <= _FEW_IMAGES
        self.images: list[ScoredImage] = []

    def add(self, files: Iterable[ListedFile], scores: Iterable[TagScore]) -> None:
        """Take the scores of a picture, and the files that hold it."""
        if self._is_few:
            answers = (score for score in scores if (score.kind, score.tag) in self._answering)
            best = tuple(sorted(answers, key=lambda score: (-score.probability, score.tag))[:_MOST_SCORES])
            self.images.extend(ScoredImage(file.ref.path, best) for file in files)


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
