"""The answers for pictures that come in the order of their names: the tables are read once from their begin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Optional, Union

from typing_extensions import Self

from ..files import StrPath
from ..text import as_tag
from .one_picture import ModelScore
from .stored_tables import Numbered, StoredScores, open_tables
from .tag_answers import TagAnswers


class AnswersInOrder:
    """The scores of pictures that answer for their tags, from ``stage3.db``, else ``stage4.db``: a context manager.

    Pictures are asked for in the order of their names, each once. A table of an earlier layout is searched for each.

    Raises
    ------
    OutputError
        A table is damaged or something else.
    """

    def __init__(self, folder: StrPath, answers: TagAnswers) -> None:
        with ExitStack() as closing:
            self._tables: list[Union[_InOrder, _OneByOne]] = [
                (_InOrder if stored.is_narrow else _OneByOne)(stored, answers)
                for stored in open_tables(folder, closing)
            ]
            self._closing = closing.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._closing.close()

    def of(self, hash_id: str) -> list[ModelScore]:
        """Return the scores of a picture that answer, one for each tag; none where no table has the picture."""
        for table in self._tables:
            if (found := table.of(hash_id)) is not None:
                return found
        return []


class _OneByOne:
    """A table of an earlier layout, or none."""

    def __init__(self, stored: StoredScores, answers: TagAnswers) -> None:
        self._stored, self._answers = stored, answers

    def of(self, hash_id: str) -> Optional[list[ModelScore]]:
        if (scores := self._stored.of(hash_id)) is None:
            return None
        return self._answers.of(
            [ModelScore(as_tag(tag), kind, probability, None, tagged) for tag, kind, probability, _, tagged in scores]
        )


class _InOrder:
    """A table whose scores have numbers in place of texts: what a model says is looked up by its number, once."""

    def __init__(self, stored: StoredScores, answers: TagAnswers) -> None:
        self._stored, self._answers = stored, answers
        self._names = stored.models()
        self._known: dict[tuple[int, int], Optional[tuple[str, str, float]]] = {}
        self._rows: Iterator[tuple[str, list[Numbered]]] = stored.in_order()
        self._next: Optional[tuple[str, list[Numbered]]] = next(self._rows, None)

    def of(self, hash_id: str) -> Optional[list[ModelScore]]:
        while self._next is not None and self._next[0] < hash_id:
            self._next = next(self._rows, None)
        if self._next is None or self._next[0] != hash_id:
            return None
        try:
            return self._answering(self._next[1])
        except TypeError:
            raise self._stored.malformed("holds a score that is no number") from None

    def _answering(self, rows: list[Numbered]) -> list[ModelScore]:
        known, found = self._known, []
        try:
            for _, tag, kind, probability, _ in rows:
                if (model := known[tag, kind]) is not None:
                    name, kind_name, threshold = model
                    found.append(ModelScore(name, kind_name, probability, threshold, probability >= threshold))
        except KeyError:  # the first picture, or one with scores of further models
            return self._learnt(rows)
        return found

    def _learnt(self, rows: list[Numbered]) -> list[ModelScore]:
        try:
            models = [(self._names[tag, kind], probability) for _, tag, kind, probability, _ in rows]
        except KeyError:
            raise self._stored.malformed("holds scores of a model that it does not name") from None
        scores = [ModelScore(as_tag(tag), kind, said, least, said >= least) for (tag, kind, least), said in models]
        found = self._answers.of(scores)
        answering = {(score.tag, score.kind) for score in found}
        for (_, tag, kind, _, _), score in zip(rows, scores):
            is_answer = (score.tag, score.kind) in answering
            self._known[tag, kind] = (score.tag, score.kind, self._names[tag, kind][2]) if is_answer else None
        return found
