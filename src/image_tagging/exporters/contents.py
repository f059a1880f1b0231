"""What an image is placed from, and whether a file holds it already."""

from __future__ import annotations

import filecmp
import os
import stat
from typing import Union

#: What an image is placed from: the path of a plain file, or the bytes of an archive's member.
Content = Union[str, bytes]


def holds(target: str, content: Content) -> bool:
    """Return whether what is at ``target`` is the image, by a link or by its bytes."""
    try:
        found = os.stat(target)
    except OSError:  # a link that leads nowhere
        return False
    if not stat.S_ISREG(found.st_mode):
        return False
    if isinstance(content, str):
        filecmp.clear_cache()  # of files of one size and time it would not look at the bytes again
        return os.path.samestat(found, os.stat(content)) or filecmp.cmp(target, content, shallow=False)
    if found.st_size != len(content):
        return False
    with open(target, "rb", buffering=0) as file:
        return file.read() == content
