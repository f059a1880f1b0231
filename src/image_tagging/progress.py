"""The type of the callbacks that report the progress of a use-case, one that ignores it, and one for several steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Callable, NamedTuple, Optional, Protocol


class Progress(Protocol):
    """A function that is called with the activity, the amount done, and the total amount, ``None`` if it is not known.

    It is called often, on the thread that works, and must return soon; what it raises ends the work.
    """

    def __call__(self, activity: str, done: int, total: Optional[int], /) -> None:
        """Take the state of a work."""


#: Called with a sentence that a person should read before a long work begins.
Say = Callable[[str], None]

#: The total amount of several steps together.
WHOLE = 1_000_000


def no_progress(activity: str, done: int, total: Optional[int]) -> None:
    """Ignore the progress."""


def say_nothing(sentence: str) -> None:
    """Ignore a sentence."""


class Step(NamedTuple):
    """One of several steps: about how many seconds it takes, and the activity in which it spends most of them."""

    seconds: float
    activity: str


class Steps:
    """Reports several steps as one whole, which does not begin again with each step.

    ``watch`` is called with what is done now and how much of it, in words, and with the share of all steps, of
    :data:`WHOLE`. Steps are taken in the order of ``steps``.
    """

    def __init__(self, watch: Progress, steps: Mapping[str, Step]) -> None:
        self._watch = watch
        self._steps = steps
        self._total = sum(step.seconds for step in steps.values()) or 1.0
        self._finished = 0.0

    def of(self, name: str) -> Progress:
        """Return what reports one step; all steps before it are finished."""
        step, before = self._steps[name], 0.0
        for each in self._steps:
            if each == name:
                break
            before += self._steps[each].seconds
        done_before, share = before / self._total, step.seconds / self._total
        self._finished = max(self._finished, done_before)

        def watch(activity: str, done: int, total: Optional[int]) -> None:
            is_main = activity == step.activity
            if is_main and total:
                self._finished = max(self._finished, done_before + share * min(done / total, 1.0))
            words = name if is_main else activity
            count = f": {done:,} of {total:,}" if total else f": {done:,}" if done else ""
            self._watch(words + count, int(self._finished * WHOLE), WHOLE)

        return watch
