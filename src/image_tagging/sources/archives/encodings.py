"""The encoding of the names of an archive, chosen over all of them together.

Zips and tars hold names as bytes, and older ones do not say in which encoding. One name alone seldom shows it:
nearly any bytes are text in several encodings. All names together show it, by how likely the characters are that each
encoding makes of them: a unigram model per encoding and a few rules about neighbours, compared by log-likelihood (the
idea is that of Li and Momoi, "A composite approach to language/encoding detection", 2001).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from .common_characters import HANGUL, JAPANESE, SIMPLIFIED, TRADITIONAL

UTF_8 = "utf-8"

#: Names that are compared, and bytes of them: these are enough, and take a tenth of a second.
_MOST_NAMES, _MOST_BYTES = 1000, 1 << 15

#: The probability of a character that an encoding lacks, and of one that its writers do not use.
_NEVER, _NOBODYS = 1e-9, 2e-6

#: The probability of each letter, digit or sign that names are mostly made of, and of the rarer signs of ASCII.
_COMMON_ASCII = re.compile(r"[\w \-.()]", re.ASCII)
_LETTERS, _COMMON_SIZE, _RARE_ASCII = "A-Za-z", 69, 2e-4

_FREQUENT_ACCENTED, _RARER_ACCENTED = "äöüéßèáíóñçàêåøã", "æúâîôûëïìòùõœ"
_ACCENTED = _FREQUENT_ACCENTED + _RARER_ACCENTED
_ACCENTED_CAPITALS = "ÄÖÜÉÅÇÑØÆÁÀÈÓÍÚÂÊÎÔÃÕŒ"
_TYPOGRAPHY = frozenset("½¼¾€“”‘’„–—…°²³§¿¡«»ºª£©®")
_FREQUENT_CYRILLIC = "оеаинтсрвлкмдпу"

#: Signs of full width that names have, and the others.
_FULL_WIDTH = frozenset("ー・（）「」『』【】、。！？～＿－＆＋：《》·")


@dataclass(frozen=True)
class _Model:
    """What an encoding makes of the names of people who use it.

    ``probability`` is that of a character beyond ASCII. ``ascii`` is the share of characters of ASCII, ``odd`` are
    neighbours that words do not have, each of which makes a name ``odds`` times less likely, and ``prior`` says how
    often the encoding is met.
    """

    encoding: str
    probability: Callable[[str], float]
    ascii: float
    odd: re.Pattern[str]
    odds: float
    prior: float = 1.0

    def log_likelihood(self, names: bytes) -> float:
        """Return the logarithm of how likely these names (one a line) are."""
        text = names.decode(self.encoding, "replace")
        total = math.log(self.prior) + math.log(self.odds) * sum(1 for _ in self.odd.finditer(text))
        return total + sum(count * math.log(self._of(char)) for char, count in Counter(text).items() if char != "\n")

    def _of(self, char: str) -> float:
        if char > "\x7f":
            return self.probability(char)
        return self.ascii / _COMMON_SIZE if _COMMON_ASCII.match(char) else _RARE_ASCII


def choose_encoding(names: Sequence[bytes]) -> str:
    """Return the encoding of which these names are the likeliest text: for the same list always the same."""
    sample = _sample(names)
    return max(_MODELS, key=lambda model: model.log_likelihood(sample)).encoding


def _sample(names: Sequence[bytes]) -> bytes:
    """Return parts of paths, one a line, each once: a folder of many images says no more than its name.

    They are taken from all over the archive, since those next to each other are alike.
    """
    some = islice(names, 0, None, -(-len(names) // _MOST_NAMES) or 1)
    parts = dict.fromkeys(part for name in some for part in name.split(b"/") if not part.isascii())
    return b"\n".join(parts)[:_MOST_BYTES]


def _between(first: str, last: str) -> Callable[[str], bool]:
    return lambda char: first <= char <= last


_is_hiragana, _is_katakana, _is_half_width = _between("ぁ", "ゖ"), _between("゠", "ヿ"), _between("ｦ", "ﾟ")
_is_ideograph, _is_syllable = _between("\u4e00", "\u9fff"), _between("가", "힣")


def _place(char: str, encoding: str) -> bytes:
    return char.encode(encoding, "replace")


def _japanese(char: str) -> float:
    if _is_hiragana(char):
        return 0.10 / 83
    if _is_katakana(char):
        return 0.15 / 90
    if _is_half_width(char):
        return 0.008 / 60
    if not _is_ideograph(char):
        return _sign(char)
    if char in JAPANESE:
        return 0.18 / len(JAPANESE)
    return 0.06 / 2300 if b"\x88\x9f" <= _place(char, "cp932") <= b"\x98\x72" else 0.003 / 3800


def _simplified(char: str) -> float:
    if not _is_ideograph(char):
        return _sign(char)
    if char in SIMPLIFIED:
        return 0.35 / len(SIMPLIFIED)
    lead, trail = _place(char, "gb18030")[:2]
    if trail < 0xA1 or lead < 0xB0:
        return 0.003 / 14_000
    return 0.12 / 2900 if lead <= 0xD7 else 0.012 / 3008


def _traditional(char: str) -> float:
    if not _is_ideograph(char):
        return _sign(char)
    if char in TRADITIONAL:
        return 0.35 / len(TRADITIONAL)
    return 0.12 / 4500 if b"\xa4\x40" <= _place(char, "big5hkscs") <= b"\xc6\x7e" else 0.008 / 7700


def _korean(char: str) -> float:
    if _is_syllable(char):
        if char in HANGUL:
            return 0.42 / len(HANGUL)
        lead, trail = _place(char, "cp949")
        return 0.06 / 1900 if lead >= 0xB0 and trail >= 0xA1 else 0.002 / 8822
    return 0.002 / 4888 if _is_ideograph(char) else _sign(char)


def _latin(char: str) -> float:
    if char in _FREQUENT_ACCENTED:
        return 0.030 / len(_FREQUENT_ACCENTED)
    if char in _RARER_ACCENTED:
        return 0.008 / len(_RARER_ACCENTED)
    if char in _ACCENTED_CAPITALS:
        return 0.006 / len(_ACCENTED_CAPITALS)
    return 0.001 / len(_TYPOGRAPHY) if char in _TYPOGRAPHY else _NOBODYS


def _cyrillic(char: str) -> float:
    if char in _FREQUENT_CYRILLIC:
        return 0.32 / len(_FREQUENT_CYRILLIC)
    if "а" <= char <= "я" or char == "ё":
        return 0.08 / 18
    return 0.08 / 33 if "А" <= char <= "Я" or char == "Ё" else _NOBODYS


def _sign(char: str) -> float:
    """Return the probability of a character of East Asian encodings that belongs to no language."""
    if char in _FULL_WIDTH:
        return 0.010 / len(_FULL_WIDTH)
    if "！" <= char <= "～" or "\u3000" <= char <= "\u303f":
        return 0.004 / 140
    return _NOBODYS if char.isprintable() and char != "\ufffd" else _NEVER


def _any_language(char: str) -> float:
    """Return the probability of a character of UTF-8, which writers of any language use."""
    if "\u4e00" <= char <= "\u9fff" or "぀" <= char <= "ヿ" or _is_syllable(char):
        return max(_japanese(char), _simplified(char), _traditional(char), _korean(char))
    if "Ѐ" <= char <= "ӿ":
        return _cyrillic(char)
    if "Ā" <= char <= "ž" or "Ά" <= char <= "ώ" or "א" <= char <= "ת" or "ء" <= char <= "ی" or "ऀ" <= char <= "\u1fff":
        return 0.1 / 60
    if "\u0300" <= char <= "\u036f" or "\U0001f300" <= char <= "\U0001faff":
        return 1e-3
    if char == "\ufffd" or "㐀" <= char <= "䶿" or char > "\U0002ffff":  # likelier bytes of others
        return _NEVER
    return max(_latin(char), _sign(char), 2e-5 if char < "\u0800" else 1e-6)


_EAST = "ー・ぁ-ヿ\u3000-\u303f\u4e00-\u9fff가-힣！-～"
_EAST_ASIAN = re.compile(rf"[{_LETTERS}](?=[{_EAST}])|[{_EAST}](?=[{_LETTERS}])")
_ALONE = rf"(?<![{_LETTERS}{_ACCENTED}{_ACCENTED_CAPITALS}])[{_ACCENTED}](?![{_LETTERS}{_ACCENTED}])"
_LATIN = re.compile(rf"{_ALONE}|[a-z{_ACCENTED}][{_ACCENTED_CAPITALS}]|[{_ACCENTED}{_ACCENTED_CAPITALS}]{{3}}")
_CYRILLIC = re.compile(rf"[а-яё][А-ЯЁ]|[а-яА-ЯёЁ](?=[{_LETTERS}])|[{_LETTERS}](?=[а-яА-ЯёЁ])")

#: Of two that fit alike the first is chosen. The second of traditional Chinese has the characters of Hong Kong too.
_MODELS = (
    _Model(UTF_8, _any_language, 0.8, _LATIN, 0.05, 50.0),  # few bytes of other encodings are UTF-8 by chance
    _Model("cp437", _latin, 0.95, _LATIN, 0.05),
    _Model("cp932", _japanese, 0.5, _EAST_ASIAN, 0.2),
    _Model("gb18030", _simplified, 0.5, _EAST_ASIAN, 0.2),
    _Model("cp950", _traditional, 0.5, _EAST_ASIAN, 0.2),
    _Model("big5hkscs", _traditional, 0.5, _EAST_ASIAN, 0.2, 0.5),
    _Model("cp949", _korean, 0.5, _EAST_ASIAN, 0.2),
    _Model("cp850", _latin, 0.95, _LATIN, 0.05, 0.5),
    _Model("cp1252", _latin, 0.95, _LATIN, 0.05, 0.2),
    _Model("cp866", _cyrillic, 0.5, _CYRILLIC, 0.05, 0.5),
    _Model("cp1251", _cyrillic, 0.5, _CYRILLIC, 0.05, 0.2),
)
