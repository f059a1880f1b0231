"""Which images a tag is learned from, where there are more than are learned from."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

import numpy as np
from numpy.typing import NDArray

from ...errors import TrainingError
from ...tag_models import Floats, unit_rows
from .decorrelation import Moments

#: The decorrelation by which the nearest others are found.
_NEAREST_BY = 0.1

#: Between these lengths the squares of float32 neither vanish nor overflow.
_SHORT, _LONG = 1e-15, 1e15

_NO_NUMBER = "an embedding to train on holds what is no number. Run stage 1 again."


class Candidates(NamedTuple):
    """The images that a tag can be learned from: ``rows`` (n,) of ``embeddings`` (N, D), which ``is_tag`` (n,)."""

    embeddings: NDArray[np.floating[Any]]
    rows: NDArray[np.int64]
    is_tag: NDArray[np.bool_]

    def unit_vectors(self, chosen: NDArray[np.intp]) -> Floats:
        """Return (k, D) float64, of unit length: in float64 a fit does not depend on who scales the vectors.

        Raises
        ------
        TrainingError
            An embedding is no number.
        """
        x = self.embeddings[self.rows[chosen]].astype(np.float64)
        if not np.isfinite(x).all():
            raise TrainingError(_NO_NUMBER)
        return unit_rows(x)

    def compact(self) -> tuple[NDArray[np.floating[Any]], NDArray[np.int64]]:
        """Return a table with the embeddings of the images, and the rows (n,) of it that they are.

        That is the whole table where they are most of it: their copy would take longer than all products with the rest.
        """
        if 2 * len(self.rows) > len(self.embeddings):
            return self.embeddings, self.rows
        return self.embeddings[self.rows], np.arange(len(self.rows))


class Drawn(NamedTuple):
    """The ``chosen`` images (k,) of the candidates, and the ``weights`` (k,), for how many each stands."""

    chosen: NDArray[np.intp]
    weights: Floats


def draw(candidates: Candidates, moments: Moments, most: int, seed: int) -> Optional[Drawn]:
    """Return at most so many images of either class, weighted for those left out; ``None`` where that is all.

    Of more images of the tag a sample is drawn. Of more others half are those that are nearest to being taken for the
    tag, hard negatives as Felzenszwalb et al. call them (2010, "Object detection with discriminatively trained
    part-based models"), and half are drawn from the rest. A model keeps little of images that lie far from its
    boundary.
    """
    random = np.random.default_rng(seed)
    tagged, others = np.flatnonzero(candidates.is_tag), np.flatnonzero(~candidates.is_tag)
    if len(tagged) <= most and len(others) <= most:
        return None
    parts = [_drawn(tagged, most, random)]
    if len(others) <= most:
        parts.append((others, 1.0))
    else:
        likeness = _likeness(candidates, moments)[others]
        nearest, rest = np.split(others[np.argsort(-likeness, kind="stable")], [most // 2])
        parts += [(nearest, 1.0), _drawn(rest, most - len(nearest), random)]
    weights = np.concatenate([np.full(len(rows), weight) for rows, weight in parts])
    return Drawn(np.concatenate([rows for rows, _ in parts]), weights)


def _likeness(candidates: Candidates, moments: Moments) -> Floats:
    """(n,): margins of the discriminant between the means of both classes, which are cheap and rank well."""
    table, rows = candidates.compact()
    lengths = _lengths(table)
    of_class = np.zeros((2, len(table)))
    for each, has in zip(of_class, (candidates.is_tag, ~candidates.is_tag)):
        each[rows[has]] = 1 / has.sum()
    means = ((of_class / lengths).astype(table.dtype) @ table).astype(np.float64)
    space = moments.decorrelation(_NEAREST_BY)
    towards = space.weights(space.of(means[:1] - means[1:])[0])
    likeness: Floats = ((table @ towards.astype(table.dtype)) / lengths)[rows]
    return likeness


def _lengths(table: NDArray[np.floating[Any]]) -> Floats:
    """Return the length (N,) of each embedding, 1 of one of zeros."""
    lengths: Floats = np.sqrt(np.einsum("nd,nd->n", table, table)).astype(np.float64)
    for row in np.flatnonzero(~((lengths > _SHORT) & (lengths < _LONG))):
        lengths[row] = np.linalg.norm(table[row].astype(np.float64))
    if not np.isfinite(lengths).all():
        raise TrainingError(_NO_NUMBER)
    lengths[lengths == 0] = 1
    return lengths


def _drawn(rows: NDArray[np.intp], most: int, random: np.random.Generator) -> tuple[NDArray[np.intp], float]:
    """At most so many of the rows, and how many each of them stands for."""
    if len(rows) <= most:
        return rows, 1.0
    return random.permutation(rows)[:most], len(rows) / most
