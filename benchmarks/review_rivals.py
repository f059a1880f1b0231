"""Orders of pages that review_order.py compares: this project's, simple ones, and the rules of others.

LightlyStudio and FiftyOne Labs are played twice: as they are, and with the learner and the marks of this project, so
that the order alone differs. All others are played with this project's.
"""

from __future__ import annotations

import numpy as np
from review_learners import FOREST, PROTOTYPE, learner_of
from review_simulation import Order, State

from image_tagging.training.active import PAGE_SIZE, Page, next_page, typical_page
from image_tagging.training.active.pages import best_rows
from image_tagging.training.active.pool import one_of_each_group
from image_tagging.training.active.spreading import spread

#: DropQuery (Gupte et al. 2024, "Revisiting active learning in the era of vision foundation models"): one in four
#: values is kept, three times; a picture counts whose answer changes in more than half of them.
_KEPT, _TIMES = 4, 3

#: LightlyStudio 1.2, few_shot_classifier: a page has so many above .5 and so many below.
_LIGHTLY = 10


def this(state: State) -> Page:
    return next_page(state.candidates, state.top_share, state.draw)


def random_pictures(state: State) -> np.ndarray:
    return _at_random(state, state.is_open, PAGE_SIZE)


def top(state: State) -> np.ndarray:
    return best_rows(state.world.pool, state.margins, state.is_open, PAGE_SIZE)


def nearest(state: State) -> np.ndarray:
    return best_rows(state.world.pool, -np.abs(state.margins), state.is_open, PAGE_SIZE)


def lightly(state: State) -> np.ndarray:
    return _above_and_below(state, state.margins)


def lightly_our_learner(state: State) -> np.ndarray:
    return _above_and_below(state, learner_of(state.world, FOREST).of_pool(state.labels)[0])


def fiftyone_our_learner(state: State) -> np.ndarray:
    scores = learner_of(state.world, PROTOTYPE).of_pool(state.labels)
    return best_rows(state.world.pool, scores, state.is_open, PAGE_SIZE)


def drop_query(state: State) -> np.ndarray:
    """Pictures whose answer changes when most of their values are left out, 24 of them unlike each other."""
    pool, random = state.world.pool, np.random.default_rng(state.draw)
    rows = one_of_each_group(pool, np.flatnonzero(state.is_open))
    x, coef = pool.unit(rows), state.learned.fit.model.coef.astype(np.float32)
    changed = np.zeros(len(rows), dtype=np.int64)
    for _ in range(_TIMES):
        kept = (np.frombuffer(random.bytes(x.size), np.uint8) < 256 // _KEPT).reshape(x.shape)
        margins = _KEPT * np.einsum("nd,nd,d->n", x, kept.astype(np.float32), coef) + state.learned.fit.model.intercept
        changed += (margins >= 0) != (state.margins[rows] >= 0)
    found = rows[changed > _TIMES / 2]
    chosen = found[spread(pool.unit(found), PAGE_SIZE, state.draw)] if len(found) else found
    rest = state.is_open & ~np.isin(pool.groups, pool.groups[chosen])
    more = best_rows(pool, -np.abs(state.margins), rest, PAGE_SIZE - len(chosen))
    return np.concatenate([chosen, more]) if len(chosen) < PAGE_SIZE else chosen


def typical_then_nearest(state: State) -> np.ndarray:
    if state.page == 0:
        return typical_page(state.world.pool, state.is_open, np.array(state.rows), state.draw).rows
    return nearest(state)


def _above_and_below(state: State, scores: np.ndarray) -> np.ndarray:
    """10 random pictures of each side; 10 random ones, the negatives that it offers, before any is no."""
    if all(state.verdicts):
        return _at_random(state, state.is_open, _LIGHTLY)
    above = _at_random(state, state.is_open & (scores >= 0), _LIGHTLY)
    groups = state.world.pool.groups
    below = state.is_open & (scores < 0) & ~np.isin(groups, groups[above])
    return np.concatenate([above, _at_random(state, below, _LIGHTLY)])


def _at_random(state: State, is_wanted: np.ndarray, count: int) -> np.ndarray:
    rows = np.random.default_rng(state.draw).permutation(np.flatnonzero(is_wanted))
    return one_of_each_group(state.world.pool, rows[: 4 * count])[:count]


ORDERS: dict[str, Order] = {
    "this": Order(this),
    "LightlyStudio": Order(lightly, FOREST),
    "FiftyOne Labs": Order(top, PROTOTYPE),
    "random": Order(random_pictures),
    "top": Order(top),
    "nearest to .5": Order(nearest),
    "LightlyStudio, our learner": Order(lightly_our_learner),
    "FiftyOne Labs, our learner": Order(fiftyone_our_learner),
    "DropQuery": Order(drop_query),
    "TypiClust, then margin": Order(typical_then_nearest),
}
