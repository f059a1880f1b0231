"""What tags were learned from, in brief: so that pictures that are unlike all of it can be noticed.

A card holds a few centres of the embeddings that its model was distinguished from (the images of the data set, and the
background), projected to few dimensions at random, which keeps distances roughly (Johnson and Lindenstrauss 1984), and
the distance from the nearest centre within which three quarters of such pictures lie. Of other pictures like them about
a quarter lies beyond it, of pictures of other things most do.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from .card_values import as_object
from .scorers import Floats, unit_rows

#: Dimensions of the projection, the most centres, and pictures to each.
_DIM, _MOST_CENTRES, _PER_CENTRE = 32, 16, 5
#: Of fewer pictures there is no summary: they say little of what lies near.
_FEWEST = 15
_FOLDS, _ROUNDS, _QUANTILE = 5, 10, 0.75
#: Decimals of a centre's coordinates: embeddings have length 1.
_DIGITS = 4


@dataclass(frozen=True, eq=False)
class Coverage:
    """``centres`` (k, 32) of projected unit vectors, and the ``radius`` within which most pictures lie."""

    centres: Floats
    radius: float

    @classmethod
    def of(cls, embeddings: NDArray[np.float32]) -> Optional[Coverage]:
        """Return the summary of embeddings (n, D) of different pictures, ``None`` where they are too few.

        The radius is measured on pictures that had no part in the centres.
        """
        if len(embeddings) < _FEWEST:
            return None
        x = _projected(embeddings)
        fold = np.arange(len(x)) % _FOLDS
        away = [_distances(x[fold == each], _centres(x[fold != each])) for each in range(_FOLDS)]
        return cls(_centres(x), float(np.quantile(np.concatenate(away), _QUANTILE)))

    def is_outside(self, embeddings: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
        """Return which embeddings (n, D) lie farther away than most that were learned from."""
        return _distances(_projected(embeddings), self.centres) > self.radius

    def as_json(self) -> dict[str, Any]:
        """Return what a card says: the centres as base64 of float16, little-endian, row by row."""
        packed = self.centres.astype("<f2").tobytes()
        return {"radius": round(self.radius, _DIGITS), "centres": base64.b64encode(packed).decode("ascii")}

    @classmethod
    def read(cls, value: object) -> Optional[Coverage]:
        """Return what a card says; ``None`` where it says nothing that could have been written here."""
        content = as_object(value)
        radius, packed = content.get("radius"), content.get("centres")
        if not isinstance(radius, float) or not 0 < radius < 10 or not isinstance(packed, str):
            return None
        if len(packed) > 2 * 2 * _DIM * _MOST_CENTRES:
            return None
        centres = _unpacked(packed)
        return None if centres is None else cls(centres, radius)


@lru_cache(maxsize=4)  # the cards of one training say the same
def _unpacked(packed: str) -> Optional[Floats]:
    try:
        values = np.frombuffer(base64.b64decode(packed, validate=True), dtype="<f2").astype(np.float64)
    except ValueError:
        return None
    if not len(values) or len(values) % _DIM or not np.isfinite(values).all():
        return None
    values.setflags(write=False)
    return values.reshape(-1, _DIM)


class OutsideTally:
    """Counts pictures outside of what every model was distinguished from; ``None`` where no card says what that is."""

    def __init__(self, cards: Iterable[Optional[Coverage]]) -> None:
        different: Mapping[tuple[float, bytes], Coverage] = {
            (each.radius, each.centres.tobytes()): each for each in cards if each is not None
        }
        self._coverages = list(different.values())[:_MOST_CENTRES]
        self.outside: Optional[int] = 0 if self._coverages else None

    def add(self, embeddings: NDArray[np.floating[Any]]) -> None:
        """Count embeddings (n, D)."""
        if self.outside is not None:
            outside = np.logical_and.reduce([each.is_outside(embeddings) for each in self._coverages])
            self.outside += int(outside.sum())


@lru_cache(maxsize=4)
def _projection(dim: int) -> Floats:
    # RandomState's stream is frozen: cards of any release of numpy mean the same.
    projection: Floats = np.random.RandomState(0).standard_normal((dim, _DIM)) / np.sqrt(_DIM)
    return projection


def _projected(embeddings: NDArray[np.floating[Any]]) -> Floats:
    projected: Floats = unit_rows(embeddings.astype(np.float64)) @ _projection(embeddings.shape[1])
    return projected


def _distances(x: Floats, centres: Floats) -> Floats:
    """The distance (n,) of each vector from its nearest centre."""
    squares = np.einsum("nd,nd->n", x, x)[:, np.newaxis] + np.einsum("kd,kd->k", centres, centres)
    distances: Floats = np.sqrt(np.maximum((squares - 2 * x @ centres.T).min(axis=1), 0))
    return distances


def _centres(x: Floats) -> Floats:
    """Return centres (k, d) by k-means, begun at vectors far from each other (Gonzalez 1985)."""
    count = min(_MOST_CENTRES, max(1, len(x) // _PER_CENTRE))
    centres = x.mean(axis=0, keepdims=True)
    while len(centres) <= count:
        centres = np.concatenate([centres, x[[int(_distances(x, centres).argmax())]]])
    centres = centres[1:]
    for _ in range(_ROUNDS):
        squares = np.einsum("kd,kd->k", centres, centres)
        nearest = (squares - 2 * x @ centres.T).argmin(axis=1)
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, x)
        counts = np.bincount(nearest, minlength=count)[:, np.newaxis]
        centres = np.where(counts > 0, sums / np.maximum(counts, 1), centres)
    return np.asarray(centres, dtype=np.float64)
