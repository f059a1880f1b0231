"""Names as text that stays where it is put: on one line, moving no cursor and turning no text round.

Files, folders (which are tags) and members of archives are named by strangers, and a name may hold line ends, escape
sequences of terminals, and marks that reverse what follows. On a screen each of these is one mark; in a log or a
report, which are for looking things up, it is spelt as an escape.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

#: Not printable alone, and harmless: what joins letters or emoji, and what keeps them apart.
_JOINERS = "\u200c\u200d"


def encodable(name: str) -> str:
    """A name that is not valid in the file system's encoding as text that a database or a file can hold: its bytes are
    spelt as escapes.
    """
    return name.encode("utf-8", "backslashreplace").decode()


def marked(text: str) -> str:
    """For a screen, with one mark for each character that is not plain."""
    return text if text.isprintable() else "".join(char if _is_plain(char) else "\ufffd" for char in text)


def escaped(text: str) -> str:
    """For a file of lines, with an escape for each character that is not plain. A backslash stays as it is."""
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
    """Return the first tags of a sentence, and how many more there are: ``cat, dog, owl and 2 more``."""
    more = f" and {len(tags) - most:,} more" if len(tags) > most else ""
    return ", ".join(map(escaped, tags[:most])) + more
