"""Which images a tag is learned from, where there are more than are learned from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Optional

import numpy as np
from numpy.typing import NDArray

from ...errors import TrainingError
from ...tag_models import Floats, unit_rows
from .decorrelation import Moments

#: The decorrelation by which the nearest others are found.
_NEAREST_BY = 0.1

#: Embeddings that are converted at a time: they stay in the cache of a processor.
_CHUNK = 256

_NO_NUMBER = "an embedding to train on holds what is no number. Run stage 1 again."


class Candidates(NamedTuple):
    """The images that a tag can be learned from: ``rows`` (n,) of ``embeddings`` (N, D), which ``is_tag`` (n,).

    ``is_kept`` (n,) are others that are drawn before all others.
    """

    embeddings: NDArray[np.floating[Any]]
    rows: NDArray[np.int64]
    is_tag: NDArray[np.bool_]
    is_kept: Optional[NDArray[np.bool_]] = None

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

    def parts(self) -> Iterator[tuple[slice, Floats]]:
        """Yield some images at a time, with their embeddings in float64."""
        for start in range(0, len(self.rows), _CHUNK):
            part = slice(start, start + _CHUNK)
            yield part, self.embeddings[self.rows[part]].astype(np.float64)


class Drawn(NamedTuple):
    """The ``chosen`` images (k,) of the candidates, and the ``weights`` (k,), for how many each stands."""

    chosen: NDArray[np.intp]
    weights: Floats


def draw(candidates: Candidates, moments: Moments, most: int, seed: int) -> Optional[Drawn]:
    """Return at most so many images of either class, weighted for those left out; ``None`` where that is all.

    Of more images of the tag a sample is drawn. Of more others, but for those to be kept, half are those that are
    nearest to being taken for the tag, hard negatives as Felzenszwalb et al. call them (2010, "Object detection with
    discriminatively trained part-based models"), and half are drawn from the rest. A model keeps little of images that
    lie far from its boundary.
    """
    random = np.random.default_rng(seed)
    tagged, others = np.flatnonzero(candidates.is_tag), np.flatnonzero(~candidates.is_tag)
    if len(tagged) <= most and len(others) <= most:
        return None
    parts = [_drawn(tagged, most, random)]
    if len(others) <= most:
        parts.append((others, 1.0))
    else:
        is_kept = np.zeros(len(others), dtype=bool) if candidates.is_kept is None else candidates.is_kept[others]
        kept = _drawn(others[is_kept], most, random)
        left, others = most - len(kept[0]), others[~is_kept]
        likeness = _likeness(candidates, moments)[others]
        nearest, rest = np.split(others[np.argsort(-likeness, kind="stable")], [left // 2])
        parts += [kept, (nearest, 1.0), *([_drawn(rest, left - len(nearest), random)] if left else [])]
    weights = np.concatenate([np.full(len(rows), weight) for rows, weight in parts])
    return Drawn(np.concatenate([rows for rows, _ in parts]), weights)


def _likeness(candidates: Candidates, moments: Moments) -> Floats:
    """(n,): margins of the discriminant between the means of both classes, which are cheap and rank well.

    They are float64: the last digits of a rounder order would decide which images are drawn.
    """
    is_tag = candidates.is_tag
    lengths, sums = np.ones(len(is_tag)), np.zeros((2, candidates.embeddings.shape[1]))
    shares = np.stack([is_tag / is_tag.sum(), ~is_tag / (~is_tag).sum()])
    for part, x in candidates.parts():
        of_part = np.sqrt(np.einsum("nd,nd->n", x, x))
        if not np.isfinite(of_part).all():
            raise TrainingError(_NO_NUMBER)
        lengths[part] = np.where(of_part == 0, 1, of_part)
        sums += (shares[:, part] / lengths[part]) @ x
    space = moments.decorrelation(_NEAREST_BY)
    towards = space.weights(space.of(sums[:1] - sums[1:])[0])
    return np.concatenate([x @ towards for _, x in candidates.parts()]) / lengths


def _drawn(rows: NDArray[np.intp], most: int, random: np.random.Generator) -> tuple[NDArray[np.intp], float]:
    """At most so many of the rows, and how many each of them stands for."""
    if len(rows) <= most:
        return rows, 1.0
    return random.permutation(rows)[:most], len(rows) / most
