"""The program: run a command, and answer the signals that end it, from the first line here to the last.

The installed command, the stage scripts and ``python -m image_tagging`` all start here, and so end alike. Ctrl-C,
SIGTERM (``kill``, a shutdown, a scheduler, the end of a container) and SIGHUP (a closed terminal; on Windows SIGBREAK)
have one effect: a ``KeyboardInterrupt`` in the main thread, so that every writer cleans up, one line, exit code 130.
"""

import os
import sys


def _leave_out_current_folder() -> None:
    """Leave the current folder out of the search for modules: it may be a stranger's, and hold a ``json.py``.

    ``python -m`` puts it first, an empty entry of ``PYTHONPATH`` (as in ``$PYTHONPATH:/more`` where that is not set)
    before Python's own library. It stays where ``PYTHONPATH`` names it in full, and where this program lies in it.
    Windows also looks there first for programs that a library starts.
    """
    if sys.platform == "win32":
        os.environ.setdefault("NoDefaultCurrentDirectoryInExePath", "1")
    try:
        here = os.getcwd()
    except OSError:  # it was removed: nothing can be in it
        return
    named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if named == [""] or sys.flags.ignore_environment:
        named = []
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if here in {home, os.path.dirname(os.__file__), *named}:
        return
    if __name__ == "__main__" and sys.path[:1] in ([here], [""]):
        del sys.path[0]
    if any(os.path.normpath(entry) == os.curdir for entry in named):
        sys.path[:] = [entry for entry in sys.path if not isinstance(entry, str) or os.path.abspath(entry) != here]


_leave_out_current_folder()

import signal  # noqa: E402  only now, and so is everything that the command imports
import time  # noqa: E402

TYPE_CHECKING = False  # as in typing, whose import takes longer than those above
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, Optional

#: The exit code of an interrupted command, as shells give it for Ctrl-C.
INTERRUPTED = 130

#: SIGALRM repeats a signal that came at a bad moment. Windows has neither it nor SIGHUP, and others have no SIGBREAK.
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK", "SIGALRM")
_SIGNALS = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]

#: Seconds in which a repeated signal counts as the same one: impatient fingers, or a parent that passes it on too.
_REPEAT_SECONDS = 2.0

#: Seconds after which a signal that came at a bad moment is answered, if that moment is over.
_RETRY_SECONDS = 0.01

#: The time of the signal that interrupted the program; empty until then.
_interrupted_at: "list[float]" = []

#: The signals that came at a bad moment.
_postponed: "list[int]" = []


def main(arguments: "Optional[list[str]]" = None) -> int:
    """Run a command as ``cli.main`` does, and return its exit code for ``sys.exit``: signals are ignored from then on.

    Ignored, because Python's own end would be cut short by them.
    """
    try:
        _on_signals(_interrupt)
        from .cli import main as run
        from .processors import limit_libraries

        limit_libraries()  # before one is loaded
        code = run(arguments)
        _on_signals(signal.SIG_IGN)
        if _postponed and not _interrupted_at:  # in the last import, after which the command was done at once
            raise KeyboardInterrupt
    except KeyboardInterrupt:  # while the command line was loaded, or in its last moments
        from .cli import interrupted

        code = interrupted()
        _on_signals(signal.SIG_IGN)
    return code


def _on_signals(handler: "Any") -> None:
    """Set the handler of all signals but those that the parent process has switched off (``nohup``).

    SIGALRM is this program's own: where it stayed switched off, a signal that came at a bad moment would be lost.
    """
    for number in _SIGNALS:
        if number == getattr(signal, "SIGALRM", None) or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


class _InterruptedError(KeyboardInterrupt):
    """A signal. If a plain ``KeyboardInterrupt`` leaves an ``exec`` of text, Python ends by SIGINT all the same."""


def _interrupt(number: int, frame: "Optional[FrameType]") -> None:
    """Raise at the first signal, as soon as that is safe; at a repeat that comes late, end the program at once."""
    if _interrupted_at:
        if time.monotonic() - _interrupted_at[0] > _REPEAT_SECONDS:
            os._exit(INTERRUPTED)
    elif sys.platform != "win32" and _is_unsafe(frame):
        _postponed.append(number)
        signal.setitimer(signal.ITIMER_REAL, _RETRY_SECONDS)
    else:
        _interrupted_at.append(time.monotonic())
        raise _InterruptedError


def _is_unsafe(frame: "Optional[FrameType]") -> bool:
    """Return whether an exception would break what the main thread does.

    An interrupted import may keep Python's import lock, for which other threads then wait for ever, or make a compiled
    module report the exception as one of its own. An exception in a ``__del__`` is shown on the screen and dropped.
    """
    while frame:
        if frame.f_code.co_name == "__del__" or frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


if __name__ == "__main__":
    sys.exit(main())
