"""Untrusted names as text that is safe to print: on one line, without control characters.

Names of files, folders (which are tags) and members of archives may hold line ends, escape sequences of terminals, and
characters that reverse the direction of text. On a screen each of these is replaced by one mark; in a log or a report,
which are for looking things up, by an escape.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import unicodedata
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from .errors import InputError

#: Not printable alone, and safe: the zero-width joiner and non-joiner of letters and emoji.
_JOINERS = "\u200c\u200d"

#: Characters of a tag, and of a path, in a sentence.
_LONGEST_TAG, _LONGEST_PATH = 100, 4096

#: How alike two words are where one is meant by the other, if no other word is more so: ``svm`` and ``ovr-svm``.
_LEAST_ALIKE = 0.6

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# A run of backslashes is looked at from its first one alone, so that a name of nothing else takes no longer.
_TO_ESCAPE = re.compile(r"(?<!\\)(\\*)([\ud800-\udfff])|(?<!\\)(\\+)(?=ud[89a-f][0-9a-f]{2})")
_ESCAPED = re.compile(r"(?<!\\)(\\+)ud([89a-f][0-9a-f]{2})")


def encodable(name: str) -> str:
    """Return a name as text that UTF-8 can encode, with escapes for bytes that the file system could not decode."""
    return name.encode("utf-8", "backslashreplace").decode()


def as_tag(name: str) -> str:
    """Return the tag that a folder's name, or a tag as a person wrote it, stands for.

    Systems spell one letter in two ways: ``é``, or ``e`` and a mark (macOS). Tags are compared in the first (NFC).
    """
    return unicodedata.normalize("NFC", name)


def name_encoding(encoding: str) -> str:
    """Return the name of an encoding that names of files can be in; InputError where it is none.

    Letters of ASCII are what they are in all of these: so are the suffixes that say which files are images.
    """
    letters = bytes(byte for byte in range(32, 127) if byte not in b"\\~")  # Japan and Korea have their money there
    try:
        is_usable = (
            letters.decode(encoding) == letters.decode("ascii")
            and len(b"\\x41".decode(encoding)) == 4
            and bool(bytes(range(256)).decode(encoding, "surrogateescape"))  # not those with escape sequences
        )
    except (LookupError, UnicodeError, ValueError):
        is_usable = False
    if not is_usable:
        raise InputError(
            f"{encoding!r} is no encoding that names of files can be in: give one that Python knows, such as cp437, "
            "cp932, gbk, big5, cp949 or utf-8."
        )
    return encoding


def for_xml(text: str) -> str:
    """Return text with U+FFFD for what XML 1.0 cannot hold, also not as a reference (its section 2.2)."""
    return _NO_XML.sub("\ufffd", encodable(text))


def escape_surrogates(name: str) -> str:
    r"""Return a name as valid Unicode from which ``unescape_surrogates`` gives exactly the same name.

    A lone surrogate, which stands for a byte that is not UTF-8, is spelt ``\udce9``. Backslashes directly before it,
    or before what looks like the rest of this spelling, are doubled; all other text stays as it is.
    """
    if name.isascii() and "\\ud" not in name:
        return name
    return _TO_ESCAPE.sub(_escape_surrogate, name)


def _escape_surrogate(found: re.Match[str]) -> str:
    backslashes, surrogate, others = found.groups()
    return 2 * others if others else f"{2 * backslashes}\\u{ord(surrogate):x}"


def unescape_surrogates(text: str) -> str:
    """Return the name that ``escape_surrogates`` has spelt."""
    return _ESCAPED.sub(_unescape_surrogate, text) if "\\ud" in text else text


def _unescape_surrogate(found: re.Match[str]) -> str:
    backslashes, digits = found.groups()
    literal, is_escape = divmod(len(backslashes), 2)
    return literal * "\\" + (chr(int(f"d{digits}", 16)) if is_escape else f"ud{digits}")


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


def about(number: float) -> str:
    """Return an estimated count, of two digits that are not zero: ``140`` for 136.2, and ``0`` below a half."""
    return f"{float(f'{number:.2g}') if number >= 99.5 else round(number):,.0f}"


def in_bytes(size: int) -> str:
    """Return a size of three digits or fewer, in the units of file browsers: ``310 MB``, ``1.2 GB``, ``12 bytes``."""
    if size < 1000:
        return counted(size, "byte")
    value, units = size / 1000, ["kB", "MB", "GB", "TB"]
    while value >= 999.5 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{value:.1f} {units[0]}" if value < 9.95 else f"{value:,.0f} {units[0]}"


def percent(share: float) -> str:
    """Return an estimated share as a percentage: ``13 %``, and below 1 % one digit that is not zero, ``0.7 %``."""
    value = float(f"{share * 100:.{2 if share >= 0.01 else 1}g}")
    return f"{value:.10f}".rstrip("0").rstrip(".") + " %"


def counted_pictures(pictures: int, files: int) -> str:
    """Return a number of pictures, and of the files that hold them where these are more: ``24 pictures (25 files)``."""
    return counted(pictures, "picture") + (f" ({counted(files, 'file')})" if files != pictures else "")


def counted_are(number: int, what: str) -> str:
    """Return a number with its noun and verb: ``1 image is``, ``2 images are``."""
    return f"{counted(number, what)} {'is' if number == 1 else 'are'}"


def short_path(path: str) -> str:
    """Return a path for a log or a report: no system has longer ones than 4,096 bytes, and an archive may name any."""
    return shortened(path, _LONGEST_PATH)


def tag_in_words(tag: str) -> str:
    """Return a tag for a sentence: a long one shortened, an empty one as two quotes."""
    return shortened(tag, _LONGEST_TAG) or '""'


def join_tags(tags: Sequence[str], most: int = 3) -> str:
    """Return the first tags, and how many more there are, as a part of a sentence: ``cat, dog, owl and 2 more``."""
    more = f" and {len(tags) - most:,} more" if len(tags) > most else ""
    return ", ".join(map(escaped, map(tag_in_words, tags[:most]))) + more


def shortened(text: str, most: int) -> str:
    """Return text of at most ``most`` characters: of a longer one its begin and, a third as long, its end."""
    if len(text) <= most:
        return text
    end = (most - 3) // 4
    return f"{text[: most - 3 - end]}...{text[len(text) - end :]}"


def command_line(*words: str) -> str:
    """Return a command of this program as a person can paste it into a shell; unsafe characters are escaped."""
    line = ["image-tagging", *(escaped(shortened(word, _LONGEST_PATH)) for word in words)]
    return subprocess.list2cmdline(line) if os.name == "nt" else shlex.join(line)


def near_misses(word: str, known: Iterable[str], *, least: float = 0.75) -> list[str]:
    """Return the known words that a person may have meant, the nearest first; ``least`` is how alike they are, to 1.

    Words that differ in case alone are the nearest.
    """
    by_folded: dict[str, str] = {}
    for each in known:
        by_folded.setdefault(each.casefold(), each)
    return [by_folded[each] for each in get_close_matches(word.casefold(), by_folded, n=3, cutoff=least)]


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Return `` Did you mean cat or cats?``, to follow a sentence; empty where the word is not nearly a known one."""
    if not isinstance(word, str):
        return ""
    word, known = shortened(word, _LONGEST_TAG), tuple(known)
    near = near_misses(word, known) or near_misses(word, known, least=_LEAST_ALIKE)[:1]
    return f" Did you mean {' or '.join(escaped(tag_in_words(each)) for each in near)}?" if near else ""
