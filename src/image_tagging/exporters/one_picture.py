"""The scores of one picture, looked up in the tables of an output folder."""

from __future__ import annotations

from contextlib import ExitStack
from typing import NamedTuple, Optional

from typing_extensions import Self

from ..files import StrPath
from ..text import as_tag
from .stored_tables import open_tables


class ModelScore(NamedTuple):
    """The probability of one tag by one kind of model; ``threshold`` is ``None`` in tables of earlier versions."""

    tag: str
    kind: str
    probability: float
    threshold: Optional[float]
    tagged: bool


def scores_of_picture(folder: StrPath, hash_id: str) -> list[ModelScore]:
    """Return the scores of a picture by every model, from ``stage3.db``, else ``stage4.db``; none if it has none there.

    Raises
    ------
    OutputError
        A table is damaged or something else.
    """
    with ScoresOfPictures(folder) as scores:
        return scores.of(hash_id)


class ScoresOfPictures:
    """The scores of pictures in an output folder, looked up one by one while its tables are open: a context manager.

    Raises
    ------
    OutputError
        A table is damaged or something else.
    """

    def __init__(self, folder: StrPath) -> None:
        with ExitStack() as closing:
            self._tables = [(stored, stored.thresholds()) for stored in open_tables(folder, closing)]
            self._closing = closing.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._closing.close()

    def of(self, hash_id: str) -> list[ModelScore]:
        """Return the scores of a picture by every model, from ``stage3.db``, else ``stage4.db``."""
        for stored, known in self._tables:
            if (scores := stored.of(hash_id)) is not None:
                return [
                    ModelScore(as_tag(tag), kind, probability, known.get((kind, tag)), tagged)
                    for tag, kind, probability, _, tagged in scores
                ]
        return []
