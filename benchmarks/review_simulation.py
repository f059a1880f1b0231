"""Simulated reviews for review_order.py: worlds of labelled pictures, and a person who judges page after page."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Callable, Optional

import numpy as np
from mountain_scenarios import Pictures

from image_tagging.datasets import near_duplicate_groups
from image_tagging.training.active import (
    GO_ON,
    PAGE_SIZE,
    STOP,
    Candidates,
    Checks,
    Labels,
    LiveFigures,
    Page,
    Pool,
    QuickFit,
    QuickLearner,
    Unlabelled,
    Verdicts,
    check_page,
    live_figures,
    open_rows,
    stop_advice,
    top_share_of,
)
from image_tagging.training.fitting.decorrelation import Moments
from image_tagging.training.fitting.regressions import fit_regressions

#: Pool and test share no near-duplicates by the cosine that ``builtin`` has for them; those by .97 are shown once.
_APART, _SHOWN_ONCE = 0.93, 0.97
POOL_SHARE = 0.6

#: The share of a tag in the pool, in bands.
BANDS = {".14-.4 %": (0.0014, 0.004), ".4-1.1 %": (0.004, 0.011), "1.1-3 %": (0.011, 0.03), "3-20 %": (0.03, 0.2)}

#: A tag is learned when it has so much of the average precision of all labels.
ENOUGH = 0.95
#: Seconds of a person: a picture, an action.
PICTURE, ACTION = 0.4, 1.0

#: After these pages the intervals are compared with the truth, with so many check verdicts.
MEASURED_PAGES, CHECKS = (3, 6, 10), (0, 24, 48)


@dataclass(frozen=True, eq=False)
class DataSet:
    """Embeddings ``x`` (n, D) of pictures with a ``label`` (n,) each, and their groups by the two cosines."""

    name: str
    x: np.ndarray
    label: np.ndarray
    apart: np.ndarray
    shown_once: np.ndarray

    @classmethod
    def of(cls, name: str, pictures: Pictures, cache: Path) -> DataSet:
        """Return the pictures with their groups, which are kept in a folder by the bytes of the embeddings."""
        x = np.ascontiguousarray(pictures.x, dtype=np.float32)
        kept = cache / f"groups-{sha256(x).hexdigest()}.npy"
        if kept.exists():
            apart, shown_once = np.load(kept)
        else:
            apart, shown_once = (near_duplicate_groups(x, cosine=cosine) for cosine in (_APART, _SHOWN_ONCE))
            np.save(kept, (apart, shown_once))
        return cls(name, x, pictures.label, apart, shown_once)


@dataclass(eq=False)
class World:
    """A split of a data set: the ``pool`` (labels ``of_pool``) that is reviewed, and the ``test`` that measures."""

    name: str
    pool: Pool
    of_pool: np.ndarray
    test: Pool
    of_test: np.ndarray
    seed: int
    full: dict[str, float] = field(default_factory=dict)

    @cached_property
    def learner(self) -> QuickLearner:
        return QuickLearner(self.pool, seed=self.seed)

    def share(self, tag: str) -> float:
        return float((self.of_pool == tag).mean())


def split(data: DataSet, seed: int) -> World:
    """Return 60 % of the pictures as pool, the rest as test, disjoint by groups of near-duplicates."""
    names, index, sizes = np.unique(data.apart, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    of_pool = np.zeros(len(names), dtype=bool)
    of_pool[order[np.cumsum(sizes[order]) <= POOL_SHARE * len(data.x)]] = True
    rows, rest = np.flatnonzero(of_pool[index]), np.flatnonzero(~of_pool[index])
    pool = Pool(data.x[rows], data.shown_once[rows])
    return World(data.name, pool, data.label[rows], Pool(data.x[rest]), data.label[rest], seed)


def average_precision(margins: np.ndarray, is_tag: np.ndarray) -> float:
    """The mean precision at each picture of the tag, ranked by margin."""
    hits = is_tag[np.argsort(-margins, kind="stable")]
    return float((np.cumsum(hits)[hits] / (np.flatnonzero(hits) + 1)).mean())


def learn_fully(world: World, tags: list[str]) -> None:
    """Set the average precision of tags with the whole pool labelled: the same learner, without unlabelled pictures.

    C is the better one of 10 and 1 by the log-loss of a quarter of the groups that is held out.
    """
    x = world.pool.unit(np.arange(len(world.pool)))
    moments = Moments.of(x)
    change = moments.decorrelation(0.05)
    mean = (moments.total / moments.count).astype(np.float32)
    changed = change.of((x - mean).astype(np.float64)).astype(np.float32)
    test = change.of((world.test.unit(np.arange(len(world.test))) - mean).astype(np.float64)).astype(np.float32)
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
    for number, tag in enumerate(tags):
        best = fits[int(losses[1][number] < losses[0][number])]
        margins = test @ (best.dual[number].astype(np.float32) @ changed)
        world.full[tag] = average_precision(margins, world.of_test == tag)


@dataclass(eq=False)
class State:
    """What is known of a tag after some pages: rows and verdicts, the fit, and the margins of the pool."""

    world: World
    tag: str
    seed: int
    rows: list[int]
    verdicts: list[bool]
    examples: int
    fit: QuickFit
    margins: np.ndarray
    is_open: np.ndarray
    page: int = 0
    top_share: Optional[float] = None

    @property
    def labels(self) -> Labels:
        return Labels(np.array(self.rows), np.array(self.verdicts), len(self.rows) - self.examples)

    @property
    def candidates(self) -> Candidates:
        return Candidates(self.world.pool, self.margins, self.is_open, np.array(self.rows))

    @property
    def draw(self) -> int:
        return 1000 * self.seed + self.page


#: Which rows a page shows. It may return a page, or rows alone, which come marked by the margins.
Order = Callable[[State], "Page | np.ndarray"]


@dataclass(frozen=True)
class Run:
    """One review: the tag, how many examples it starts with, the order, and the share of wrong verdicts."""

    world: str
    tag: str
    seed: int
    start: int
    order: str
    wrong: float = 0.0
    encoder: str = "builtin"

    @property
    def key(self) -> str:
        return "|".join(map(str, (self.encoder, self.world, self.tag, self.seed, self.start, self.order, self.wrong)))


class Review:
    """A simulated person who judges pages of one order until the tag is learned, or as many pages as are allowed."""

    def __init__(self, world: World, run: Run, order: Order, *, fewest: int, most: int) -> None:
        self._world, self._run, self._order = world, run, order
        self._fewest, self._most = fewest, most
        self._truth = world.of_pool == run.tag
        self._random = np.random.default_rng([run.seed, run.start, sum(map(ord, run.tag))])
        self._errors = np.random.default_rng([run.seed, 7])
        rows = self._random.permutation(np.flatnonzero(self._truth))
        chosen = rows[np.sort(np.unique(world.pool.groups[rows], return_index=True)[1])][: run.start]
        self._shown: list[tuple[np.ndarray, np.ndarray]] = []
        self._flips: list[int] = []
        self.state = self._refit(chosen.tolist(), [True] * len(chosen), None)
        self.record: dict[str, object] = {
            **{"key": run.key, "world": run.world, "tag": run.tag, "seed": run.seed, "start": run.start},
            **{"order": run.order, "wrong": run.wrong, "encoder": run.encoder},
            **{"share": round(world.share(run.tag), 6), "full": round(world.full[run.tag], 4)},
        }

    def _refit(self, rows: list[int], verdicts: list[bool], before: Optional[State]) -> State:
        examples = before.examples if before else len(rows)
        labels = Labels(np.array(rows), np.array(verdicts), len(rows) - examples)
        fit = self._world.learner.fit(labels, before.fit if before else None)
        margins = self._world.pool.margins(fit.model)
        is_open = open_rows(self._world.pool, labels.rows)
        page = before.page + 1 if before else 0
        return State(self._world, self._run.tag, self._run.seed, rows, verdicts, examples, fit, margins, is_open, page)

    def _precision(self) -> float:
        margins = self._world.test.margins(self.state.fit.model)
        return average_precision(margins, self._world.of_test == self._run.tag)

    def play(self) -> dict[str, object]:
        """Return the record: average precision, labels and actions after each page, and what else was measured."""
        started = time.process_time()
        is_ours = self._run.order == "this"
        precision, labels, actions = [self._precision()], [0], [0]
        enough = ENOUGH * self._world.full[self._run.tag]
        intervals: list[dict[str, object]] = []
        stops = _Stops(self._truth) if is_ours else None
        while self.state.page < self._most and self.state.is_open.any():
            learned = max(precision) >= enough
            if learned and self.state.page >= self._fewest and (stops is None or stops.over):
                break
            count, flips = self._judge_page()
            precision.append(self._precision())
            labels.append(labels[-1] + count)
            actions.append(actions[-1] + 1 + flips)
            if is_ours and self.state.page in MEASURED_PAGES:
                intervals += self._measure()
            if stops is not None and not stops.over:
                stops.ask(self, precision[-1] >= enough, labels[-1])
        self.record["ap"] = [round(each, 4) for each in precision]
        self.record["labels"], self.record["actions"] = labels, actions
        self.record["seconds"] = round(time.process_time() - started, 2)
        if is_ours:
            self.record["intervals"], self.record["stop"] = intervals, stops.found if stops else None
        return self.record

    def _judge_page(self) -> tuple[int, int]:
        """Judge a page; return its pictures, and how many of them were marked wrongly."""
        state = self.state
        shown = self._order(state)
        rows = shown.rows if isinstance(shown, Page) else shown
        verdicts = self._truth[rows] ^ (self._errors.random(len(rows)) < self._run.wrong)
        marked = shown.is_marked if isinstance(shown, Page) else state.margins[rows] >= 0
        flips = int((marked != verdicts).sum())
        self._shown.append((state.margins[rows], verdicts))
        self._flips.append(flips)
        share = top_share_of(shown, verdicts) if isinstance(shown, Page) else None
        self.state = self._refit([*state.rows, *rows.tolist()], [*state.verdicts, *verdicts.tolist()], state)
        self.state.top_share = share if share is not None else state.top_share
        return len(rows), flips

    def check(self, count: int, number: int = 0) -> Checks:
        """Return the verdicts of so many check pages, drawn aside: the review goes on without them."""
        rows = np.empty(0, dtype=np.int64)
        for page in range(count // PAGE_SIZE):
            is_open = self.state.is_open & ~np.isin(self._world.pool.groups, self._world.pool.groups[rows])
            candidates = Candidates(self._world.pool, self.state.margins, is_open, rows)
            drawn = check_page(candidates, 0.0, 50_000 + self.state.draw + 100 * (number + page))
            rows = np.concatenate([rows, drawn.rows])
        return Checks(rows, self._truth[rows])

    def figures(self, checks: Checks) -> LiveFigures:
        state = self.state
        margins = np.concatenate([margins for margins, _ in self._shown]) if self._shown else np.empty(0, np.float32)
        is_yes = np.concatenate([verdicts for _, verdicts in self._shown]) if self._shown else np.empty(0, bool)
        return live_figures(
            Unlabelled(state.margins, state.is_open, self._world.learner.unlabelled),
            Verdicts(margins, is_yes, sum(state.verdicts)),
            checks,
            seed=state.draw,
        )

    @property
    def flips(self) -> list[int]:
        return self._flips

    def _measure(self) -> list[dict[str, object]]:
        """Return the intervals with more and more check verdicts, and the truth."""
        state, yes = self.state, sum(self.state.verdicts)
        above = state.is_open & (state.margins >= 0)
        found = yes + int(self._truth[above].sum())
        missed = int((self._truth & state.is_open).sum()) - int(self._truth[above].sum())
        truth = {"recall": found / (found + missed), "precision": found / (yes + int(above.sum())), "missed": missed}
        rows = []
        for count in CHECKS:
            said = self.figures(self.check(count))
            each = {name: getattr(said, name) for name in truth}
            intervals = {name: [round(v, 4) for v in (i.low, i.median, i.high)] for name, i in each.items()}
            rows.append({"page": state.page, "checks": count, "truth": truth, **intervals})
        return rows


class _Stops:
    """Asks for the stop advice after each page; check verdicts are given when flips alone would stop, up to 48."""

    def __init__(self, truth: np.ndarray) -> None:
        self.found: dict[str, object] = {"advice": GO_ON}
        self._rows = np.empty(0, dtype=np.int64)
        self._truth = truth

    @property
    def over(self) -> bool:
        return self.found["advice"] == STOP

    def ask(self, review: Review, is_learned: bool, labels: int) -> None:
        last = review.flips[-2:]
        if len(last) < 2 or max(last) > 1:
            return
        if len(self._rows) < max(CHECKS):
            drawn = review.check(PAGE_SIZE, len(self._rows)).rows
            self._rows = np.union1d(self._rows, drawn)
        rows = self._rows[review.state.is_open[self._rows]]  # those that a later page showed count there
        figures = review.figures(Checks(rows, self._truth[rows]))
        advice = stop_advice(review.flips, figures)
        self.found = {"advice": advice.advice, "learned": is_learned, "labels": labels, "checks": len(self._rows)}
