"""How far a use-case is, shown to a person: a bar on a terminal or in a notebook, lines where there is neither.

What draws is imported when it is needed. All of it works on any thread, and where a windowed program has no standard
error nothing is shown.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Callable, Optional, Union

from ..errors import InputError
from ..progress import WHOLE, Progress, no_progress

if TYPE_CHECKING:
    from rich.progress import Task
    from rich.text import Text

#: Seconds over which the speed is measured that the time left follows from.
_SPEED_OVER = 60.0

#: Seconds between two states that are shown: in a notebook, and as lines of text that a program asked for.
_NOTEBOOK_EVERY, _LINES_EVERY = 0.2, 10.0

#: The same of a command whose standard error is a file or a pipe; its first line comes after as many.
_COMMAND_EVERY = 120.0

#: Characters of the bar in a notebook.
_WIDTH = 30

#: Held by the bar on the terminal: two of them would write over each other.
_terminal = threading.Lock()


@contextmanager
def shown(
    progress: Union[bool, Progress], watch: Progress = no_progress, *, of_steps: bool = False
) -> Iterator[Progress]:
    """Give what a use-case reports its progress to: ``watch``, and a bar or a further function by ``progress``."""
    if not progress:
        yield watch
    elif progress is True:
        with progress_bar(of_steps=of_steps, or_lines=True) as bar:
            yield _both(watch, bar)
    elif callable(progress):
        yield _both(watch, progress)
    else:
        raise InputError(f"progress is {str(progress)[:100]!r}; it must be True, False or a function.")


def _both(first: Progress, second: Progress) -> Progress:
    def report(activity: str, done: int, total: Optional[int]) -> None:
        first(activity, done, total)
        second(activity, done, total)

    return report


@contextmanager
def progress_bar(*, of_steps: bool = False, or_lines: bool = False) -> Iterator[Progress]:
    """Give what shows a progress on standard error or in a notebook; on a terminal the bar goes when the work is done.

    With ``of_steps`` it is one bar for all steps (:class:`.progress.Steps`), with one time left. Where standard error
    is a file or a pipe there is a line every two minutes, so that a long work in the background can be watched and a
    short one says nothing. With ``or_lines`` a line comes at once, every ten seconds and at the end, also where another
    bar is on the terminal.
    """
    stream = sys.stderr
    if kernel_display := _notebook():
        yield from _shown_by(_States(kernel_display, _NOTEBOOK_EVERY, of_steps=of_steps, width=_WIDTH))
    elif _is_terminal(stream) and _terminal.acquire(blocking=False):
        try:
            with _terminal_bar(stream, of_steps=of_steps) as watch:
                yield watch
        finally:
            _terminal.release()
    elif or_lines and _is_open(stream):
        yield from _shown_by(_States(_Lines(stream), _LINES_EVERY, of_steps=of_steps))
    elif _is_open(stream) and not _is_terminal(stream):
        yield _States(_Lines(stream), _COMMAND_EVERY, of_steps=of_steps, first_after=_COMMAND_EVERY).watch
    else:
        yield no_progress


def _shown_by(states: _States) -> Iterator[Progress]:
    yield states.watch
    states.finish()


def _is_open(stream: Any) -> bool:
    try:
        return hasattr(stream, "write") and not getattr(stream, "closed", False)
    except ValueError:  # what it wrote to was taken from it
        return False


def _is_terminal(stream: Any) -> bool:
    return _is_open(stream) and hasattr(stream, "isatty") and stream.isatty()


def _notebook() -> Optional[Callable[[str], None]]:
    """Return what shows a text in the output of the running cell, in place of the one before; ``None`` elsewhere."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if not hasattr(shell, "kernel"):
        return None
    from IPython.display import display

    show_first: Any = display
    handles: list[Any] = []

    def show(text: str) -> None:
        content = {"text/plain": text}
        if handles:
            handles[0].update(content, raw=True)
        else:
            handles.append(show_first(content, raw=True, display_id=True))

    return show


class _Lines:
    """Writes each text as a line; a stream that can no longer be written gets none."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __call__(self, text: str) -> None:
        with suppress(OSError, ValueError):
            self._stream.write(f"{text}\n")
            if hasattr(self._stream, "flush"):
                self._stream.flush()


class _States:
    """Shows the state of a work as text, every few seconds and at its end."""

    def __init__(
        self, show: Callable[[str], None], every: float, *, of_steps: bool, width: int = 0, first_after: float = 0.0
    ) -> None:
        self._show = show
        self._width = width
        self._every = every
        self._of_steps = of_steps
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._next = self._began + first_after
        self._activity = self._counted = self._shown = ""

    def watch(self, activity: str, done: int, total: Optional[int]) -> None:
        """Take a state, from any thread."""
        with self._lock:
            now = time.monotonic()
            if activity != self._activity and not self._of_steps:
                self._began = now
            self._activity = activity
            text = self._in_words(done, total, now - self._began)
            self._counted = text if total else self._counted
            if now >= self._next:
                self._next = now + self._every
                self._shown = text
                self._show(text)

    def finish(self) -> None:
        """Show how much was done, which stays: the last state with a total."""
        if self._counted not in {"", self._shown}:
            self._show(self._counted)

    def _in_words(self, done: int, total: Optional[int], seconds: float) -> str:
        if not total:
            return self._activity + (f": {done:,}" if done else "")
        share = min(done / total, 1.0)
        bar = f" |{'█' * round(share * self._width):<{self._width}}|" if self._width else ":"
        amount = f"{share:.0%}" if self._of_steps and total == WHOLE else f"{done:,} of {total:,}"
        left = f", {_clock(seconds / share - seconds)} left" if 0 < share < 1 else ""
        return f"{self._activity}{bar} {amount}{left}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


@contextmanager
def _terminal_bar(stream: Any, *, of_steps: bool) -> Iterator[Progress]:
    """Give what draws a bar with count, rate and time left."""
    from rich import progress as bars
    from rich.console import Console

    amounts = (bars.TaskProgressColumn(),) if of_steps else (bars.MofNCompleteColumn(), _rate())
    columns = (bars.TextColumn("{task.description}"), bars.BarColumn(), *amounts, bars.TimeRemainingColumn())
    console = Console(file=stream, force_jupyter=False)
    with bars.Progress(*columns, console=console, transient=True, speed_estimate_period=_SPEED_OVER) as bar:
        task = bar.add_task("starting", total=None)
        current = ""

        def watch(activity: str, done: int, total: Optional[int]) -> None:
            nonlocal current
            if activity != current:
                current = activity
                if of_steps:
                    bar.update(task, description=activity)
                else:
                    bar.reset(task, description=activity, total=total)
            bar.update(task, completed=done, total=total)

        yield watch


def _rate() -> Any:
    """Return a column of the images per second."""
    from rich.progress import ProgressColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:,.0f}/s" if task.speed else "")

    return Rate()
