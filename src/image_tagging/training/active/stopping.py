"""Have I done enough? A rule that says when to stop, and a sentence that says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...text import counted
from .live import LiveFigures
from .pages import PAGE_SIZE

#: Of the last two pages each has at most so many flips, and the median of recall is at least so high.
_PAGES, _MOST_FLIPS, _ENOUGH_RECALL = 2, 1, 0.9

#: An interval of recall that is wider says little, which is so for tags that fewer pictures have.
_WIDE = 0.3
#: The interval of a tag that fewer pictures have stays wide: random pictures hardly ever show one.
_RARE = 0.003

GO_ON, SEARCH, STOP = "go on", "search", "stop"


@dataclass(frozen=True)
class StopAdvice:
    """``advice`` is ``GO_ON``, ``SEARCH`` (pages find no more, but much is missed) or ``STOP``; with a ``sentence``."""

    advice: str
    sentence: str


def stop_advice(flips: Sequence[int], figures: LiveFigures) -> StopAdvice:
    """Return whether to go on; ``flips`` are the pictures of each page so far that came marked wrongly, check left out.

    Flips alone stop too early: nothing on a page shows the pictures that no page shows.
    """
    last = flips[-_PAGES:]
    calm = len(last) == _PAGES and max(last) <= _MOST_FLIPS
    said = _recall_in_words(figures)
    if not last:
        return StopAdvice(GO_ON, said)
    if not calm:
        errors = sum(last)
        still = f"the last pages still had {counted(errors, 'error')}"
        why = still if errors else "one page without an error says little"
        return StopAdvice(GO_ON, f"Go on: {why}. {said}")
    if figures.recall.median >= _ENOUGH_RECALL:
        return StopAdvice(STOP, f"Enough: the last two pages had {counted(sum(last), 'error')}. {said}")
    likely = max(round(figures.missed.median), 1)
    return StopAdvice(SEARCH, f"Pages find little more, but about {likely} more are likely: search for them. {said}")


def _recall_in_words(figures: LiveFigures) -> str:
    recall = figures.recall
    missed = round(figures.missed.median)
    everything = round(figures.found + figures.missed.median)
    text = f"Recall {recall.low:.2f} to {recall.high:.2f}, most likely {recall.median:.2f}"
    text += f": about {missed:,} of {everything:,} missed"
    if recall.high - recall.low <= _WIDE:
        return f"{text}."
    if figures.prevalence < _RARE:
        return f"{text}; of so rare a tag the interval stays wide."
    # An interval halves with four times the verdicts.
    pages = max(-(-3 * figures.checked // PAGE_SIZE), 1)
    effect = "would halve the interval" if figures.checked else "would narrow the interval"
    return f"{text}; {counted(pages, 'more check page') if figures.checked else 'a check page'} {effect}."
