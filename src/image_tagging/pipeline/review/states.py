"""The tags of a review as they are now: fitted when they are asked for, kept in memory, and foreseen.

While a person looks at a page, the tag is fitted as if the page was given as it is marked by then (:mod:`.foresight`).
No lock is held while a tag is fitted but that of this tag, and nobody waits for what nobody has asked for.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import NamedTuple, Optional

from ...files import stamp_of
from ...store import InForce, Verdicts
from ...tag_models import Floats
from ...training import active
from .background import Background
from .collected import Collected
from .foresight import Foreseen, Foresight, Marked, adopted, as_given, fit_key, foresee, held_after, renewed
from .labels import NEXT
from .shown import ShownPage, begun, compose
from .tag_state import TagState, tag_state

#: Tags whose scores are kept in memory: of a million pictures each takes 4 MB, and 8 where all are in order.
_MOST_STATES = 32
#: Tags whose state before the last page is kept too: it is that after an undo.
_MOST_EARLIER = 4
#: Pictures whose part of a page is remembered.
_MOST_PARTS = 100_000
#: Tags whose first page is prepared, from the one that is open on.
_MOST_PREPARED = 16


class _Kept(NamedTuple):
    """A tag as it was when the file of verdicts had this ``stamp``; with the page that was foreseen, if it was."""

    stamp: str
    state: TagState
    foreseen: Optional[Foreseen]


@dataclass(eq=False)
class _OfFolder:
    """What follows from the pictures of the output folder as they were collected last; ``lock`` is held for moments."""

    collected: Collected
    lock: threading.RLock = field(default_factory=threading.RLock)
    states: OrderedDict[str, _Kept] = field(default_factory=OrderedDict)
    fitting: dict[str, threading.RLock] = field(default_factory=dict)
    earlier: OrderedDict[str, TagState] = field(default_factory=OrderedDict)
    foresights: dict[str, Foresight] = field(default_factory=dict)
    making_learner: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def _learner(self) -> active.QuickLearner:
        return active.QuickLearner(self.collected.pool, self.collected.is_mountain)

    @property
    def learner(self) -> active.QuickLearner:
        """What fits every tag."""
        with self.making_learner:
            return self._learner

    def lock_of(self, tag: str) -> threading.RLock:
        with self.lock:
            return self.fitting.setdefault(tag, threading.RLock())

    def keep(self, tag: str, kept: _Kept) -> None:
        with self.lock:
            before = self.states.get(tag)
            self.states[tag] = kept
            self.states.move_to_end(tag)
            if before is not None and before.state.held != kept.state.held:
                self.earlier[tag] = before.state
                self.earlier.move_to_end(tag)
            while len(self.earlier) > _MOST_EARLIER:
                self.earlier.popitem(last=False)
            while len(self.states) > _MOST_STATES:
                self.foresights.pop(self.states.popitem(last=False)[0], None)


class TagStates:
    """The states of tags; any thread may call these methods."""

    def __init__(self, collected: Collected, verdicts: Verdicts) -> None:
        self._verdicts = verdicts
        self._lock = threading.Lock()
        self._tops: OrderedDict[tuple[str, str], bool] = OrderedDict()
        self._starts: dict[str, tuple[str, Floats]] = {}
        self._every: tuple[str, list[InForce]] = ("", [])
        self._background = Background()
        self._tags: Sequence[str] = ()
        self._folder = _OfFolder(collected)

    def use(self, collected: Collected, tags: Sequence[str]) -> None:
        """Take the pictures of the output folder, which are others now, and its tags in the order of the list.

        What followed from the pictures before is forgotten. The first tag has its page when this returns, the pictures
        before are shown until then, and further tags get theirs in the background.
        """
        folder = _OfFolder(collected) if collected is not self._folder.collected else self._folder
        for tag in tags[:1]:
            self._open(folder, tag)
        self._folder, self._tags = folder, tags
        self._prepare("")

    def close(self) -> None:
        """End the thread that looks ahead."""
        self._background.close()

    @property
    def learner(self) -> active.QuickLearner:
        """What fits every tag."""
        return self._folder.learner

    def of(self, tag: str) -> TagState:
        """Return a tag as it is now; it is fitted again where verdicts came in, from here or elsewhere."""
        return self._now(self._folder, tag).state

    def page(self, tag: str, mode: str, after: str = "") -> ShownPage:
        """Return the page of a tag that a person judges next."""
        folder = self._folder
        with self._background.asked():
            kept = self._now(folder, tag)
            start, seen = self._starts.get(tag), kept.foreseen
            if start and mode == NEXT and kept.state.fit is None:
                page = begun(kept.state, *start)
            elif seen and (seen.page.mode, seen.after) == (mode, after):
                page = seen.page
            else:
                page = compose(kept.state, folder.learner, mode, after)
            self._prepare(tag)
        self._note(page)
        return page

    def begin(self, tag: str, words: str, direction: Floats) -> None:
        """Have the pages of a tag begin with pictures in a direction (D,) as long as nothing is learned of it."""
        self._starts[tag] = words, direction

    def every(self) -> list[InForce]:
        """Return the verdicts in force of all tags."""
        stamp, held = self._every
        now = stamp_of(self._verdicts.path)
        if stamp != now:
            held = self._verdicts.in_force()
            self._every = now, held
        return held

    def look_ahead(self, marked: Marked) -> list[str]:
        """Fit a tag as if the page was given as it is marked; return the names of the pictures that would come then.

        That is done for one page at a time: none come back where a newer one was given before this was begun.
        """
        folder, tag = self._folder, marked.tag
        base = self.of(tag)
        held = held_after(base.held, as_given(marked))
        key, is_top = fit_key(held), self._is_top(tag)
        ahead = self._background.newest(lambda: foresee(base, held, marked, folder.learner, is_top))
        with folder.lock:
            folder.foresights[tag] = Foresight(base, key, ahead)
        foreseen = ahead.wait()
        return [cell.hash_id for cell in foreseen.page.cells] if foreseen else []

    def _prepare(self, tag: str) -> None:
        """Have first pages composed in the background: of the tags after this one in the list, and the one before."""
        folder, tags = self._folder, self._tags
        at = tags.index(tag) if tag in tags else -1
        near = [*tags[at + 1 : at + 2], *tags[max(at - 1, 0) : max(at, 0)], *tags[at + 2 :], *tags[: max(at - 1, 0)]]
        wanted = [each for each in near[:_MOST_PREPARED] if each not in folder.states]
        self._background.when_idle(*(partial(self._open, folder, each) for each in wanted))

    def _open(self, folder: _OfFolder, tag: str) -> None:
        """Fit a tag, and compose the page that is shown of it first."""
        with folder.lock_of(tag):
            kept = self._now(folder, tag)
            if kept.foreseen is None and tag not in self._starts:
                page = compose(kept.state, folder.learner, NEXT)
                folder.keep(tag, kept._replace(foreseen=Foreseen(kept.state, page, "")))

    def _now(self, folder: _OfFolder, tag: str) -> _Kept:
        with folder.lock_of(tag):
            stamp = stamp_of(self._verdicts.path)
            kept = folder.states.get(tag)
            if kept is None or kept.stamp != stamp:
                held = self._verdicts.in_force(tag)
                if kept is not None and held == list(kept.state.held):
                    kept = kept._replace(stamp=stamp)
                else:
                    kept = _Kept(stamp, *self._fitted(folder, tag, held, kept.state if kept else None))
            folder.keep(tag, kept)
            return kept

    def _fitted(
        self, folder: _OfFolder, tag: str, held: Sequence[InForce], before: Optional[TagState]
    ) -> tuple[TagState, Optional[Foreseen]]:
        with folder.lock:
            foresight, earlier = folder.foresights.pop(tag, None), folder.earlier.get(tag)
        key = fit_key(held)
        if earlier and fit_key(earlier.held) == key:  # the last page was undone, or given again
            return renewed(earlier, folder.collected, held, self._is_top(tag)), None
        if foresight and foresight.base is before and foresight.key == key:
            foreseen = foresight.ahead.result()
            if foreseen is not None:
                return adopted(foreseen, folder.collected, held, self._is_top(tag))
        return tag_state(folder.collected, folder.learner, tag, held, before, self._is_top(tag)), None

    def _note(self, page: ShownPage) -> None:
        """Remember which pictures of a page were there for their scores: the next page depends on how many were yes."""
        with self._lock:
            for cell, part in zip(page.cells, page.parts):
                self._tops[page.tag, cell.hash_id] = part == "top"
            while len(self._tops) > _MOST_PARTS:
                self._tops.popitem(last=False)

    def _is_top(self, tag: str) -> dict[str, bool]:
        with self._lock:
            return {name: is_top for (of_tag, name), is_top in self._tops.items() if of_tag == tag}
