"""What one tag is learned from: unit vectors, which of them have the tag, and how many images each stands for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Optional

import numpy as np
from numpy.typing import NDArray

from ...errors import TrainingError
from ...tag_models import Floats
from .decorrelation import Moments


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
        if not self.is_tag.any():
            raise TrainingError("no image has the tag: there is nothing to learn it from. Add images of the tag.")
        if self.any_others and self.is_tag.all():
            raise TrainingError("every image has the tag: there is nothing to tell it from. Add images without it.")

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


def subsample(examples: Examples, moments: Moments, most: int, seed: int) -> Examples:
    """Return at most so many examples of either class, weighted for those left out.

    Of more images of the tag a sample is drawn. Of more others half are those that are nearest to being taken for the
    tag, hard negatives as Felzenszwalb et al. call them (2010, "Object detection with discriminatively trained
    part-based models"), and half are drawn from the rest. A model keeps little of images that lie far from its
    boundary.
    """
    random = np.random.default_rng(seed)
    tagged, others = np.flatnonzero(examples.is_tag), np.flatnonzero(~examples.is_tag)
    if len(tagged) <= most and len(others) <= most:
        return examples
    parts = [_drawn(tagged, most, random)]
    if len(others) <= most:
        parts.append((others, 1.0))
    else:
        towards = _towards_tag(examples, moments)
        nearest, rest = np.split(others[np.argsort(-examples.x[others] @ towards, kind="stable")], [most // 2])
        parts += [(nearest, 1.0), _drawn(rest, most - len(nearest), random)]
    chosen = np.concatenate([rows for rows, _ in parts])
    return examples.where(chosen, np.concatenate([examples.weights[rows] * weight for rows, weight in parts]))


def _towards_tag(examples: Examples, moments: Moments) -> Floats:
    """(D,): the discriminant between the classes' means, whose margin is cheap and ranks well."""
    difference = examples.x[examples.is_tag].mean(axis=0) - examples.x[~examples.is_tag].mean(axis=0)
    space = moments.decorrelation(_NEAREST_BY)
    return space.weights(space.of(difference[np.newaxis])[0])


#: The decorrelation by which the nearest others are found.
_NEAREST_BY = 0.1


def _drawn(rows: NDArray[np.intp], most: int, random: np.random.Generator) -> tuple[NDArray[np.intp], float]:
    """At most so many of the rows, and how many each of them stands for."""
    if len(rows) <= most:
        return rows, 1.0
    return random.permutation(rows)[:most], len(rows) / most
