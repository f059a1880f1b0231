"""The one figure of a tag model: its average precision on images that it has not learned from.

Training computes it, the card and ``reports.json`` keep it, and every screen, report and page shows this one.
"""

from __future__ import annotations

from typing import NamedTuple, Optional

from .card_values import as_interval, as_object, as_share
from .mountain import MountainFigures

#: By which pictures a model was measured.
MOUNTAIN, EXAMPLES = "mountain", "examples"


class AveragePrecision(NamedTuple):
    """An average precision out of fold: each picture was scored by a model that had not learned from it.

    ``interval`` are its bounds of 95 %, ``None`` on cards of earlier versions. ``measured_on`` is ``mountain`` where a
    background was given, which shows what is to be expected of untagged pictures, else ``examples``.
    """

    value: float
    interval: Optional[tuple[float, float]]
    measured_on: str

    @classmethod
    def read(cls, value: object, measured_on: str) -> Optional[AveragePrecision]:
        """Return what an object of a card says, ``None`` where it says nothing."""
        content = as_object(value)
        figure = as_share(content.get("average_precision"))
        if figure is None:
            return None
        return cls(figure, as_interval(content.get("average_precision_interval")), measured_on)

    def __str__(self) -> str:
        """Return it as screens show it: ``0.83 (0.71 to 0.91)``."""
        if self.interval is None:
            return f"{self.value:.2f}"
        low, high = self.interval
        return f"{self.value:.2f} ({low:.2f} to {high:.2f})"


def average_precision_of(
    mountain: Optional[MountainFigures], examples: Optional[AveragePrecision]
) -> Optional[AveragePrecision]:
    """Return the one figure of a model: on the mountain where it is known there, else among the examples."""
    if mountain is None or mountain.average_precision is None:
        return examples
    return AveragePrecision(mountain.average_precision, mountain.average_precision_interval, MOUNTAIN)
