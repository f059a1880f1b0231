"""What is known of a tag, on the mountain and out of fold, in words; the same in every report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from ..tag_models import AveragePrecision, MountainFigures
from ..text import about, counted, percent

#: By which pictures an average precision was measured.
_ON = {"mountain": "out of fold, on the mountain", "examples": "out of fold, among the examples"}


def precision_in_words(precision: AveragePrecision) -> str:
    """Return what an average precision was measured on: ``out of fold, on the mountain``."""
    return _ON[precision.measured_on]


def prevalence_in_words(figures: MountainFigures, whole: Optional[int] = None) -> Optional[str]:
    """Return how much of the mountain has the tag: ``about 0.7 % of the mountain, some 130 pictures (83 to 230)``.

    ``whole`` is the number of pictures of the mountain where it is larger than the background. ``None`` where the
    share is not known.
    """
    if figures.prevalence is None:
        return None
    pictures = whole or figures.pictures
    said = f"about {percent(figures.prevalence)} of the mountain"
    expected = None if pictures is None else figures.expected(pictures)
    if expected is None:
        low, high = map(percent, figures.interval or (0.0, 0.0))
        return f"{said} ({low} to {high})" if figures.interval else said
    low, high = map(about, expected.interval or (0.0, 0.0))
    number = about(expected.number)
    return f"{said}, some {number} picture{'' if number == '1' else 's'}" + (
        f" ({low} to {high})" if expected.interval else ""
    )


def tagged_in_words(figures: MountainFigures) -> Optional[str]:
    """Return how many background pictures are tagged, and how many of these are right where no warning stands."""
    if figures.tagged is None:
        return None
    of = "" if figures.pictures is None else f" of {counted(figures.pictures, 'background picture')}"
    said = f"{figures.tagged:,}{of} {'is' if figures.tagged == 1 else 'are'} tagged"
    if figures.expected_right is None or figures.warnings or not figures.tagged:
        return said
    right = round(figures.expected_right)
    return f"{said}, of which about {right:,} {'is' if right == 1 else 'are'} right"


def mountain_in_words(figures: MountainFigures, whole: Optional[int] = None) -> Iterator[str]:
    """Yield what is known as sentences."""
    known = (prevalence_in_words(figures, whole), tagged_in_words(figures))
    for said in known:
        if said is not None:
            yield f"{said[0].upper()}{said[1:]}."
