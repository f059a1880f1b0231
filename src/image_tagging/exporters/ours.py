"""Whether a placed file may be moved or removed: it is as this program placed it, and holds its image."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from typing import Optional

from ..files import link_target
from ..store import PlacedFile
from ..writing import status_below
from .contents import Content, holds


def is_ours(root: str, one: PlacedFile, read: Callable[[], Content]) -> Optional[bool]:
    """Return whether a file below ``root`` is as it was placed and holds the image; ``None`` where it is not there.

    ``read`` returns the image where it was found. So nothing is lost by moving or removing the file, whoever wrote the
    store. Raises what ``read`` raises.
    """
    path = os.path.join(root, one.folder, one.name)
    try:
        status = status_below(root, one.folder, one.name)
        if status is None:
            return None
        content = read()
        if stat.S_ISLNK(status.st_mode):
            return isinstance(content, str) and link_target(path) == os.path.abspath(content)
        if not stat.S_ISREG(status.st_mode):
            return False
        if isinstance(content, str) and os.path.samestat(status, os.stat(content)):
            return True
        return (status.st_size, status.st_mtime_ns) == (one.size, one.mtime_ns) and holds(path, content)
    except OSError:  # a link stands in place of a folder, or it cannot be read
        return False
