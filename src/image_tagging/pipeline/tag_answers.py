"""What a run of stage 3 or 4 says of a tag, and of an image where there are few."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..records import TagScore


@dataclass(frozen=True)
class TagAnswer:
    """What the pictures of a run have of one tag, by the kind of model that answers for it.

    ``tagged`` counts the pictures whose probability reaches the threshold. The rest is known only where the tag was
    distinguished from a background: ``expected`` pictures have the tag, with the bounds of ``interval``, and ``right``
    of the tagged ones; ``right`` is ``None`` as well where ``warnings`` say that probabilities cannot be relied on.
    ``folder`` is where images of the tag are placed, below the output folder, ``placed`` counts the files of this run
    there, and ``best`` is that folder or its highest bin with a file, an empty text where there is none.
    """

    tag: str
    kind: str
    expected: Optional[float]
    interval: Optional[tuple[float, float]]
    tagged: int
    right: Optional[float]
    warnings: tuple[str, ...]
    folder: str
    placed: int = 0
    best: str = ""


@dataclass(frozen=True)
class ScoredImage:
    """An image of a run over few: its path, and one score per tag, the highest first."""

    path: str
    scores: tuple[TagScore, ...]
