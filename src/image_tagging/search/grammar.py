"""Read a query from the arguments of a command, or from one line of text.

::

    query   = { term | filter }
    term    = [ "+" | "-" ] [ weight ":" ] ( words | picture | "near:" hash )
    filter  = [ "not" ] ( "tag:" name [ range ] | "path:" pattern | side range )
    range   = ( "<" | "<=" | ">" | ">=" ) number | ":" [ number ] ".." [ number ]
    side    = "width" | "height"
    picture = a path that begins with "./", "../", "/", "~/" or a drive, or ends as pictures do, such as ".png"

Words go on until the next sign, picture or filter, and are one text. The syntax of terms is that of rclip
(https://github.com/yurijmikhalevich/rclip, README, "Combining queries"); a range can be written without ``<`` and
``>``, which shells take for themselves.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NoReturn, Optional

from ..errors import InputError
from ..text import escaped, shortened
from .query import FileTerm, Filter, NearTerm, PathFilter, Query, Range, SideFilter, TagFilter, Term, TextTerm

_LONGEST = 10_000
_SIGNS = frozenset("+-")

_NUMBER = r"\d+(?:\.\d+)?|\.\d+"
_WEIGHT = re.compile(rf"({_NUMBER}):(.+)", re.DOTALL)
_PICTURE = re.compile(r"\.{1,2}[/\\]|[/~]|[A-Za-z]:[/\\]")
_NAMED_PICTURE = re.compile(
    r".+\.(?:apng|ase|aseprite|avif|bmp|gif|hei[cf]|ico|jpe?g|png|psd|tga|tiff?|webp)", re.DOTALL | re.IGNORECASE
)
_FILTER = re.compile(r"(tag|path|near):(.*)|(width|height)\s*((?:[:<>=]).*)", re.DOTALL)
_DOTS = re.compile(rf"(.*?):({_NUMBER})?\.\.({_NUMBER})?", re.DOTALL)
_COMPARED = re.compile(rf"(.*?)\s*(<=|>=|<|>)\s*({_NUMBER})", re.DOTALL)

#: A token of one line: quotes hold blanks together, also in its middle.
_TOKEN = re.compile(r'(?:"[^"]*"|[^\s"])+')


def parse_arguments(arguments: Sequence[str]) -> Query:
    """Return the query that the arguments of a command are.

    A shell has taken quotes away: an argument that begins a filter is one filter, with all its blanks. Any other is
    read as words, so that ``castle - photo`` may be one argument or three.

    Raises
    ------
    InputError
        It is no query; the message marks the place with ``>>>`` and ``<<<``.
    """
    tokens: list[str] = []
    for argument in arguments:
        begin = argument[4:] if argument.startswith("not ") else argument
        if _FILTER.match(begin.lstrip("+-")) or _is_picture(begin.lstrip("+-")):
            tokens.extend(["not", begin] if begin is not argument else [argument])
        else:
            tokens.extend(_tokens(argument))
    return _Parser(tokens, may_name_files=True).query()


def parse_text(text: str) -> Query:
    """Return the query that a line of text is; no picture can be named by its path in it.

    Raises
    ------
    InputError
        It is no query; the message marks the place with ``>>>`` and ``<<<``.
    """
    return _Parser(_tokens(text), may_name_files=False).query()


def _tokens(text: str) -> list[str]:
    if len(text) > _LONGEST:
        raise InputError(f"the query has {len(text):,} characters: at most {_LONGEST:,} are read.")
    if text.count('"') % 2:
        begin, _, rest = text.rpartition('"')
        raise InputError(f'{_marked([begin], chr(34) + rest, [])}: this quote is not closed. Add a " after it.')
    return _TOKEN.findall(text)


def _is_filter(token: str) -> bool:
    found = _FILTER.fullmatch(token)
    return found is not None and found[1] != "near"


def _is_picture(text: str) -> bool:
    content = _WEIGHT.sub(r"\2", text)
    if _PICTURE.match(content):
        return True
    words = content.split()
    return bool(_NAMED_PICTURE.fullmatch(content)) and not any(
        word[0] in _SIGNS or _FILTER.match(word) for word in words[1:]
    )


class _Parser:
    """Reads the tokens of one query."""

    def __init__(self, tokens: Sequence[str], *, may_name_files: bool) -> None:
        self._tokens = tokens
        self._may_name_files = may_name_files
        self._at = 0
        self._sign = ""  # that waits for its term
        self._is_not = False  # a filter follows, of all others
        self._is_text_open = False  # words that follow are of the last term
        self._terms: list[Term] = []
        self._filters: list[Filter] = []

    def query(self) -> Query:
        for place, token in enumerate(self._tokens):
            self._at = place
            if token in _SIGNS:
                if self._sign:
                    self._fail(f"a term must stand between {self._sign} and {token}.")
                self._sign = token
            elif token.casefold() == "not" and any(map(_is_filter, self._tokens[place + 1 : place + 2])):
                self._is_not = True
            else:
                self._take_signed(token)
        if self._sign:
            self._fail(f"a term must follow {self._sign}.")
        if not self._terms and not self._filters:
            raise InputError(
                'the query is empty. Give words, such as "castle at night", or a filter, such as tag:NAME.'
            )
        return Query(tuple(self._terms), tuple(self._filters))

    def _take_signed(self, token: str) -> None:
        """Take in a token that may have its sign and its weight in front."""
        content = token
        if token[0] in "+-" and not self._sign:
            self._sign, content = token[0], token[1:]
        weighted = _WEIGHT.fullmatch(content)
        weight = (-1.0 if self._sign == "-" else 1.0) * (float(weighted[1]) if weighted else 1.0)
        has_mark = bool(self._sign or weighted)
        self._take(weighted[2] if weighted else content, weight, has_mark=has_mark)
        self._sign, self._is_not = "", False

    def _take(self, content: str, weight: float, *, has_mark: bool) -> None:
        """Take in a term or a filter; ``has_mark`` says that a sign or a weight stands in front of it."""
        found = _FILTER.fullmatch(content)
        if not found and not self._is_path(content):
            self._take_words(_plain(content), weight, is_new=has_mark or not self._is_text_open)
            return
        self._is_text_open = False
        if not found:
            if not self._may_name_files:
                self._fail("no file can be named here: search near a picture by near: and its hash.")
            self._terms.append(FileTerm(os.path.expanduser(_plain(content)), weight))
        elif found[1] == "near":
            self._terms.append(NearTerm(self._name(found[2], "the hash of a picture"), weight))
        elif has_mark:
            self._fail("a filter has no sign and no weight: write not in front of it for all others.")
        else:
            self._filters.append(self._filter(found))

    def _is_path(self, content: str) -> bool:
        """Return whether a term is a picture; on a page a name with the end of a picture is words: none opens there."""
        return bool(_PICTURE.match(content) or (self._may_name_files and _NAMED_PICTURE.fullmatch(_plain(content))))

    def _take_words(self, words: str, weight: float, *, is_new: bool) -> None:
        if not words.strip():
            self._fail("a text must have a word.")
        last = None if is_new else self._terms[-1]
        if isinstance(last, TextTerm):
            self._terms[-1] = replace(last, text=f"{last.text} {words}")
        else:
            self._terms.append(TextTerm(words, weight))
        self._is_text_open = True

    def _filter(self, found: re.Match[str]) -> Filter:
        kind, content, side, range_of = found.groups()
        if kind == "path":
            return PathFilter(self._name(content, "a pattern of paths, such as photos/*"), self._is_not)
        if kind == "tag":
            name, numbers = self._split(content)
            if numbers and not (0 <= numbers.least <= 1 or 0 <= numbers.most <= 1):
                self._fail("a probability is a number from 0 to 1.")
            return TagFilter(self._name(name, "the name of a tag"), numbers, self._is_not)
        name, numbers = self._split(range_of)
        if numbers is None or name:
            self._fail(f"pixels follow, such as {side}<64 or {side}:..64.")
        return SideFilter(side, numbers, self._is_not)

    def _split(self, content: str) -> tuple[str, Optional[Range]]:
        """Return what stands in front of a range, and that; ``None`` where there is no range."""
        if (found := _DOTS.fullmatch(content)) and (found[2] or found[3]):
            numbers = Range(float(found[2] or -math.inf), float(found[3] or math.inf))
            if numbers.least > numbers.most:
                self._fail("the first number of a range is the smaller one.")
            return found[1], numbers
        if found := _COMPARED.fullmatch(content):
            number = float(found[3])
            if found[2].startswith("<"):
                return found[1], Range(most=number if found[2] == "<=" else math.nextafter(number, -math.inf))
            return found[1], Range(least=number if found[2] == ">=" else math.nextafter(number, math.inf))
        return content, None

    def _name(self, content: str, what: str) -> str:
        name = _plain(content).strip()
        if not name:
            self._fail(f"{what} must follow.")
        return name

    def _fail(self, why: str) -> NoReturn:
        tokens = self._tokens
        raise InputError(f"{_marked(tokens[: self._at], tokens[self._at], tokens[self._at + 1 :])}: {why}")


def _plain(content: str) -> str:
    return content.replace('"', "")


def _marked(before: Iterable[str], place: str, after: Iterable[str]) -> str:
    """Return the query with a mark at a place, as the begin of a sentence; what is far from it is left out."""
    begin, end = " ".join(before).rstrip(), " ".join(after)
    begin = f"…{begin[-60:]}" if len(begin) > 61 else begin
    marked = f"{begin} >>>{shortened(place, 200)}<<< {shortened(end, 60)}".strip()
    return f"the query cannot be read at {escaped(marked)}"
