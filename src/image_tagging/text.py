"""Untrusted names as text that is safe to print: on one line, without control characters.

Names of files, folders (which are tags) and members of archives may hold line ends, escape sequences of terminals, and
characters that reverse the direction of text. On a screen each of these is replaced by one mark; in a log or a report,
which are for looking things up, by an escape.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

#: Not printable alone, and safe: the zero-width joiner and non-joiner of letters and emoji.
_JOINERS = "\u200c\u200d"


def encodable(name: str) -> str:
    """Return a name as text that UTF-8 can encode, with escapes for bytes that the file system could not decode."""
    return name.encode("utf-8", "backslashreplace").decode()


def marked(text: str) -> str:
    """Return text for a screen, with one replacement mark for each unsafe character."""
    return text if text.isprintable() else "".join(char if _is_plain(char) else "\ufffd" for char in text)


def escaped(text: str) -> str:
    """Return text for a log or a report, with an escape for each unsafe character. A backslash stays as it is."""
    return text if text.isprintable() else "".join(char if _is_plain(char) else _escape(char) for char in text)


def _is_plain(char: str) -> bool:
    return char.isprintable() or char in _JOINERS or unicodedata.category(char) == "Zs"  # spaces of other scripts


def _escape(char: str) -> str:
    return char.encode("ascii", "backslashreplace").decode() if char > "\x7f" else repr(char)[1:-1]


def counted(number: int, what: str) -> str:
    """Return a number with its noun: ``1 image``, ``1,234 images``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def counted_are(number: int, what: str) -> str:
    """Return a number with its noun and verb: ``1 image is``, ``2 images are``."""
    return f"{counted(number, what)} {'is' if number == 1 else 'are'}"


def join_tags(tags: Sequence[str], most: int = 3) -> str:
    """Return the first tags, and how many more there are, as a part of a sentence: ``cat, dog, owl and 2 more``."""
    more = f" and {len(tags) - most:,} more" if len(tags) > most else ""
    return ", ".join(map(escaped, tags[:most])) + more
