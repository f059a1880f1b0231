"""One tag as it is now: its labels, the quick refit of them, and the score of every picture by it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Optional

import numpy as np
from numpy.typing import NDArray

from ...datasets import Rows
from ...errors import TrainingError
from ...store import InForce
from ...training import active
from .collected import Collected
from .labels import TagLabels, flips_of, labels_of, top_share
from .repeats import is_repeat


@dataclass(frozen=True, eq=False)
class TagState:
    """A tag after the verdicts ``held``. ``fit`` is ``None`` where nothing can be learned yet; ``why`` says why.

    ``margins`` (N,) float32 are 0 then; ``is_wanted`` (N,) says which pictures the review is about.
    """

    tag: str
    collected: Collected
    held: Sequence[InForce]
    known: TagLabels
    fit: Optional[active.QuickFit]
    why: str
    margins: NDArray[np.float32]
    is_wanted: NDArray[np.bool_]
    flips: Sequence[int]
    top_share: Optional[float]
    _figures: Optional[active.LiveFigures] = field(default=None, init=False, repr=False)

    @cached_property
    def is_open(self) -> NDArray[np.bool_]:
        """(N,) which pictures may still be shown to be judged."""
        return active.open_rows(self.collected.pool, self.known.judged, self.is_wanted)

    @cached_property
    def candidates(self) -> active.Candidates:
        """What pages are composed from."""
        return active.Candidates(self.collected.pool, self.margins, self.is_open, self.known.judged)

    @cached_property
    def by_score(self) -> Rows:
        """(n,) all pictures of the review with an embedding, the best first; of hidden repeats the kept one."""
        is_hidden = is_repeat(self.collected) & self.is_wanted[self.collected.kept]
        rows = np.flatnonzero(self.is_wanted & ~is_hidden & (self.collected.pool.inverse_lengths > 0))
        return active.best_first(self.margins, rows)

    @cached_property
    def model(self) -> str:
        """The SHA-256 of the quick refit; empty where there is none."""
        if self.fit is None:
            return ""
        linear = self.fit.model
        values = np.append(np.asarray(linear.coef, dtype="<f8"), linear.intercept).astype("<f8")
        return hashlib.sha256(values.tobytes()).hexdigest()

    def with_verdicts(
        self, held: Sequence[InForce], known: TagLabels, flips: Sequence[int], top_share: Optional[float]
    ) -> TagState:
        """Return this state with verdicts that say the same and have other times; what was computed is kept."""
        state = replace(self, held=held, known=known, flips=flips, top_share=top_share)
        of_labels = ("is_open", "candidates", "by_score", "model")
        state.__dict__.update({name: self.__dict__[name] for name in of_labels if name in self.__dict__})
        return state

    def score(self, row: int) -> Optional[float]:
        """Return the probability of a picture by the quick refit, ``None`` where there is none."""
        if self.fit is None or not np.isfinite(self.margins[row]):
            return None
        return float(1 / (1 + np.exp(-np.clip(np.float64(self.margins[row]), -700, 700))))

    def figures(self, learner: active.QuickLearner) -> active.LiveFigures:
        """Return precision and recall at a probability of a half, with intervals; they are computed once."""
        if self._figures is None:
            known, seed = self.known, len(self.known.held)
            figures = active.live_figures(self._unlabelled(learner), known.shown, known.checks, seed=seed)
            object.__setattr__(self, "_figures", figures)
            return figures
        return self._figures

    def curve(self, learner: active.QuickLearner, thresholds: Sequence[float]) -> list[active.LiveFigures]:
        """Return precision and recall at each of some thresholds of the margin."""
        known, seed = self.known, len(self.known.held)
        return active.live_curve(self._unlabelled(learner), known.shown, known.checks, thresholds, seed=seed)

    def _unlabelled(self, learner: active.QuickLearner) -> active.Unlabelled:
        judged = np.setdiff1d(self.known.judged, self.known.checks.rows)
        is_unlabelled = active.open_rows(self.collected.pool, judged, self.is_wanted)
        return active.Unlabelled(self.margins, is_unlabelled, learner.unlabelled)


def tag_state(
    collected: Collected,
    learner: active.QuickLearner,
    tag: str,
    held: Sequence[InForce],
    before: Optional[TagState] = None,
    is_top: Optional[Mapping[str, bool]] = None,
) -> TagState:
    """Fit a tag to what is held of it; ``before`` is its last state, which saves time."""
    known = labels_of(collected, tag, held)
    fit, why = None, ""
    try:
        fit = learner.fit(known.labels, before.fit if before else None)
    except TrainingError as error:
        why = str(error)
    margins = collected.pool.margins(fit.model) if fit else np.zeros(len(collected.pool), dtype=np.float32)
    is_wanted = collected.is_mountain
    if not collected.has_mountain:
        is_wanted = is_wanted.copy()
        is_wanted[collected.examples.get(tag, np.empty(0, dtype=np.int64))] = False
    share = top_share(held, is_top or {})
    return TagState(tag, collected, held, known, fit, why, margins, is_wanted, flips_of(held), share)
