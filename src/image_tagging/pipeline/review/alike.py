"""Near-duplicates of pictures that were judged: they are offered the same verdict, all in one batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...datasets import Rows
from ...store import NO, YES
from ...text import counted
from .judged import Judged
from .labels import ALIKE
from .names import as_name
from .review import Opened, Review
from .tag_state import TagState


@dataclass(frozen=True)
class AlikeOffer:
    """Near-duplicates of judged pictures that have no verdict yet, each with what the picture like it was given."""

    tag: str
    verdicts: Sequence[Judged]

    @property
    def sentence(self) -> str:
        """What is offered, for people; empty where there is nothing."""
        words = [each.verdict for each in self.verdicts]
        if not words:
            return ""
        parts = [f"{words.count(word)} {word}" for word in (YES, NO) if word in words]
        which, them = counted(len(words), "near-duplicate"), "it" if len(words) == 1 else "them"
        return f"{which} of what you judged: give {them} the same verdict? ({', '.join(parts)})"


def offer_alike(review: Review, tag: str, hash_ids: Sequence[str]) -> AlikeOffer:
    """Return what the near-duplicates of pictures that were judged for a tag would be given.

    A picture with an example or a verdict of its own keeps it. Nothing is passed on to near-duplicates of pictures that
    were checked, which measure, nor a verdict that says unsure.

    Raises
    ------
    InputError
        The folder has no picture of such a name.
    """
    name = as_name(tag)
    with review.opened() as now:
        return AlikeOffer(name, _found(now, now.states.of(name), hash_ids))


def give_alike(review: Review, tag: str, hash_ids: Sequence[str]) -> str:
    """Give what :func:`offer_alike` offers, as one batch; return what was kept, as a sentence. Raises as that does.

    Raises
    ------
    OutputError
        Nothing may be judged now.
    """
    with review.opened(to_write=True):
        offer = offer_alike(review, tag, hash_ids)
        if not offer.verdicts:
            return "There is no near-duplicate without a verdict."
        review.judge(offer.tag, ALIKE, offer.verdicts)
    return f"The same verdict on {offer.tag} for {counted(len(offer.verdicts), 'near-duplicate')}."


def _found(now: Opened, state: TagState, hash_ids: Sequence[str]) -> list[Judged]:
    collected, known = now.collected, state.known
    rows = [collected.row(hash_id) for hash_id in hash_ids]
    held = [known.held.get(row) for row in rows]
    given = {
        row: each.verdict.verdict
        for row, each in zip(rows, held)
        if each is not None and each.check is None and each.verdict.verdict in {YES, NO}
    }
    judged = np.array(list(given), dtype=np.int64)
    groups = collected.pool.groups
    is_free = np.isin(groups, groups[judged]) & state.is_wanted & (collected.pool.inverse_lengths > 0)
    is_free[known.judged] = False
    checked = np.array([row for row, each in known.held.items() if each.check], dtype=np.int64)
    is_free &= ~np.isin(groups, groups[checked])
    alike = np.flatnonzero(is_free)
    names = [collected.pictures[row].hash_id for row in alike.tolist()]
    nearest = _nearest(state, alike, judged)
    return [Judged(name, given[row], at) for at, (name, row) in enumerate(zip(names, nearest.tolist()))]


def _nearest(state: TagState, rows: Rows, judged: Rows) -> Rows:
    """Return, for each row, that of the judged pictures of its group which is most like it."""
    pool = state.collected.pool
    nearest = np.empty(len(rows), dtype=np.int64)
    for at, row in enumerate(rows.tolist()):
        own = judged[pool.groups[judged] == pool.groups[row]]
        nearest[at] = own[int(np.argmax(pool.unit(own) @ pool.unit(np.array([row]))[0]))]
    return nearest
