"""The tags of a review as they are now: fitted when they are asked for, kept in memory, and foreseen.

While a person looks at a page, the tag is fitted as if the page was accepted as it is marked. Where it then is, the
next page is there at once; where a picture was flipped, the tag is fitted again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

from ...files import stamp_of
from ...store import NO, YES, InForce, Verdict, Verdicts
from ...training import active
from .collected import Collected
from .labels import BOUNDARY, NEXT, flips_of, labels_of, top_share
from .shown import ShownPage, compose
from .tag_state import TagState, tag_state

#: Tags whose scores are kept in memory: of a million pictures each takes 4 MB.
_MOST_STATES = 32
#: Pictures whose part of a page is remembered.
_MOST_PARTS = 100_000

#: A time after that of every verdict.
_LATER = "2999-12-31T00:00:00.000000Z"


class TagStates:
    """The states of tags; one thread at a time may call these methods."""

    def __init__(self, collected: Collected, verdicts: Verdicts) -> None:
        self._verdicts = verdicts
        self._tops: OrderedDict[tuple[str, str], bool] = OrderedDict()
        self.use(collected)

    def use(self, collected: Collected) -> None:
        """Take the pictures of the output folder, which are others now; forget what followed from those before."""
        self._collected = collected
        self._learner: Optional[active.QuickLearner] = None
        self._states: OrderedDict[str, tuple[str, TagState]] = OrderedDict()
        self._foreseen: dict[str, TagState] = {}

    @property
    def learner(self) -> active.QuickLearner:
        """What fits every tag."""
        if self._learner is None:
            self._learner = active.QuickLearner(self._collected.pool, self._collected.is_mountain)
        return self._learner

    def of(self, tag: str) -> TagState:
        """Return a tag as it is now; it is fitted again where verdicts came in, from here or elsewhere."""
        stamp = stamp_of(self._verdicts.path)
        kept = self._states.get(tag)
        if kept is None or kept[0] != stamp:
            held = self._verdicts.in_force(tag)
            before = kept[1] if kept else None
            is_same = before is not None and held == list(before.held)
            self._states[tag] = (stamp, before if before and is_same else self._fitted(tag, held, before))
        self._states.move_to_end(tag)
        while len(self._states) > _MOST_STATES:
            self._foreseen.pop(self._states.popitem(last=False)[0], None)
        return self._states[tag][1]

    def note(self, page: ShownPage) -> None:
        """Remember which pictures of a page were there for their scores: the next page depends on how many were yes."""
        for cell, part in zip(page.cells, page.parts):
            self._tops[page.tag, cell.hash_id] = part == "top"
        while len(self._tops) > _MOST_PARTS:
            self._tops.popitem(last=False)

    def foresee(self, tag: str, mode: str) -> list[str]:
        """Fit a tag as if its next page was accepted; return the names of the pictures that would come then."""
        state = self.of(tag)
        if mode not in {NEXT, BOUNDARY} or state.fit is None:
            return []
        page = compose(state, self.learner, mode)
        accepted = [
            Verdict(
                tag,
                cell.hash_id,
                YES if cell.is_marked else NO,
                mode,
                score=cell.score,
                time=_LATER,
                batch=1 << 52,
            )
            for cell in page.cells
        ]
        held = sorted([*state.held, *(InForce(each, None) for each in accepted)], key=_by_name)
        later = tag_state(self._collected, self.learner, tag, held, state, self._is_top(tag))
        self._foreseen[tag] = later
        return [cell.hash_id for cell in compose(later, self.learner, mode).cells]

    def _fitted(self, tag: str, held: Sequence[InForce], before: Optional[TagState]) -> TagState:
        foreseen = self._foreseen.pop(tag, None)
        if foreseen is not None and _said(held) == _said(foreseen.held):
            known = labels_of(self._collected, tag, held)
            share = top_share(held, self._is_top(tag))
            return replace(foreseen, held=held, known=known, flips=flips_of(held), top_share=share)
        return tag_state(self._collected, self.learner, tag, held, before, self._is_top(tag))

    def _is_top(self, tag: str) -> dict[str, bool]:
        return {name: is_top for (of_tag, name), is_top in self._tops.items() if of_tag == tag}


def _by_name(each: InForce) -> tuple[str, str]:
    return each.verdict.tag, each.verdict.hash_id


def _said(held: Sequence[InForce]) -> list[tuple[str, str, bool]]:
    """Return all that a fit depends on."""
    return [(each.verdict.hash_id, each.verdict.verdict, each.check is not None) for each in held]
