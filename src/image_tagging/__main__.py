"""Where a command begins and ends: what a person or the system says to end it is answered from here on.

Ctrl-C, SIGTERM (``kill``, a shutdown, a scheduler) and SIGHUP (a closed terminal) are one to the program: a
``KeyboardInterrupt`` in the main thread, from the first line here, before anything heavy is loaded, to the last.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from types import FrameType
from typing import Optional

#: The exit code of a command that was told to end, as shells have it for Ctrl-C.
INTERRUPTED = 130

#: Windows has no SIGHUP.
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

#: Seconds for which a repeated signal is taken for the same one: impatient fingers, or a parent that passes it on too.
_SAME = 2.0


def main(arguments: Optional[list[str]] = None) -> int:
    """Run a command as ``cli.main`` does, and answer signals; for the end of a process, which it lets none disturb."""
    try:
        _Ending().answer_signals()
        from .cli import main as run

        code = run(arguments)
    except KeyboardInterrupt:  # while the command line was loaded, or in its last moments
        from .cli import interrupted

        code = interrupted()
    for number in _SIGNALS:  # all is done and said: Python's own end would be cut short by them
        signal.signal(number, signal.SIG_IGN)
    return code


class _Ending:
    """The answer to signals: the first lets all who write clean up, a late repeat ends the program at once."""

    def __init__(self) -> None:
        self._told: Optional[float] = None

    def answer_signals(self) -> None:
        """Take the signals, all but those that whoever started the program has switched off (``nohup``)."""
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._told_to_end)

    def _told_to_end(self, number: int, frame: Optional[FrameType]) -> None:
        if self._told is None:
            self._told = time.monotonic()
            raise KeyboardInterrupt
        if time.monotonic() - self._told > _SAME:
            os._exit(INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main())
