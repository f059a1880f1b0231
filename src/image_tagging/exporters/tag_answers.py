"""One answer per tag out of stored results, which hold the scores of every kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Optional, Protocol, TypeVar

from ..errors import InputError
from ..tag_models import CardedModel, ModelCard, answering_kinds
from ..text import did_you_mean, escaped, tag_in_words

#: The columns of a table of pictures in front of those of the tags.
HASH_ID, FILE_PATH = "hash_id", "file_path"


class _Scored(NamedTuple):
    kind: str
    tag: str
    card: Optional[ModelCard]


class ScoreOfKind(Protocol):
    """A score: its tag, and the kind of model that gave it."""

    @property
    def tag(self) -> str:
        """The tag."""

    @property
    def kind(self) -> str:
        """The kind of model."""


Score = TypeVar("Score", bound=ScoreOfKind)


class TagAnswers:
    """Picks the score that answers for each tag: that of the best kind by the cards of ``models``, or of one ``kind``.

    With ``models`` ``None`` their cards are not known: a tag with scores of two kinds is then an InputError.
    """

    def __init__(self, models: Optional[Iterable[CardedModel]], kind: Optional[str] = None) -> None:
        self._cards = None if models is None else {(model.tag, model.kind): model.card for model in models}
        self._kind = kind
        self._answering: dict[str, str] = {}
        self._met: set[str] = set()

    def of(self, scores: Sequence[Score]) -> list[Score]:
        """Return the scores of one picture that answer, in the order of ``scores``."""
        if self._kind is not None:
            self._met.update([score.kind for score in scores])
            return [score for score in scores if score.kind == self._kind]
        answering = self._answering
        try:
            return [score for score in scores if answering[score.tag] == score.kind]
        except KeyError:  # the first picture, or one with further tags
            self._learn([score for score in scores if score.tag not in answering])
        return [score for score in scores if answering[score.tag] == score.kind]

    def require_kind(self) -> None:
        """Raise InputError, once all pictures were met, where none has a score of the one kind."""
        if self._kind is not None and self._met and self._kind not in self._met:
            known = sorted(self._met)
            hint = did_you_mean(self._kind, known) or f" There are {', '.join(map(escaped, known))}."
            raise InputError(f"the results have no score of the kind {escaped(str(self._kind))}.{hint}")

    def _learn(self, scores: Sequence[ScoreOfKind]) -> None:
        cards = self._cards or {}
        found = answering_kinds(_Scored(each.kind, each.tag, cards.get((each.tag, each.kind))) for each in scores)
        double = next((each.tag for each in scores if each.kind != found[each.tag]), None)
        if self._cards is None and double is not None:
            raise InputError(
                f"the results have scores of two kinds for the tag {escaped(tag_in_words(double))}. Which one answers "
                "is on the cards of the models, and they are not next to the results: name their folder by models=, or "
                "a kind by kind=."
            )
        self._answering.update(found)


def column_of(tag: str) -> str:
    """Return the name of a tag's column: the tag, also where it is called like a column of ours."""
    return f"tag:{tag}" if tag in {HASH_ID, FILE_PATH} else tag
