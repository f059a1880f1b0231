"""What is known of a tag on the mountain, in sentences; the same in every report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from ..tag_models import MountainFigures
from ..text import about, counted, percent


def prevalence_in_words(figures: MountainFigures, whole: Optional[int] = None) -> Optional[str]:
    """Return how much of the mountain has the tag: ``about 0.7 % of the mountain, some 130 pictures (83 to 230)``.

    ``whole`` is the number of pictures of the mountain where it is larger than the background. ``None`` where the
    share is not known.
    """
    if figures.prevalence is None:
        return None
    pictures = whole or figures.pictures
    said = f"about {percent(figures.prevalence)} of the mountain"
    if pictures is None:
        low, high = map(percent, figures.interval or (0.0, 0.0))
        return f"{said} ({low} to {high})" if figures.interval else said
    low, high = (about(bound * pictures) for bound in figures.interval or (0.0, 0.0))
    number = about(figures.prevalence * pictures)
    return f"{said}, some {number} picture{'' if number == '1' else 's'}" + (
        f" ({low} to {high})" if figures.interval else ""
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
