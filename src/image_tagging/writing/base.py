"""What the modules of this package share: how files are opened, and words of errors."""

from __future__ import annotations

import os
import stat

#: Windows translates line ends without the first, and lacks the second.
FLAGS: int = sum(getattr(os, name, 0) for name in ("O_BINARY", "O_NOFOLLOW", "O_CLOEXEC", "O_NOINHERIT"))

MOVE_AWAY = "Move it away, or use another output folder."


def why(error: OSError) -> str:
    """Return what the system says."""
    return error.strerror or str(error)


def sort_of(status: os.stat_result) -> str:
    """Return what is there in place of a plain file."""
    if stat.S_ISLNK(status.st_mode):
        return "a link"
    return "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe or a device"
