"""The quick refit of one tag after each page: a logistic regression of what was judged, against the mountain.

Without unlabelled pictures as "no", the average precision of rare tags after one page falls by half
(``benchmarks/review_order.py``). They are the same for all tags and pages, and count together as much as the verdicts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Optional

import numpy as np

from ...datasets import Rows
from ...errors import TrainingError
from ...tag_models import Floats
from ..blas_threads import one_thread_a_product
from ..fitting.decorrelation import Decorrelation, Moments
from ..fitting.folds import stratified_folds
from ..fitting.linear import Linear
from ..fitting.regressions import Regressions, fit_regressions
from .pool import Flags, Pool, Vectors, sample_rows

#: How far directions that all pictures vary along are shortened, and the inverse strengths of regularisation: the first
#: until there are so many verdicts, then the better one over so many folds.
_DECORRELATION = 0.05
_STRENGTHS = (10.0, 1.0)
_ENOUGH_VERDICTS, _FOLDS = 40, 4

#: The unlabelled pictures that count as "no": a third of them, at least and at most so many; and their least weight.
_FEWEST, _PART, _MOST = 300, 1 / 3, 1_500
_LEAST_WEIGHT = 5.0

#: What pictures have in common is seen from so many of them.
_MOST_OF_MOMENTS = 10_000


@dataclass(frozen=True, eq=False)
class Labels:
    """What is known of a tag: ``rows`` (n,) of the pool, each once, and whether each ``is_yes`` (n,).

    ``verdicts`` of them were given by a person who looked at this tag; the others are examples from folders. Rows
    ``left_out`` (m,) are not learned from at all, nor are near-duplicates of theirs in the mountain: check verdicts,
    which measure, and pictures of which the person is unsure.

    Raises
    ------
    TrainingError
        The arrays do not fit, or a row is there twice.
    """

    rows: Rows
    is_yes: Flags
    verdicts: int = 0
    left_out: Rows = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def __post_init__(self) -> None:
        if self.rows.ndim != 1 or self.rows.shape != self.is_yes.shape:
            raise TrainingError(
                f"rows {self.rows.shape} and verdicts {self.is_yes.shape} do not fit: one of each a picture."
            )
        if len(np.unique(self.rows)) < len(self.rows) or np.isin(self.rows, self.left_out).any():
            raise TrainingError("a picture has two verdicts: keep the last one of each.")

    def __len__(self) -> int:
        return len(self.rows)


class _WarmStart(NamedTuple):
    """A fit to begin the next one with: the ``dual`` coefficient (n,) of each row (n,), and the intercept."""

    rows: Rows
    dual: Floats
    intercept: float


@dataclass(frozen=True, eq=False)
class QuickFit:
    """A ``model`` of unit vectors: a positive margin is yes, sigmoid(margin) its probability. ``c`` is its strength."""

    model: Linear
    c: float
    warm_start: _WarmStart


class QuickLearner:
    """Fits any tag of a pool; what tags share is computed once. The same labels, seed and start give the same model.

    Parameters
    ----------
    pool:
        The pictures.
    is_mountain:
        (N,) bool, which of them are unlabelled pictures; by default all.
    seed:
        Decides which unlabelled pictures count as "no".
    """

    def __init__(self, pool: Pool, is_mountain: Optional[Flags] = None, *, seed: int = 0) -> None:
        usable = pool.inverse_lengths > 0
        mountain = usable if is_mountain is None else usable & is_mountain
        self._pool, self._seed = pool, seed
        with one_thread_a_product():
            moments = Moments.of(pool.unit(sample_rows(usable, _MOST_OF_MOMENTS, seed)))
            change = moments.decorrelation(_DECORRELATION)
        self._mean = (moments.total / max(moments.count, 1)).astype(np.float32)
        factor = change.factor
        self._change = Decorrelation(None if factor is None else factor.astype(np.float32), change.strength)
        count = int(mountain.sum())
        most = count if count < _FEWEST else min(max(_FEWEST, int(count * _PART)), _MOST)
        #: The rows (m,) of the unlabelled pictures that count as "no" unless they are judged.
        self.unlabelled = sample_rows(mountain, most, seed)
        self._unlabelled_x = self._changed(self.unlabelled)

    def fit(self, labels: Labels, before: Optional[QuickFit] = None) -> QuickFit:
        """Fit a tag; ``before`` is its last fit, which saves time.

        Raises
        ------
        TrainingError
            No picture is yes, or there is neither a picture that is no nor a mountain.
        """
        task = self._task(labels)
        c = _STRENGTHS[0]
        with one_thread_a_product():  # the products are small: further threads would wait for each other
            if labels.verdicts >= _ENOUGH_VERDICTS:
                c = self._choose_c(labels, task, before)
            found = task.fit(task.weights[np.newaxis], c, _start(task, before, 1))
        coef = self._change.weights((found.dual[0].astype(np.float32) @ task.x).astype(np.float64))
        model = Linear(coef, float(found.intercept[0, 0] - coef @ self._mean))
        return QuickFit(model, c, _WarmStart(task.rows, found.dual[0], float(found.intercept[0, 0])))

    def out_of_fold(self, labels: Labels, fit: QuickFit) -> Optional[Floats]:
        """Return the margin (n,) of each labelled picture by a model that did not learn from it or near-duplicates.

        ``None`` where a class has fewer than two groups of pictures.
        """
        with one_thread_a_product():
            return self._folds(labels, self._task(labels), [fit.c], fit).get(fit.c)

    def _choose_c(self, labels: Labels, task: _Task, before: Optional[QuickFit]) -> float:
        margins = self._folds(labels, task, _STRENGTHS, before)
        wrong = np.where(labels.is_yes, -1.0, 1.0)
        losses = {c: float(np.logaddexp(0, wrong * each).mean()) for c, each in margins.items()}
        return min(losses, key=lambda c: losses[c]) if losses else _STRENGTHS[0]

    def _folds(
        self, labels: Labels, task: _Task, strengths: Sequence[float], before: Optional[QuickFit]
    ) -> dict[float, Floats]:
        fold = stratified_folds(labels.is_yes, self._pool.groups[labels.rows], self._seed, most=_FOLDS)
        if fold is None:
            return {}
        count = int(fold.max()) + 1
        weights = np.tile(task.weights, (count, 1))
        weights[:, : len(labels)] *= fold != np.arange(count)[:, np.newaxis]
        margins = {}
        start = _start(task, before, count)
        for c in strengths:
            start = task.fit(weights, c, start)
            margins[c] = start.margins[fold, np.arange(len(labels))]
        return margins

    def _task(self, labels: Labels) -> _Task:
        yes = int(labels.is_yes.sum())
        if not yes:
            raise TrainingError("no picture is yes: there is nothing to learn the tag from. Judge one that has it.")
        known = np.concatenate([labels.rows, labels.left_out])
        is_judged = np.isin(self._pool.groups[self.unlabelled], self._pool.groups[known])
        free = int((~is_judged).sum())
        no = len(labels) - yes
        if not no + free:
            raise TrainingError("every picture is yes: there is nothing to tell the tag from. Judge one without it.")
        each = max(yes, no, _LEAST_WEIGHT) / max(free, 1)
        return _Task(
            np.concatenate([labels.rows, self.unlabelled]),
            np.concatenate([self._changed(labels.rows), self._unlabelled_x]),
            np.concatenate([labels.is_yes, np.zeros(len(self.unlabelled), dtype=bool)]),
            np.concatenate([np.ones(len(labels)), np.where(is_judged, 0.0, each)]),
        )

    def _changed(self, rows: Rows) -> Vectors:
        return np.ascontiguousarray(self._change.of(self._pool.unit(rows) - self._mean))


class _Task(NamedTuple):
    """The pictures ``x`` (n, D) after the change of space that a tag is fitted to, first those with labels."""

    rows: Rows
    x: Vectors
    is_yes: Flags
    weights: Floats

    def times_table(self, dual: Floats) -> Floats:
        """(m, n) -> (m, n): rows times the table of products, which is not made."""
        products: Floats = ((dual.astype(np.float32) @ self.x) @ self.x.T).astype(np.float64)
        return products

    def fit(self, weights: Floats, c: float, start: Optional[Regressions]) -> Regressions:
        return fit_regressions(self.times_table, self.is_yes, weights, c, start)


def _start(task: _Task, before: Optional[QuickFit], count: int) -> Optional[Regressions]:
    """Return the fit before as ``count`` models of this task's pictures; those that are new have no part in it."""
    if before is None:
        return None
    rows, dual, intercept = before.warm_start
    order = np.argsort(rows, kind="stable")
    at = order[np.searchsorted(rows[order], task.rows).clip(max=len(rows) - 1)]
    # A picture of the mountain that was judged since is there twice: the part it had goes to the first.
    is_known = rows[at] == task.rows
    is_known[np.setdiff1d(np.arange(len(task.rows)), np.unique(task.rows, return_index=True)[1])] = False
    own = np.where(is_known, dual[at], 0.0)
    models = np.tile(own, (count, 1))
    return Regressions(models, np.full((count, 1), intercept), task.times_table(models) + intercept)
