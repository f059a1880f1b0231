"""Orders of pages that review_order.py compares: this project's, simple ones, and the rules of others.

All are judged with the learner of this project and with its marks, so that the order alone differs. That favours the
others: LightlyStudio's forest and FiftyOne Labs' prototype rank worse than it.
"""

from __future__ import annotations

import numpy as np
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
    """10 random pictures above .5 and 10 below, by a balanced forest of 100 trees; random ones before any is no."""
    from sklearn.ensemble import RandomForestClassifier

    if all(state.verdicts):
        return _at_random(state, state.is_open, 2 * _LIGHTLY)
    forest = RandomForestClassifier(
        n_estimators=100,
        max_depth=10,
        min_samples_split=10,
        min_samples_leaf=5,
        class_weight="balanced",
        random_state=42,
    )
    pool = state.world.pool
    forest.fit(pool.unit(np.array(state.rows)), np.array(state.verdicts))
    yes = forest.predict_proba(pool.unit(np.flatnonzero(state.is_open)))[:, -1] > 0.5
    is_above = np.zeros(len(pool), dtype=bool)
    is_above[np.flatnonzero(state.is_open)[yes]] = True
    above = _at_random(state, is_above, _LIGHTLY)
    below = state.is_open & ~is_above & ~np.isin(pool.groups, pool.groups[above])
    return np.concatenate([above, _at_random(state, below, _LIGHTLY)])


def fiftyone(state: State) -> np.ndarray:
    """The most positive by prototypes: the mean of those that are yes, and of those that are no."""
    pool, rows, is_yes = state.world.pool, np.array(state.rows), np.array(state.verdicts)
    x = pool.unit(rows)
    yes = x[is_yes].mean(axis=0)
    # The difference of the two distances, as their model has it; before any is no, the distance alone.
    scores = -_distances(state, yes)
    if not is_yes.all():
        scores += _distances(state, x[~is_yes].mean(axis=0))
    return best_rows(pool, scores, state.is_open, PAGE_SIZE)


def drop_query(state: State) -> np.ndarray:
    """Pictures whose answer changes when most of their values are left out, 24 of them unlike each other."""
    pool, random = state.world.pool, np.random.default_rng(state.draw)
    rows = one_of_each_group(pool, np.flatnonzero(state.is_open))
    x, coef = pool.unit(rows), state.fit.model.coef.astype(np.float32)
    changed = np.zeros(len(rows), dtype=np.int64)
    for _ in range(_TIMES):
        kept = (np.frombuffer(random.bytes(x.size), np.uint8) < 256 // _KEPT).reshape(x.shape)
        margins = _KEPT * np.einsum("nd,nd,d->n", x, kept.astype(np.float32), coef) + state.fit.model.intercept
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


def _distances(state: State, centre: np.ndarray) -> np.ndarray:
    """The distance (N,) of each picture of the pool, at length 1, from a centre (D,)."""
    length = float(np.linalg.norm(centre))
    cosines = state.world.pool.cosines(centre.astype(np.float64))
    return np.sqrt(np.maximum(1 + length * length - 2 * length * cosines, 0))


def _at_random(state: State, is_wanted: np.ndarray, count: int) -> np.ndarray:
    rows = np.random.default_rng(state.draw).permutation(np.flatnonzero(is_wanted))
    return one_of_each_group(state.world.pool, rows[: 4 * count])[:count]


ORDERS: dict[str, Order] = {
    "this": this,
    "random": random_pictures,
    "top": top,
    "nearest to .5": nearest,
    "LightlyStudio": lightly,
    "FiftyOne Labs": fiftyone,
    "DropQuery": drop_query,
    "TypiClust, then margin": typical_then_nearest,
}
