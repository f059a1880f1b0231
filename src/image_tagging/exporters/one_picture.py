"""The scores of one picture, looked up in the tables of an output folder."""

from __future__ import annotations

import os
from contextlib import closing
from typing import NamedTuple, Optional

from ..files import StrPath, user_path
from ..text import as_tag
from .stored_tables import StoredScores
from .tables import STAGE3, STAGE4


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
    path = user_path(folder, "output")
    for table in (STAGE3, STAGE4):
        with closing(StoredScores(os.path.join(path, table.file_name))) as stored:
            if (scores := stored.of(hash_id)) is not None:
                known = stored.thresholds()
                return [
                    ModelScore(as_tag(tag), kind, probability, known.get((kind, tag)), tagged)
                    for tag, kind, probability, _, tagged in scores
                ]
    return []
