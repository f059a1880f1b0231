"""Check that reading any file writes, starts and imports nothing.

The interpreter reports every open, import and call of the system to its audit hooks (PEP 578).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: What no reading of a file has to do. ``marshal.loads`` and ``pickle.find_class``: plain unpickling.
_FORBIDDEN = (
    *("import", "exec", "compile", "marshal.loads", "pickle.find_class", "subprocess.", "socket.", "ctypes."),
    *(
        "os.system",
        "os.exec",
        "os.spawn",
        "os.posix_spawn",
        "os.fork",
        "os.remove",
        "os.rename",
        "os.mkdir",
        "os.rmdir",
    ),
    *("os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown", "os.utime", "shutil.", "tempfile.", "glob."),
)
_OF_IMPORTS = frozenset({"import", "exec", "compile", "marshal.loads"})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_is_watching = False
_is_hooked = False
_may_import = False


class Forbidden(BaseException):
    """Reading did more than read. No handler of the program catches it."""


@contextmanager
def only_reading() -> Iterator[None]:
    """Raise ``Forbidden`` where what is inside does more than read. What it imports must be imported before."""
    global _is_hooked, _is_watching  # noqa: PLW0603  a hook is never taken away again, so there is one
    if not _is_hooked:
        sys.addaudithook(_hook)
        _is_hooked = True
    _is_watching = True
    try:
        yield
    finally:
        _is_watching = False


@contextmanager
def imports_allowed() -> Iterator[None]:
    """For the first look at good files: what the program imports when it is first needed, the others may not."""
    global _may_import  # noqa: PLW0603  as above
    _may_import = True
    try:
        yield
    finally:
        _may_import = False


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if not _is_watching:
        return
    if event == "open":
        _, mode, flags = args
        if (flags or 0) & _WRITING or any(letter in (mode or "") for letter in "wax+"):
            raise Forbidden(f"open for writing: {args!r}")
    elif event.startswith(_FORBIDDEN) and not (_may_import and event in _OF_IMPORTS):
        raise Forbidden(f"{event}: {args!r:.200}")
