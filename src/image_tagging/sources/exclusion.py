"""What a person leaves out of a data set by patterns, in the language of ``.gitignore`` files."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Optional

from ..errors import InputError
from ..text import escaped, shortened

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

#: Folders on the way to a member of an archive that are looked up each alone: no person lays more in each other.
DEEPEST = 64


class Exclusion:
    """Which paths below the input a list of patterns leaves out; of several patterns the last one decides.

    As in git, a folder that is left out is not looked into, and nothing in it comes back by a later ``!pattern``.

    Raises
    ------
    InputError
        A pattern means nothing.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._spec = _spec(patterns) if patterns else None

    def is_out(self, path: str, *, is_folder: bool) -> bool:
        """Return whether a file or folder is left out by itself; ``path`` has ``/`` between its parts."""
        if self._spec is None:
            return False
        return self._spec.match_file(_composed(f"{path}/" if is_folder else path))

    def first_folder(self, folders: Sequence[str]) -> Optional[int]:
        """Return how many folders lie on the way to the first one that is left out, with that one."""
        if self._spec is None:
            return None
        for count in range(1, min(len(folders), DEEPEST) + 1):
            if self.is_out("/".join(folders[:count]), is_folder=True):
                return count
        return None


def require_patterns(patterns: Iterable[str]) -> None:
    """Raise InputError where a pattern for what is left out means nothing."""
    _spec(list(patterns))


def _spec(patterns: Sequence[str]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    for pattern in patterns:
        try:
            means_nothing = not any(each.include is not None for each in GitIgnoreSpec.from_lines([pattern]).patterns)
        except (ValueError, re.error):
            means_nothing = True
        if means_nothing:
            raise InputError(
                f"the pattern {shortened(escaped(pattern), 100)!r} to exclude means nothing. Give one as in a "
                ".gitignore file: 'drafts/', '*.gif', '/2019/**/small'."
            )
    return GitIgnoreSpec.from_lines(map(_composed, patterns))


def _composed(text: str) -> str:
    """Return text in the one spelling of Unicode in which names are compared."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)
