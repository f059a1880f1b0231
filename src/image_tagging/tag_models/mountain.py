"""What a card says of a tag on the mountain: the figures that hold for untagged images, as a background shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from .card_values import as_amount, as_count, as_object, as_share, as_texts

# Warnings on one model; this program writes a few.
_MOST_WARNINGS = 20


@dataclass(frozen=True)
class MountainFigures:
    """Figures of one model on the mountain; each but the warnings is ``None`` where it is not known.

    ``pictures`` are those of the background. ``prevalence`` is the estimated share of the tag among them, with the
    bounds of ``interval``. ``tagged`` of them reach the threshold, ``expected_right`` of these have the tag.
    """

    pictures: Optional[int]
    prevalence: Optional[float]
    interval: Optional[tuple[float, float]]
    average_precision: Optional[float]
    precision: Optional[float]
    recall: Optional[float]
    f1: Optional[float]
    tagged: Optional[int]
    expected_right: Optional[float]
    warnings: tuple[str, ...]

    @classmethod
    def read(cls, value: object) -> Optional[MountainFigures]:
        """Return what a card, or an entry of ``reports.json``, says; ``None`` where it says nothing."""
        content = as_object(value)
        if not content:
            return None
        return cls(
            pictures=as_count(content.get("pictures")),
            prevalence=as_share(content.get("prevalence")),
            interval=_interval(content.get("prevalence_interval")),
            average_precision=as_share(content.get("average_precision")),
            precision=as_share(content.get("precision")),
            recall=as_share(content.get("recall")),
            f1=as_share(content.get("f1")),
            tagged=as_count(content.get("tagged")),
            expected_right=as_amount(content.get("expected_right")),
            warnings=as_texts(content.get("warnings"), _MOST_WARNINGS),
        )


def _interval(value: object) -> Optional[tuple[float, float]]:
    if not isinstance(value, list) or len(value) != 2:
        return None
    low, high = map(as_share, value)
    return (low, high) if low is not None and high is not None and low <= high else None
