"""Which share of the mountain has a tag: an estimate, and bounds, from margins of its examples and of the background.

Learning from positive and unlabelled pictures leaves the share open in principle: pictures of the tag that look like no
example of it cannot be counted. The upper bound is where the share would need more pictures than the background has
with margins like those of the examples. The estimate counts, among the pictures with such margins, those beyond what
the tail of the others explains.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...tag_models import Floats

#: Quantiles of the examples' margins at which pictures are counted.
_COUNTED_AT = (0.3, 0.5, 0.7)
#: Quantiles of the background between which the tail of the others is fitted, and the fewest pictures beyond them.
_SECANTS = tuple((low, high) for low in (0.5, 0.7, 0.8, 0.9) for high in (0.9, 0.95, 0.98, 0.99) if high > low + 0.051)
_FEWEST_BEYOND = 8
#: Below these quantiles of the examples nearly all pictures are others; there the tail is fitted to two densities.
_MOSTLY_OTHERS_BELOW = (0.05, 0.15)
_BINS = ((0.5, 0.75, 0.95), (0.5, 0.8, 0.98), (0.3, 0.6, 0.95))
_FEWEST_IN_BINS = 30

#: The share of the examples whose margins make the upper bound, and those that make the mountain the tag.
_UPPER, _MOSTLY = 0.7, 0.5
#: The mountain is mostly the tag from this share on, where other tags' examples can be distinguished from it this well.
_MOSTLY_FROM, _DISTINGUISHED = 0.5, 0.8

#: Of fewer examples the share is bounded: two or three margins say little about where most of a tag's lie.
_FEW_EXAMPLES, _MOST_OF_FEW = 4, 0.005

#: An upper bound of more times the estimate means that the examples' margins are not those of the mountain's best.
_TOO_WIDE = 20.0

#: The 0.975 quantile of the normal distribution.
_QUANTILE = 1.959964


@dataclass(frozen=True)
class Prevalence:
    """The share of the mountain that has a tag; ``low`` to ``high`` is the interval it lies in.

    ``is_distinguished`` says whether the tag can be distinguished from the mountain, and ``is_most`` that the mountain
    is mostly the tag.
    """

    share: float
    low: float
    high: float
    is_distinguished: bool = True
    is_most: bool = False


def estimate_prevalence(examples: Floats, background: Floats, auc: float) -> Prevalence:
    """Estimate the share from margins of examples (n,) and of the background (m,), by models that had not seen them.

    ``auc`` is how well the model ranks the examples before those of other tags, 0 where there are none.

    The upper bound is that of Blanchard, Lee and Scott (2010, "Semi-supervised novelty detection"); ``high(f)`` is its
    form of Garg et al. (2021, "Mixture proportion estimation and PU learning: a modern approach") without their term
    of confidence, which is useless for 20 examples. The estimate takes the others' tail for log-concave, so that it
    lies below any secant that is extended, after the empirical null of Efron (2004, "Large-scale simultaneous
    hypothesis testing"). Of the counts at several quantiles the largest is the estimate and the middle one the lower
    bound; both bounds allow for the chance with which pictures and examples were drawn.
    """
    tag, unlabelled = np.sort(examples), np.sort(background)
    least = 0.5 / len(unlabelled)
    counted = [_beyond_tail(tag, unlabelled, at) for at in _COUNTED_AT]
    upper = _upper_bound(tag, unlabelled, _UPPER)
    share = max(min(max(counted), upper), least)
    if len(tag) < _FEW_EXAMPLES:
        share = min(share, _MOST_OF_FEW)
    mostly = _upper_bound(tag, unlabelled, _MOSTLY)
    is_most = mostly >= _MOSTLY_FROM and auc >= _DISTINGUISHED and len(tag) >= _FEW_EXAMPLES
    if is_most:
        share = min(mostly, 1 - least)  # of others nothing would be left to calibrate by
    low = max(min(sorted(counted)[1], share), least)
    low *= float(np.exp(-_QUANTILE * np.sqrt(1 / (low * len(unlabelled)) + 1 / len(tag))))
    high = max(share, _high_end(tag, unlabelled))
    return Prevalence(share, low, high, upper <= _TOO_WIDE * share, is_most)


def _share_from(margins: Floats, at: float) -> float:
    """The share of sorted margins (n,) at a margin or above."""
    return 1 - int(np.searchsorted(margins, at, side="left")) / len(margins)


def _upper_bound(tag: Floats, unlabelled: Floats, share: float) -> float:
    """The least ratio of the background's share to the examples', over margins that ``share`` of them reach."""
    reached = np.arange(len(tag), 0, -1) / len(tag)
    above = 1 - np.searchsorted(unlabelled, tag, side="left") / len(unlabelled)
    enough = reached >= min(share, 1.0) - 1e-12
    return float(min(1.0, (above[enough] / reached[enough]).min()))


def _high_end(tag: Floats, unlabelled: Floats) -> float:
    """The upper bound with the chance in both shares, by the ends of their 95 % intervals (Wilson 1927).

    Without that in the examples, twenty of them put the bound below the truth more often than above it.
    """
    reached = np.arange(len(tag), 0, -1) / len(tag)
    above = 1 - np.searchsorted(unlabelled, tag, side="left") / len(unlabelled)
    ends = _wilson(above, len(unlabelled), _QUANTILE) / _wilson(reached, len(tag), -_QUANTILE)
    return float(min(1.0, ends[reached >= _UPPER - 1e-12].min()))


def _wilson(share: Floats, count: int, quantile: float) -> Floats:
    """The end of the interval of each share (k,) of so many: the upper one, of a negative quantile the lower."""
    square = quantile**2 / count
    width = np.sqrt(share * (1 - share) / count + square / (4 * count))
    ends: Floats = (share + square / 2 + quantile * width) / (1 + square)
    return ends


def _beyond_tail(tag: Floats, unlabelled: Floats, quantile: float) -> float:
    """The share of the mountain that lies at a quantile of the examples or above, and not in the tail of the others."""
    at = float(np.quantile(tag, quantile))
    above = _share_from(unlabelled, at)
    others = [*_by_secants(unlabelled, at), *_by_densities(tag, unlabelled, at)]
    return max(0.0, above - min(others)) / _share_from(tag, at) if others else 0.0


def _by_secants(unlabelled: Floats, at: float) -> Iterator[float]:
    """Yield the others' share at a margin or above, by secants of the logarithm of the background's."""
    for low, high in _SECANTS:
        near, far = np.quantile(unlabelled, (low, high))
        if (1 - high) * len(unlabelled) >= _FEWEST_BEYOND and near < far < at:
            rate = np.log((1 - low) / (1 - high)) / (far - near)
            yield float((1 - high) * np.exp(-rate * (at - far)))


def _by_densities(tag: Floats, unlabelled: Floats, at: float) -> Iterator[float]:
    """Yield the same by two densities of the background below most examples: there a dense tag hides no tail."""
    for quantile in _MOSTLY_OTHERS_BELOW:
        below = unlabelled[: int(np.searchsorted(unlabelled, np.quantile(tag, quantile), side="left"))]
        if len(below) < _FEWEST_IN_BINS:
            continue
        for bins in _BINS:
            edges = np.quantile(below, bins)
            if not edges[0] < edges[1] < edges[2]:
                continue
            counts = np.diff(np.searchsorted(below, edges, side="left"))
            if not counts.min() > 0:
                continue
            near, far = counts / np.diff(edges)
            middles = (edges[1:] + edges[:-1]) / 2
            rate = float(np.log(near / far) / (middles[1] - middles[0]))
            if rate > 0:
                yield float(far * np.exp(-rate * (at - middles[1])) / rate / len(unlabelled))
