"""How well probabilities rank images of a tag before others: precision against recall, and what it sums to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
from numpy.typing import NDArray

from ...tag_models import Floats, sigmoid

#: The 0.975 quantile of the normal distribution: intervals are of 95 %.
_QUANTILE = 1.959964


@dataclass(frozen=True, eq=False)
class Ranking:
    """For each distinct probability, from the highest down: it, and precision and recall from there up, each (k,).

    ``specificity`` (k,) is the share of the others that lie below. It needs images of either class.
    """

    probabilities: Floats
    precision: Floats
    recall: Floats
    specificity: Floats

    @classmethod
    def of(cls, probabilities: Floats, is_tag: NDArray[np.bool_], weights: Floats) -> Optional[Ranking]:
        """Of images (n,), ``weights`` (n,) being how many each stands for; ``None`` without both classes."""
        if not is_tag.any() or is_tag.all():
            return None
        order = np.argsort(-probabilities, kind="stable")
        p = probabilities[order]
        hits, wrong = np.cumsum(weights[order] * is_tag[order]), np.cumsum(weights[order] * ~is_tag[order])
        last = np.append(p[1:] < p[:-1], True)  # equal probabilities go together
        p, hits, wrong = p[last], hits[last], wrong[last]
        return cls(p, hits / (hits + wrong), hits / hits[-1], 1 - wrong / wrong[-1])

    @property
    def average_precision(self) -> float:
        """The precision, averaged over the recall that each step gains (scikit-learn's ``average_precision_score``)."""
        return min(1.0, float(np.diff(self.recall, prepend=0.0) @ self.precision))

    @property
    def roc_auc(self) -> float:
        """The chance that an image of the tag ranks before another one."""
        fall = np.concatenate([[0.0], 1 - self.specificity])
        rise = np.concatenate([[0.0], self.recall])
        return min(1.0, float(np.diff(fall) @ (rise[1:] + rise[:-1]) / 2))


def precision_interval(
    average_precision: float, images: int, bounds: Optional[tuple[float, float]] = None
) -> tuple[float, float]:
    """The 95 % interval of an average precision over so many images of the tag; it follows from these alone.

    On the scale of log-odds, where it stays within 0 and 1 (Boyd, Eng and Page 2013, "Area under the precision-recall
    curve: point estimates and confidence intervals", section 3.4). At 0 and 1, where that scale ends, half an image is
    taken to be on the other side, as is usual for shares: else the interval of a perfect ranking would hold everything.

    ``bounds`` are what the figure would be at both ends of the 95 % interval of something else that it rests on, such
    as how much of the mountain has the tag: both distances are squared and added, on each side by itself (Zou and
    Donner 2008, "Construction of confidence limits about effect measures: a general approach").
    """
    half = 0.5 / (images + 1)
    ap, low, high = np.clip([average_precision, *(bounds or (average_precision,) * 2)], half, 1 - half)
    middle, least, most = (np.log(each / (1 - each)) for each in (ap, low, high))
    width = _QUANTILE / np.sqrt(images * ap * (1 - ap))
    ends = np.array([middle - np.hypot(width, middle - least), middle + np.hypot(width, most - middle)])
    low, high = sigmoid(ends)
    return min(float(low), average_precision), max(float(high), average_precision)
