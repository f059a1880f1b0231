"""Simulated reviews for review_order.py: a person who judges page after page."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Callable, NamedTuple, Optional

import numpy as np
from review_learners import OURS, Learned, learner_of
from review_worlds import World

from image_tagging.training.active import (
    GO_ON,
    PAGE_SIZE,
    STOP,
    Candidates,
    Checks,
    Labels,
    LiveFigures,
    Page,
    Unlabelled,
    Verdicts,
    check_page,
    live_figures,
    open_rows,
    stop_advice,
    top_share_of,
)

#: A tag is learned when it has so much of the average precision of all labels.
ENOUGH = 0.95
#: Seconds of a person: a picture, an action.
PICTURE, ACTION = 0.4, 1.0

#: After these pages the intervals are compared with the truth, with so many check verdicts.
MEASURED_PAGES, CHECKS = (3, 6, 10), (0, 24, 48)


@dataclass(eq=False)
class State:
    """What is known of a tag after some pages: rows and verdicts, and what was learned of them."""

    world: World
    tag: str
    seed: int
    rows: list[int]
    verdicts: list[bool]
    examples: int
    learned: Learned
    is_open: np.ndarray
    page: int = 0
    top_share: Optional[float] = None

    @property
    def margins(self) -> np.ndarray:
        return self.learned.pool

    @property
    def labels(self) -> Labels:
        return Labels(np.array(self.rows), np.array(self.verdicts), len(self.rows) - self.examples)

    @property
    def candidates(self) -> Candidates:
        return Candidates(self.world.pool, self.margins, self.is_open, np.array(self.rows))

    @property
    def draw(self) -> int:
        return 1000 * self.seed + self.page


class Order(NamedTuple):
    """Which rows a page shows, and what the answers are learned with.

    ``choose`` may return a page, or rows alone, which come marked by the margins.
    """

    choose: Callable[[State], Page | np.ndarray]
    learner: str = OURS


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

    def full_key(self, learner: str) -> str:
        """The key of what a learner has of the tag with the whole pool labelled."""
        return "|".join(("full", self.encoder, self.world, self.tag, str(self.seed), learner))


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
            **{"share": round(world.share(run.tag), 6), "full": round(world.full[order.learner, run.tag], 4)},
            **{"our_full": round(world.full[OURS, run.tag], 4)},
        }

    def _refit(self, rows: list[int], verdicts: list[bool], before: Optional[State]) -> State:
        examples = before.examples if before else len(rows)
        labels = Labels(np.array(rows), np.array(verdicts), len(rows) - examples)
        learned = learner_of(self._world, self._order.learner).learn(labels, before.learned if before else None)
        is_open = open_rows(self._world.pool, labels.rows)
        page = before.page + 1 if before else 0
        return State(self._world, self._run.tag, self._run.seed, rows, verdicts, examples, learned, is_open, page)

    def _precision(self) -> float:
        return self._world.average_precision(self.state.learned.test, self._run.tag)

    def play(self) -> dict[str, object]:
        """Return the record: average precision, labels and actions after each page, and what else was measured."""
        started = time.process_time()
        is_ours = self._run.order == "this"
        precision, labels, actions = [self._precision()], [0], [0]
        enough = ENOUGH * self._world.full[self._order.learner, self._run.tag]
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
        shown = self._order.choose(state)
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
            Unlabelled(state.margins, state.is_open, learner_of(self._world, OURS).quick.unlabelled),
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
