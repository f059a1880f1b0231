"""What the reviews of review_order.py learn with: this project's refit, and the learners that rivals have.

"Full" is the average precision on the test part of the same learner with the whole pool labelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Protocol

import numpy as np
from review_worlds import World

from image_tagging.training.active import Labels, QuickFit, QuickLearner
from image_tagging.training.fitting.decorrelation import Moments
from image_tagging.training.fitting.regressions import fit_regressions

OURS, FOREST, PROTOTYPE = "ours", "forest", "prototype"


@dataclass(frozen=True, eq=False)
class Learned:
    """Scores of a tag: of the ``pool`` (N,) float32, where 0 and more is yes, and of the ``test`` part (M,)."""

    pool: np.ndarray
    test: np.ndarray
    fit: Optional[QuickFit] = None


class Learner(Protocol):
    """Learns any tag of a world."""

    def learn(self, labels: Labels, before: Optional[Learned]) -> Learned:
        """Learn a tag; ``before`` is what was learned of it before the last page."""

    def full(self, tags: list[str]) -> list[float]:
        """Return the average precision of each tag with the whole pool labelled."""


class Ours:
    """The refit of this project."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.quick = QuickLearner(world.pool, seed=world.seed)

    def learn(self, labels: Labels, before: Optional[Learned]) -> Learned:
        fit = self.quick.fit(labels, before.fit if before else None)
        return Learned(self._world.pool.margins(fit.model), self._world.test.margins(fit.model), fit)

    def full(self, tags: list[str]) -> list[float]:
        """Without unlabelled pictures. C is the better of 10 and 1 by the log-loss of a quarter that is held out."""
        world = self._world
        moments = Moments.of(world.pool_x)
        change = moments.decorrelation(0.05)
        mean = (moments.total / moments.count).astype(np.float32)
        changed = change.of((world.pool_x - mean).astype(np.float64)).astype(np.float32)
        test = change.of((world.test_x - mean).astype(np.float64)).astype(np.float32)
        is_tag = np.array([world.of_pool == tag for tag in tags])

        def times_table(dual: np.ndarray) -> np.ndarray:
            return ((dual.astype(np.float32) @ changed) @ changed.T).astype(np.float64)

        held = np.random.default_rng(0).random(int(world.pool.groups.max()) + 1)[world.pool.groups] < 0.25
        kept = np.tile(np.where(held, 0.0, 1.0), (len(tags), 1))
        fits, losses, start = [], [], None
        for c in (10.0, 1.0):
            start = fit_regressions(times_table, is_tag, kept, c, start)
            wrong = np.where(is_tag, -start.margins, start.margins)
            losses.append(np.logaddexp(0, wrong)[:, held].mean(axis=1))
            fits.append(fit_regressions(times_table, is_tag, np.ones_like(kept), c, start))
        best = [fits[int(losses[1][number] < losses[0][number])] for number in range(len(tags))]
        return [
            world.average_precision(test @ (fit.dual[number].astype(np.float32) @ changed), tag)
            for number, (fit, tag) in enumerate(zip(best, tags))
        ]


class Forest:
    """LightlyStudio 1.2: a random forest of 100 trees with balanced classes; nothing before any picture is no."""

    def __init__(self, world: World) -> None:
        self._world = world

    def learn(self, labels: Labels, before: Optional[Learned]) -> Learned:
        pool, forest = self.of_pool(labels)
        return Learned(pool, self._of_test(forest) if forest else np.zeros(len(self._world.test)))

    def of_pool(self, labels: Labels):
        """Return the scores of the pool (N,), where 0 and more is yes, and the forest."""
        x = self._world.pool_x
        if labels.is_yes.all():
            return np.full(len(x), -1, dtype=np.float32), None
        forest = _grown(x[labels.rows], labels.is_yes)
        shares = forest.predict_proba(x)[:, 1]
        return np.where(shares > 0.5, shares, shares - 1).astype(np.float32), forest

    def full(self, tags: list[str]) -> list[float]:
        forests = (_grown(self._world.pool_x, self._world.of_pool == tag) for tag in tags)
        return [self._world.average_precision(self._of_test(forest), tag) for forest, tag in zip(forests, tags)]

    def _of_test(self, forest) -> np.ndarray:
        return forest.predict_proba(self._world.test_x)[:, 1]


class Prototype:
    """FiftyOne Labs: the difference of the distances from the mean of those that are no and of those that are yes.

    Before any picture is no, the distance from those that are yes alone.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def learn(self, labels: Labels, before: Optional[Learned]) -> Learned:
        x = self._world.pool_x[labels.rows]
        return Learned(self.of_pool(labels), _nearer(x, labels.is_yes, self._world.test_x))

    def of_pool(self, labels: Labels) -> np.ndarray:
        """Return the scores of the pool (N,), where 0 and more is yes."""
        x = self._world.pool_x
        return _nearer(x[labels.rows], labels.is_yes, x).astype(np.float32)

    def full(self, tags: list[str]) -> list[float]:
        world = self._world
        scores = (_nearer(world.pool_x, world.of_pool == tag, world.test_x) for tag in tags)
        return [world.average_precision(each, tag) for each, tag in zip(scores, tags)]


def _nearer(x: np.ndarray, is_yes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """How much nearer each of the others (M, D) is to the mean of x (n, D) that is yes than to that of the rest."""
    score = -_distances(others, x[is_yes].mean(axis=0))
    return score if is_yes.all() else score + _distances(others, x[~is_yes].mean(axis=0))


def _distances(x: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """The distance (n,) of vectors (n, D) of length 1 from a centre (D,)."""
    return np.sqrt(np.maximum(1 + float(centre @ centre) - 2 * (x @ centre), 0))


def _grown(x: np.ndarray, is_yes: np.ndarray):
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(class_weight="balanced", random_state=42).fit(x, is_yes)


LEARNERS = {OURS: Ours, FOREST: Forest, PROTOTYPE: Prototype}


def learner_of(world: World, name: str) -> Learner:
    """Return a learner of a world, which is made once."""
    if name not in world.learners:
        world.learners[name] = LEARNERS[name](world)
    return world.learners[name]
