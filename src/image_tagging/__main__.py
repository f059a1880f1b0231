"""Where a command begins and ends: what a person or the system says to end it is answered from here on.

Ctrl-C, SIGTERM (``kill``, a shutdown, a scheduler) and SIGHUP (a closed terminal) are one to the program: a
``KeyboardInterrupt`` in the main thread, from the first line here, before anything heavy is loaded, to the last.
"""

from __future__ import annotations

import os
import signal
import sys
import time

TYPE_CHECKING = False  # as in typing, whose import takes longer than these
if TYPE_CHECKING:
    from types import FrameType
    from typing import Optional

#: The exit code of a command that was told to end, as shells have it for Ctrl-C.
INTERRUPTED = 130

#: Windows has no SIGHUP.
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

#: Seconds for which a repeated signal is taken for the same one: impatient fingers, or a parent that passes it on too.
_SAME = 2.0

#: Seconds after which a signal that came in the midst of an import is answered, if that has ended by then.
_AGAIN = 0.01


def main(arguments: Optional[list[str]] = None) -> int:
    """Run a command as ``cli.main`` does, and answer signals; for the end of a process, which it lets none disturb."""
    ending = _Ending()
    try:
        ending.answer_signals()
        from .cli import main as run

        code = run(arguments)
        ending.stop_listening()
    except KeyboardInterrupt:  # while the command line was loaded, or in its last moments
        from .cli import interrupted

        code = interrupted()
    ending.ignore_signals()
    return code


class _ToldToEndError(KeyboardInterrupt):
    """What the first signal raises.

    Not ``KeyboardInterrupt`` itself: where one passes an ``exec`` of text (as modules that make classes do while they
    are imported), Python notes it and ends by SIGINT in the end, although it was caught.
    """


class _Ending:
    """The answer to signals: the first lets all who write clean up, a late repeat ends the program at once."""

    def __init__(self) -> None:
        self._told: Optional[float] = None
        self._listening = True

    def stop_listening(self) -> None:
        """Take no signal for a wish to end any more: all is done and said."""
        self._listening = False

    def ignore_signals(self) -> None:
        """Let none disturb the end of Python itself, nor one that an import has put off."""
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        if sys.platform != "win32":
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_IGN)

    def answer_signals(self) -> None:
        """Take the signals, all but those that whoever started the program has switched off (``nohup``)."""
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._told_to_end)

    def _told_to_end(self, number: int, frame: Optional[FrameType]) -> None:
        if not self._listening:
            return
        if self._told is None:
            if sys.platform != "win32" and _may_not_be_left(frame):
                signal.signal(signal.SIGALRM, self._told_to_end)
                signal.setitimer(signal.ITIMER_REAL, _AGAIN)
                return
            self._told = time.monotonic()
            raise _ToldToEndError
        if time.monotonic() - self._told > _SAME:
            os._exit(INTERRUPTED)


def _may_not_be_left(frame: Optional[FrameType]) -> bool:
    """Whether the main thread is at work that an exception would break.

    An import that is left may keep Python's import lock, for which the threads then wait for ever, or make a compiled
    module report the exception as one of its own. What a ``__del__`` raises is shown on the screen and dropped.
    """
    while frame:
        if frame.f_code.co_name == "__del__" or frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


if __name__ == "__main__":
    sys.exit(main())
