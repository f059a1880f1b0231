"""The list of tags, and the strip that says how good one is by now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Optional

from ...datasets import OTHER_SETS
from ...store import InForce, count_verdicts
from ...tag_models import AveragePrecision, ListedModel
from ...training import active
from .collected import Collected
from .tag_state import TagState

#: Intervals are measured to hold after a page and more, and say little before.
_NO_PAGE_YET = (
    "The program learns from what you judge, and how good the tag is stands here from then on. Percentages are those "
    "of what it learns here; results of sort have those of the last training."
)

#: Precision of no picture is nothing, and what is expected below the threshold was measured on no picture of the tag.
_NONE_SO_FAR = (
    "No picture has this tag so far: none was judged yes, and none scores above the threshold. Precision and recall "
    "begin with the first; a random check shows whether pages miss some."
)

#: Cards say whole seconds: what was said in the second before a model was there is learned.
_SECOND = timedelta(microseconds=999_999)


@dataclass(frozen=True)
class TagRow:
    """A tag: its ``examples``, the average precision of its model, and how many verdicts of each sort hold.

    ``precision`` is ``None`` without a model. ``waiting`` counts pictures whose verdict no model has learned from
    yet, or whose verdict was taken back since.
    """

    tag: str
    examples: int
    precision: Optional[AveragePrecision]
    gain: float
    yes: int
    no: int
    unsure: int
    checks: int
    waiting: int


@dataclass(frozen=True)
class Strip:
    """How good a tag is: figures with intervals where there are any, and sentences for people."""

    precision: Optional[active.Interval]
    recall: Optional[active.Interval]
    sentence: str
    advice: str
    waiting: int
    unknown: int


def tag_rows(collected: Collected, held: Sequence[InForce], learned_until: Optional[str] = None) -> list[TagRow]:
    """Return every tag, those first whose average precision leaves most to gain; those without a model first of all.

    ``learned_until`` is when the last training of this review began: it has not learned what was said meanwhile.
    """
    counts = {each.tag: each for each in count_verdicts(held)}
    names = {*collected.examples, *collected.models, *counts} - set(OTHER_SETS)
    waiting = _waiting(collected, held, learned_until)
    rows = []
    for tag in names:
        best = _best(collected.models.get(tag, ()))
        said = counts.get(tag)
        rows.append(
            TagRow(
                tag=tag,
                examples=len(collected.examples.get(tag, ())),
                precision=best,
                gain=1 - best.value if best else 1.0,
                yes=said.yes if said else 0,
                no=said.no if said else 0,
                unsure=said.unsure if said else 0,
                checks=said.checks if said else 0,
                waiting=waiting.get(tag, 0),
            )
        )
    return sorted(rows, key=lambda row: (-row.gain, row.tag))


def strip_of(
    state: TagState, learner: active.QuickLearner, held: Sequence[InForce], learned_until: Optional[str] = None
) -> Strip:
    """Return the strip of a tag; ``held`` are the verdicts of all tags."""
    waiting = sum(_waiting(state.collected, held, learned_until).values())
    unknown = state.known.unknown
    if state.fit is None:
        return Strip(None, None, f"Nothing is learned yet: {state.why}", active.GO_ON, waiting, unknown)
    if not has_figures(state):
        return Strip(None, None, _NO_PAGE_YET, active.GO_ON, waiting, unknown)
    figures = state.figures(learner)
    if not figures.shown:
        return Strip(None, None, _NONE_SO_FAR, active.GO_ON, waiting, unknown)
    advice = active.stop_advice(state.flips, figures)
    return Strip(figures.precision, figures.recall, advice.sentence, advice.advice, waiting, unknown)


def has_figures(state: TagState) -> bool:
    """Return whether precision and recall can be said: something is learned, and a page was judged."""
    return state.fit is not None and len(state.known.shown.is_yes) > 0


def _waiting(collected: Collected, held: Sequence[InForce], learned_until: Optional[str]) -> dict[str, int]:
    """Return on how many pictures of each tag something else holds than its models have learned."""
    by_tag: dict[str, list[InForce]] = {tag: [] for tag in collected.models}
    for each in held:
        by_tag.setdefault(each.verdict.tag, []).append(each)
    waiting = {}
    for tag, of_tag in by_tag.items():
        models, learned = collected.models.get(tag, ()), collected.learned
        if models and learned and all(model.card and model.card.run == learned.run for model in models):
            waiting[tag] = learned.waiting(tag, of_tag)
        else:  # of an earlier version of this program, or another training: by the times of both
            made = _created(models)
            made = min(made, learned_until or made) if made else None
            waiting[tag] = sum(made is None or each.verdict.time > made for each in of_tag)
    return {tag: count for tag, count in waiting.items() if count and tag not in OTHER_SETS}


def _created(models: Sequence[ListedModel]) -> Optional[str]:
    """Return when the oldest model of a tag was made, as verdicts have times; ``None`` where no card says it."""
    times = [model.card.created for model in models if model.card and model.card.created]
    return _in_words(min(times) + _SECOND) if times else None


def _in_words(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _best(models: Sequence[ListedModel]) -> Optional[AveragePrecision]:
    found = [model.card.precision for model in models if model.card and model.card.precision]
    return max(found, key=lambda each: each.value) if found else None
