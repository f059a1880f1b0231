"""A tag as it will be when the page in hand is given as it is marked now: fitted while the person looks.

It is what would be computed then, from the same: the verdicts to come, and the state before them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Optional

from ...store import CHECK, InForce, Verdict
from ...training import active
from .background import Ahead
from .collected import Collected
from .labels import flips_of, labels_of, top_share
from .shown import ShownPage, compose
from .tag_state import TagState, tag_state

#: A time after that of every verdict, and a number after that of every batch.
_LATER, _BATCH = "2999-12-31T00:00:00.000000Z", 1 << 52

FitKey = list[tuple[str, str, bool]]


@dataclass(frozen=True)
class Foreseen:
    """The ``state`` of a tag after a page, and the ``page`` that comes then ``after`` a picture."""

    state: TagState
    page: ShownPage
    after: str


@dataclass(frozen=True)
class Foresight:
    """What is being computed ``ahead``: from the state ``base``, for the case that ``key`` holds."""

    base: TagState
    key: FitKey
    ahead: Ahead[Foreseen]


@dataclass(frozen=True)
class Marked:
    """A page of a tag as it is marked now: ``verdicts`` are those that it gives when it is given."""

    tag: str
    mode: str
    after: str
    verdicts: Sequence[Verdict]


def held_after(held: Sequence[InForce], verdicts: Sequence[Verdict]) -> list[InForce]:
    """Return what holds of a tag when these verdicts have been given too."""
    of_name = {each.verdict.hash_id: each for each in held}
    for verdict in verdicts:
        known = of_name.get(verdict.hash_id)
        check = verdict if verdict.mode == CHECK else known.check if known else None
        of_name[verdict.hash_id] = InForce(verdict, check)
    return [of_name[name] for name in sorted(of_name)]


def fit_key(held: Sequence[InForce]) -> FitKey:
    """Return all that a fit depends on."""
    return [(each.verdict.hash_id, each.verdict.verdict, each.check is not None) for each in held]


def as_given(marked: Marked) -> list[Verdict]:
    """Return the verdicts of a page as if they had been given last."""
    return [
        Verdict(marked.tag, each.hash_id, each.verdict, marked.mode, score=each.score, time=_LATER, batch=_BATCH)
        for each in marked.verdicts
    ]


def foresee(
    base: TagState,
    held: Sequence[InForce],
    marked: Marked,
    learner: active.QuickLearner,
    is_top: Mapping[str, bool],
) -> Foreseen:
    """Return a tag, of the state ``base``, when ``held`` holds, and the page that comes then."""
    state = tag_state(base.collected, learner, base.tag, held, base, is_top)
    return Foreseen(state, compose(state, learner, marked.mode, marked.after), marked.after)


def adopted(
    foreseen: Foreseen, collected: Collected, held: Sequence[InForce], is_top: Mapping[str, bool]
) -> tuple[TagState, Optional[Foreseen]]:
    """Return the state that was foreseen with the verdicts that hold now, and what of the page is still right."""
    state = renewed(foreseen.state, collected, held, is_top)
    return state, foreseen if state.top_share == foreseen.state.top_share else None


def renewed(state: TagState, collected: Collected, held: Sequence[InForce], is_top: Mapping[str, bool]) -> TagState:
    """Return a state with verdicts that say the same as those it was fitted to."""
    return state.with_verdicts(held, labels_of(collected, state.tag, held), flips_of(held), top_share(held, is_top))
