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
        self._patterns = [_Pattern(pattern) for pattern in reversed(patterns)]

    def is_out(self, path: str, *, is_folder: bool) -> bool:
        """Return whether a file or folder is left out by itself; ``path`` has ``/`` between its parts."""
        composed = _composed(path) if self._patterns else path
        for pattern in self._patterns:
            if pattern.matches(composed, is_folder=is_folder):
                return not pattern.takes_back
        return False

    def first_folder(self, folders: Sequence[str]) -> Optional[int]:
        """Return how many folders lie on the way to the first one that is left out, with that one."""
        if not self._patterns:
            return None
        for count in range(1, min(len(folders), DEEPEST) + 1):
            if self.is_out("/".join(folders[:count]), is_folder=True):
                return count
        return None


def require_patterns(patterns: Iterable[str]) -> None:
    """Raise InputError where a pattern for what is left out means nothing."""
    for pattern in patterns:
        _Pattern(pattern)


class _Pattern:
    """One pattern, and which paths themselves it matches: pathspec's also match all that lies in a folder."""

    def __init__(self, pattern: str) -> None:
        self.takes_back = pattern.startswith("!")
        body = pattern[self.takes_back :]
        # After "!" these are no longer a comment or a second "!".
        self._spec = _spec(f"\\{body}" if self.takes_back and body.startswith(("#", "!")) else body, pattern)
        while body.startswith("**/"):
            body = body[3:]
        self._is_of_name = "/" not in body.rstrip("/")
        self._folder = _Pattern(body[:-2]) if body.endswith("/**") and body[:-3].strip("/*") else None

    def matches(self, path: str, *, is_folder: bool) -> bool:
        """Return whether the pattern means this path, and not only a folder on the way to it."""
        parent, _, name = path.rpartition("/")
        end = "/" if is_folder else ""
        if self._is_of_name:
            return self._spec.match_file(name + end)
        if not self._spec.match_file(path + end):
            return False
        if self._folder:
            return not self._folder.matches(path, is_folder=is_folder)
        return not (parent and self._spec.match_file(f"{parent}/"))


def _spec(pattern: str, given: str) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    try:
        spec = GitIgnoreSpec.from_lines([_composed(pattern)])
    except (ValueError, re.error):
        spec = GitIgnoreSpec([])
    if not any(each.include is not None for each in spec.patterns):
        raise InputError(
            f"the pattern {shortened(escaped(given), 100)!r} to exclude means nothing. Give one as in a "
            ".gitignore file: 'drafts/', '*.gif', '/2019/**/small'."
        )
    return spec


def _composed(text: str) -> str:
    """Return text in the one spelling of Unicode in which names are compared."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)
