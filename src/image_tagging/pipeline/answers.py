"""What a run of stage 3 or 4 says of each tag: one answer, by the kind of model that answers for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from typing import Optional

import numpy as np

from ..exporters import PictureScores, TagFolder
from ..records import ImageRecord, ListedFile, TagScore
from ..tag_models import AnswerTally, Expected, TagModel, TagModels
from .summaries import EmbeddingSummary
from .tag_answers import ScoredImage, TagAnswer

#: Of so many images or fewer each is shown with its scores, of which it has so many at most.
_FEW_IMAGES, _MOST_SCORES = 5, 8

FolderOf = Callable[[str, str], TagFolder]


def has_few_images(embedding: EmbeddingSummary) -> bool:
    """Return whether the input of a run, which comes first among its inputs, has so few that each is shown."""
    return (embedding.inputs[0].images if embedding.inputs else embedding.images) <= _FEW_IMAGES


class FewImages:
    """Holds the scores of the images of the input of a run, where ``is_few``, by the models that answer."""

    def __init__(self, models: Iterable[TagModel], embedding: EmbeddingSummary, *, is_few: bool) -> None:
        self._answering = {(model.kind, model.tag) for model in models}
        self._input = embedding.inputs[0].source if len(embedding.inputs) > 1 else ""
        self._is_few = is_few
        self.images: list[ScoredImage] = []

    def add(self, files: Iterable[ListedFile], scores: Iterable[TagScore]) -> None:
        """Take the scores of a picture, and the files that hold it."""
        if self._is_few:
            answers = (score for score in scores if (score.kind, score.tag) in self._answering)
            best = tuple(sorted(answers, key=lambda score: (-score.probability, score.tag))[:_MOST_SCORES])
            own = (file for file in files if file.input == self._input)
            self.images.extend(ScoredImage(file.ref.path, best) for file in own)


class StageTally:
    """The answers for ``every`` picture of a stage, how many ``files`` got a tag, and the scores of ``few`` images.

    ``counted`` has the ``picture_hash`` of the pictures that another stage counts too.
    """

    def __init__(self, models: TagModels, embedding: EmbeddingSummary, counted: Set[str], *, is_few: bool) -> None:
        self.models = models
        self.every = AnswerTally(models)
        self.few = FewImages(self.every.models, embedding, is_few=is_few)
        self.files = 0
        self._counted = counted
        self._repeated = AnswerTally(models)

    def add(self, record: ImageRecord, files: Sequence[ListedFile], scores: PictureScores, has_tag: bool) -> None:
        """Take a picture that ``every`` has taken, and the files that hold it."""
        self.few.add(files, scores)
        self.files += len(files) if has_tag else 0
        if record.picture_hash in self._counted:
            self._repeated.add(scores.probabilities[np.newaxis], record.embedding[np.newaxis])

    @property
    def alone(self) -> AnswerTally:
        """The answers for the pictures that no other stage counts."""
        return self.every.without(self._repeated)


def tag_answers(tally: AnswerTally, folder_of: FolderOf, *, is_mountain: bool = False) -> tuple[TagAnswer, ...]:
    """Return what was scored of each tag, ordered by tag; ``folder_of`` returns where a kind and a tag place images.

    ``is_mountain`` says that the pictures are those of the mountain that tags were distinguished from: then how many
    have a tag is what the reports say, and else follows from their probabilities.
    """
    sums = zip(tally.models, tally.tagged.tolist(), tally.expected.tolist(), tally.right.tolist())
    return tuple(
        _answer(model, tagged, right, _expected(model, tally.pictures, None if is_mountain else scored), folder_of)
        for model, tagged, scored, right in sums
    )


def folders_of(stages: Iterable[Sequence[TagAnswer]]) -> FolderOf:
    """Return where stages 3 and 4 have placed the images of each tag, from the answers of both."""
    folders: dict[tuple[str, str], TagFolder] = {}
    for answer in (answer for answers in stages for answer in answers):
        before = folders.get((answer.kind, answer.tag), TagFolder(answer.folder, 0, ""))
        best = max(before.best, answer.best)  # bins are named by their upper edges
        folders[answer.kind, answer.tag] = TagFolder(answer.folder, before.files + answer.placed, best)
    return lambda kind, tag: folders[kind, tag]


def _expected(model: TagModel, pictures: int, scored: Optional[float]) -> Optional[Expected]:
    """Return how many pictures have the tag, where that is known."""
    return model.card.mountain.expected(pictures, scored) if model.card and model.card.mountain else None


def _answer(model: TagModel, tagged: int, right: float, expected: Optional[Expected], folder_of: FolderOf) -> TagAnswer:
    mountain = model.card.mountain if model.card else None
    place = folder_of(model.kind, model.tag)
    return TagAnswer(
        tag=model.tag,
        kind=model.kind,
        expected=expected.number if expected else None,
        interval=expected.interval if expected else None,
        tagged=tagged,
        right=right if mountain and not mountain.warnings else None,
        warnings=mountain.warnings if mountain else (),
        folder=place.folder,
        placed=place.files,
        best=place.best,
    )
