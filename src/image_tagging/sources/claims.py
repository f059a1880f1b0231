"""Which addresses of metadata are opened: a stranger may have written them."""

from __future__ import annotations

import os
import re

from ..addresses import ImageRef
from ..files import is_url
from .suffixes import is_archive_name, is_image_name, is_other_name, is_table_name, is_unread_name
from .system_folders import is_system

#: Opening one of these sends a request to another machine, on Windows with the user's credentials.
_NETWORK = re.compile(r"[/\\]{2}|/net/|/afs/", re.IGNORECASE)


def may_be_opened(ref: ImageRef) -> bool:
    """Return whether the address is that of an image as :func:`.find_images` could have found it on this machine.

    It is not where it is a URL, lies on the network or in a folder of the system, or in a document or another file that
    finding does not look into. Whether there is an image, and which, is another question.
    """
    if is_url(ref.file) or not _is_name(ref.file) or _NETWORK.match(ref.file):
        return False
    if _NETWORK.match(os.path.realpath(ref.file)) or is_system(ref.file):
        return False
    if not ref.members:
        return is_image_name(ref.file) or not (is_unread_name(ref.file) or is_other_name(ref.file))
    holders = [ref.file, *ref.members[:-1]]
    return all(map(is_archive_name, holders[1:])) and (
        is_archive_name(ref.file) or is_table_name(ref.file) or not is_other_name(ref.file)
    )


def _is_name(file: str) -> bool:
    """Return whether a file of this system can have the name; JSON may also hold half a character."""
    try:
        return b"\0" not in os.fsencode(file)
    except UnicodeEncodeError:
        return False
