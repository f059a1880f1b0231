"""Precision and recall of a tag while it is reviewed, with intervals that hold, from a few check verdicts.

The unlabelled pictures are divided into strata by rank (:func:`.strata`). The share of yes of each is believed to be
what the calibrated probabilities say, more or less: above the threshold each stratum may err for itself, below it the
error walks at random from stratum to stratum, so that what is known of one says something of the next. 4,000 such walks
are drawn, weighted by how likely they make the check verdicts, and drawn again by weight (sampling importance
resampling: Rubin 1988, "Using the SIR algorithm to simulate posterior distributions").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...datasets import Rows
from ...tag_models import Floats, sigmoid
from ..fitting.calibration import Sigmoid, most_likely
from .checking import strata
from .pool import Flags, Vectors

_WALKS = 4_000

#: How far the logit of a stratum's share of yes is believed to lie from what the probabilities say: mean and standard
#: deviation below the threshold at first, of each further step, and above it.
_FIRST_BELOW, _STEP, _ABOVE = (1.0, 1.0), 1.0, (-0.5, 1.4)

#: The least share of yes that a stratum is believed to have, as a part of that of all pictures.
_LEAST_SHARE = 0.005
_CERTAIN = 1e-6

_QUANTILES = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class Interval:
    """The 5 %, 50 % and 95 % quantile of what a figure may be."""

    low: float
    median: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class LiveFigures:
    """``precision`` and ``recall`` at a threshold, and how many pictures that have the tag are ``missed`` below it.

    ``found`` is the number of pictures that are yes or expected to be, above the threshold or judged; ``checked`` that
    of the check verdicts, and ``prevalence`` the share of all pictures that are expected to have the tag. ``shown``
    counts the pictures that are yes or above the threshold.
    """

    precision: Interval
    recall: Interval
    missed: Interval
    found: float
    checked: int
    prevalence: float
    shown: int = 0


@dataclass(frozen=True, eq=False)
class Verdicts:
    """Verdicts of pages other than check: the margin (n,) of each picture when it was shown, and whether it ``is_yes``.

    ``yes`` is the number of all pictures that are known to have the tag, with examples of folders in the mountain.
    """

    margins: Vectors
    is_yes: Flags
    yes: int


@dataclass(frozen=True, eq=False)
class Checks:
    """Verdicts of check pages: the ``rows`` (n,), and whether each ``is_yes`` (n,)."""

    rows: Rows
    is_yes: Flags


@dataclass(frozen=True, eq=False)
class Unlabelled:
    """The pictures that no one has judged but on check pages, as a tag has them now.

    ``margins`` (N,) float32 of all pictures, ``is_unlabelled`` (N,), and the rows (m,) of a random ``sample`` of the
    mountain (``QuickLearner.unlabelled``).
    """

    margins: Vectors
    is_unlabelled: Flags
    sample: Rows


def live_figures(
    unlabelled: Unlabelled, verdicts: Verdicts, checks: Checks, *, threshold: float = 0.0, seed: int = 0
) -> LiveFigures:
    """Return the figures at a threshold of the margin; the seed draws the walks."""
    return live_curve(unlabelled, verdicts, checks, [threshold], threshold=threshold, seed=seed)[0]


def live_curve(
    unlabelled: Unlabelled,
    verdicts: Verdicts,
    checks: Checks,
    thresholds: Sequence[float],
    *,
    threshold: float = 0.0,
    seed: int = 0,
) -> list[LiveFigures]:
    """Return the figures at each of some thresholds of the margin, of one drawing of walks.

    Strata are those of ``threshold``, and calibration too. They are cut at the other thresholds, and a part has the
    error of its stratum: so the figures of neighbouring thresholds belong together, and recall never rises with them.
    """
    margins = unlabelled.margins
    above, below = strata(margins, unlabelled.is_unlabelled, threshold)
    parts, of_stratum = _cut([*above, *below], margins, thresholds)
    calibrated = calibrate(unlabelled, verdicts, threshold)
    means = np.array([calibrated.of(margins[part].astype(np.float64)).mean() for part in parts])
    sizes = np.array([len(part) for part in parts], dtype=np.int64)
    everything = max(int(sizes.sum()) + verdicts.yes, 1)
    prevalence = (verdicts.yes + float(means @ sizes)) / everything
    draw = _Draw(np.maximum(means, _LEAST_SHARE * prevalence), sizes, of_stratum, len(above), seed)
    drawn = draw.run(*_counts(parts, checks, len(margins)))
    highest = np.array([margins[part[0]] for part in parts], dtype=np.float32)
    every = []
    for each in thresholds:
        is_above = highest >= each
        found = verdicts.yes + drawn[:, is_above].sum(axis=1)
        missed = drawn[:, ~is_above].sum(axis=1)
        shown = verdicts.yes + int(sizes[is_above].sum())
        every.append(
            LiveFigures(
                precision=_interval(found / max(shown, 1)),
                recall=_interval(np.divide(found, found + missed, out=np.ones(len(found)), where=found + missed > 0)),
                missed=_interval(missed),
                found=float(np.median(found)),
                checked=len(checks.rows),
                prevalence=float(np.median(found + missed)) / everything,
                shown=shown,
            )
        )
    return every


def _cut(parts: Sequence[Rows], margins: Vectors, thresholds: Sequence[float]) -> tuple[list[Rows], Rows]:
    """Return strata, each from the best down, cut at thresholds, and (h,) the number of the stratum of each part."""
    descending = np.sort(np.array(thresholds, dtype=np.float32))[::-1]
    cut, of_stratum = [], []
    for number, part in enumerate(parts):
        places = np.searchsorted(-margins[part], -descending, side="right")
        pieces = [piece for piece in np.split(part, places) if len(piece)]
        cut += pieces
        of_stratum += [number] * len(pieces)
    return cut, np.array(of_stratum, dtype=np.int64)


def calibrate(unlabelled: Unlabelled, verdicts: Verdicts, threshold: float) -> Sigmoid:
    """Return what makes margins probabilities: fitted to verdicts, and to the sample below the threshold as "no".

    The sample has the weight of all unlabelled pictures there. Targets are Platt's, so that a few verdicts are never
    sure.
    """
    margins, n = unlabelled.margins, len(verdicts.is_yes)
    below = unlabelled.is_unlabelled & (margins < threshold) & np.isfinite(margins)
    sample = unlabelled.sample[below[unlabelled.sample]]
    known = np.isfinite(verdicts.margins)
    f = np.concatenate([verdicts.margins[known], margins[sample]]).astype(np.float64)
    is_yes = np.concatenate([verdicts.is_yes[known], np.zeros(len(sample), dtype=bool)])
    weights = np.concatenate([np.ones(int(known.sum())), np.full(len(sample), below.sum() / max(len(sample), 1))])
    yes, no = float(weights[is_yes].sum()), float(weights[~is_yes].sum())
    if not n or not yes or not no:
        return Sigmoid(1.0, 0.0)
    target = np.where(is_yes, (yes + 1) / (yes + 2), 1 / (no + 2))
    centre, spread = float(f.mean()), float(f.std())
    if not spread > 0:
        return Sigmoid(1.0, 0.0)
    share = yes / (yes + no)
    slope, offset = most_likely(
        (f - centre) / spread, target, weights / (yes + no), 0.0, float(np.log(share / (1 - share)))
    )
    return Sigmoid(slope / spread, offset - slope * centre / spread) if slope > 0 else Sigmoid(1.0, 0.0)


def _counts(parts: list[Rows], checks: Checks, count: int) -> tuple[Rows, Rows]:
    """Return how many pictures of each of the parts were checked, and how many of these are yes."""
    part_of = np.full(count, len(parts), dtype=np.int32)
    for number, part in enumerate(parts):
        part_of[part] = number
    of_checks = part_of[checks.rows]
    checked, yes = (np.bincount(each, minlength=len(parts) + 1)[:-1] for each in (of_checks, of_checks[checks.is_yes]))
    return checked, yes


@dataclass(frozen=True, eq=False)
class _Draw:
    """Draws how many pictures of each part are yes; ``means``, ``sizes`` (h,) are those of the parts.

    ``strata`` (h,) has the number of the stratum that each part is cut from, whose error it shares; the first ``above``
    strata are above the threshold.
    """

    means: Floats
    sizes: Rows
    strata: Rows
    above: int
    seed: int

    def run(self, checked: Rows, yes: Rows) -> Floats:
        """Return numbers (walks, h); ``checked`` and ``yes`` (h,) are the check verdicts of each part."""
        random = np.random.default_rng(self.seed)
        believed = np.clip(self.means, _CERTAIN**2, 1 - _CERTAIN)
        z = np.log(believed / (1 - believed)) + self._walks(random)[:, self.strata]
        # Of yes: -log(1 + exp(-z)); of no: -log(1 + exp(z)).
        likely = -(np.logaddexp(0, -z) @ yes) - np.logaddexp(0, z) @ (checked - yes)
        weights = np.exp(likely - likely.max())
        chosen = random.choice(_WALKS, _WALKS, p=weights / weights.sum())
        unseen = random.binomial(self.sizes - checked, sigmoid(z[chosen]))
        return (yes + unseen).astype(np.float64)

    def _walks(self, random: np.random.Generator) -> Floats:
        count = int(self.strata.max(initial=-1)) + 1
        below = count - self.above
        walks = random.normal(0.0, 1.0, (_WALKS, count))
        walks[:, : self.above] = _ABOVE[0] + _ABOVE[1] * walks[:, : self.above]
        if below:
            steps = walks[:, self.above :]
            steps[:, 0] = _FIRST_BELOW[0] + _FIRST_BELOW[1] * steps[:, 0]
            steps[:, 1:] *= _STEP
            walks[:, self.above :] = np.cumsum(steps, axis=1)
        return walks


def _interval(values: Floats) -> Interval:
    return Interval(*(float(value) for value in np.quantile(values, _QUANTILES)))
