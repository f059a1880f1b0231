"""What one tag is learned from: unit vectors, which of them have the tag, and how many images each stands for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Optional

import numpy as np
from numpy.typing import NDArray

from ...errors import TrainingError
from ...tag_models import Floats
from .decorrelation import Moments
from .sampling import Candidates, draw


@dataclass(frozen=True, eq=False)
class Examples:
    """``x`` (n, D) unit rows, ``is_tag`` (n,), ``weights`` (n,): how many images each stands for.

    ``groups`` (n,) int64 is one number for images that are nearly the same. ``rows`` (n,) is where they come from.
    ``direction`` (D,) is what the name of the tag says of its images, ``None`` where it says nothing.

    ``any_others`` says that there must be some: not where others are yet to come from elsewhere.

    Raises
    ------
    TrainingError
        A class has no image.
    """

    x: Floats
    is_tag: NDArray[np.bool_]
    weights: Floats
    groups: NDArray[np.int64]
    rows: NDArray[np.intp]
    direction: Optional[Floats] = None
    any_others: bool = True

    def __post_init__(self) -> None:
        require_both_classes(self.is_tag, any_others=self.any_others)

    def __len__(self) -> int:
        return len(self.x)

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.intp], weights: Floats | None = None) -> Examples:
        """Return some of the examples, with other weights if they stand for more."""
        kept = self.weights[chosen] if weights is None else weights
        return replace(
            self,
            x=self.x[chosen],
            is_tag=self.is_tag[chosen],
            weights=kept,
            groups=self.groups[chosen],
            rows=self.rows[chosen],
        )


def require_both_classes(is_tag: NDArray[np.bool_], *, any_others: bool = True) -> None:
    """Raise TrainingError where a class has no image: the tag, or the others if there must be ``any_others``."""
    if not is_tag.any():
        raise TrainingError("no image has the tag: there is nothing to learn it from. Add images of the tag.")
    if any_others and is_tag.all():
        raise TrainingError("every image has the tag: there is nothing to tell it from. Add images without it.")


def subsample(
    examples: Examples, moments: Moments, most: int, seed: int, is_kept: Optional[NDArray[np.bool_]] = None
) -> Examples:
    """Return at most so many examples of either class, weighted for those left out (:func:`.draw`)."""
    drawn = draw(Candidates(examples.x, np.arange(len(examples)), examples.is_tag, is_kept), moments, most, seed)
    if drawn is None:
        return examples
    return examples.where(drawn.chosen, examples.weights[drawn.chosen] * drawn.weights)
