"""What one check found."""

from __future__ import annotations

import os
from typing import NamedTuple

#: The states: all is well; something is missing that a run can do without; a run will fail.
OK, NOTE, PROBLEM = "ok", "note", "problem"


class Finding(NamedTuple):
    """``check`` is its short name, ``state`` one of the states, ``says`` a sentence; where not all is well, with what
    to do.
    """

    check: str
    state: str
    says: str


def without_home(text: str) -> str:
    """Return text with ``~`` for the home folder: what is copied into a bug report need not name its user."""
    home = os.path.expanduser("~")
    return text.replace(home + os.sep, f"~{os.sep}") if len(home) > 1 else text
