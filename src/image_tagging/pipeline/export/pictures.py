"""The pictures of an output folder with the tags that they have, streamed in the order of their hashes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Optional

from ...datasets import OTHER_SETS
from ...exporters import AnswersInOrder, ModelScore, TagAnswers
from ...interchange import EXAMPLE, MODEL, VERDICT, ExportedPicture, ExportedTag
from ...store import NO, VERDICTS_NAME, YES, CollectedPicture, WorkingStore, in_force, read_verdicts
from ...text import as_tag
from ..collected_embeddings import models_by_tag


class ResultPictures:
    """All pictures of an output folder whose store is open; read as often as wanted, a picture at a time.

    One kind of model answers for each tag. Verdicts win over the folders of examples, and these over models.
    """

    def __init__(
        self, store: WorkingStore, min_probability: Optional[float], hidden: frozenset[str] = frozenset()
    ) -> None:
        self._collection = store.collection
        self._folder = os.path.dirname(store.path)
        self._least = min_probability
        self._hidden = hidden
        self._verdicts: dict[str, dict[str, float]] = {}
        path = os.path.join(self._folder, VERDICTS_NAME)
        said = in_force(read_verdicts(path)) if os.path.isfile(path) else ()
        for verdict in (each.verdict for each in said if each.verdict.verdict in {YES, NO}):
            of_picture = self._verdicts.setdefault(verdict.hash_id, {})
            of_picture[as_tag(verdict.tag)] = float(verdict.verdict == YES)
        models = models_by_tag(self._folder)
        self._answers = TagAnswers([model for of_tag in models.values() for model in of_tag])
        judged = (tag for of_picture in self._verdicts.values() for tag in of_picture)
        tags = {*map(as_tag, models), *self._collection.example_tags(), *judged} - {*OTHER_SETS}
        self.tags: tuple[str, ...] = tuple(sorted(tags))

    def __iter__(self) -> Iterator[ExportedPicture]:
        with AnswersInOrder(self._folder, self._answers) as scores:
            for picture in self._collection.pictures():
                if picture.hash_id not in self._hidden:
                    yield self._exported(picture, scores.of(picture.hash_id))

    def _exported(self, picture: CollectedPicture, scores: list[ModelScore]) -> ExportedPicture:
        least = self._least
        answers = {
            tag: (-probability, tag, MODEL, is_tagged if least is None else probability >= least)
            for tag, _, probability, _, is_tagged in scores
        }
        answers.update({tag: (-1.0, tag, EXAMPLE, True) for tag in picture.tags if tag not in OTHER_SETS})
        for tag, probability in self._verdicts.get(picture.hash_id, {}).items():
            answers[tag] = -probability, tag, VERDICT, probability > 0
        ordered = sorted(answers.values())  # no two have one tag
        tags = [ExportedTag(tag, -negative, by) for negative, tag, by, _ in ordered]
        return ExportedPicture(
            picture.hash_id,
            picture.files,
            picture.format,
            picture.width,
            picture.height,
            tuple([tag for tag, (_, _, _, is_tagged) in zip(tags, ordered) if is_tagged]),
            tuple(tags),
        )
