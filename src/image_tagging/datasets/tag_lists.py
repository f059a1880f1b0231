"""The tag lists of stage 1, read as a stream of texts: what a list holds is never in memory as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, Any

import orjson

from ..errors import MetadataError
from ..files import StrPath, user_path
from ..text import as_tag
from .hash_lists import HashList
from .json_objects import CHUNK, open_object, require_end
from .metadata_errors import FileErrors, contradictory
from .metadata_limits import LONGEST_HASH

TAG_TO_HASHES = "input-tag-to-image-hash-list.json"

#: Bytes of a tag as JSON spells it. A tag is the name of a folder, which no system lets be longer than 1,024 bytes, or
#: of a member of an archive; one that is too long for the name of a model file is reported later, and not learned.
_LONGEST_TAG = 1 << 16

#: Hashes of one tag.
_MOST_HASHES = 10_000_000

#: Tags of one file.
_MOST_TAGS = 200_000

#: As many hashes at once as make the reading fast; each is a text without an escape, followed by a comma.
_HASHES = re.compile(rb'(?:"[^"\\]{0,%d}"[ \t\r\n]*,[ \t\r\n]*){1,200}' % LONGEST_HASH)

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)

_SPACE = re.compile(rb"[ \t\r\n]*")


def read_tag_lists(path: StrPath) -> dict[str, HashList]:
    """Return the hashes of each tag from a tag-to-hash file, in the order of the file.

    Spellings of one tag (``é`` in one character or in two) are one tag with the images of all of them.

    Raises
    ------
    MetadataError
        The file is missing, malformed or foreign, or has two lists for one tag.
    """
    path = user_path(path)
    remedy = f"Give the {TAG_TO_HASHES} that stage 1 wrote for a tagged folder."
    errors = FileErrors(path, MetadataError, "a list of hashes per tag", remedy)
    lists: dict[str, HashList] = {}
    try:
        with open(path, "rb") as file:
            for tag, hashes in _lists(_Text(errors, file)):
                if lists.setdefault(tag, hashes) != hashes:
                    raise contradictory(path, f"the tag {tag[:100]!r} has two lists")
                if len(lists) > _MOST_TAGS:
                    raise errors.foreign(f"it has more than {_MOST_TAGS:,} tags")
    except OSError as error:
        raise errors.unreadable(error) from error
    tags: dict[str, HashList] = {}
    for spelling, hashes in lists.items():
        tags.setdefault(as_tag(spelling), HashList()).join(hashes)
    return tags


class _Text:
    """The text of a file, from the brace that opens its object, read on as it is used."""

    def __init__(self, errors: FileErrors, file: IO[bytes]) -> None:
        self.errors = errors
        self._file = file
        self._text = open_object(errors, file)
        self._at = 0
        self._line = 1

    def next(self) -> bytes:
        """Return the next byte that is no white space, without going past it; there is a whole text behind it."""
        while True:
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]  # it matches no space too
            if len(self._text) - self._at < _LONGEST_TAG and (more := self._file.read(max(CHUNK, _LONGEST_TAG))):
                self._line += self._text.count(b"\n", 0, self._at)
                self._text, self._at = self._text[self._at :] + more, 0
            elif self._at < len(self._text):
                return self._text[self._at : self._at + 1]
            else:
                raise self.errors.malformed("is not valid JSON: it is cut short")

    def take(self, expected: bytes) -> bytes:
        """Return the next byte, which must be one of those expected."""
        found = self.next()
        if found not in expected:
            raise self.error("a comma is missing, or one too many")
        self._at += 1
        return found

    def string(self) -> str:
        """Return the text that comes next."""
        if self.next() != b'"':
            raise self.error("a text is missing")
        found = _STRING.match(self._text, self._at, self._at + _LONGEST_TAG)
        if found is None:
            if len(self._text) - self._at < _LONGEST_TAG:
                raise self.errors.malformed("is not valid JSON: it is cut short")
            raise self.errors.foreign(f"a text is longer than {_LONGEST_TAG:,} bytes")
        text: str = self._parsed(found[0])
        self._at = found.end()
        return text

    def hashes(self) -> list[str]:
        """Return some of the hashes that come next, each followed by a comma; there may be none in this form."""
        if self.next() != b'"' or (found := _HASHES.match(self._text, self._at)) is None:
            return []
        hashes: list[str] = self._parsed(b"[" + found[0][: found[0].rindex(b",")] + b"]")
        self._at = found.end()
        return hashes

    def end(self) -> None:
        """Raise the error for a file that goes on after its object."""
        require_end(self.errors, self._file, self._text[self._at :])

    def error(self, why: str) -> Exception:
        """Return the error for a text that is no JSON here."""
        line = self._line + self._text.count(b"\n", 0, self._at)
        return self.errors.malformed(f"is not valid JSON at line {line} ({why})")

    def _parsed(self, text: bytes) -> Any:
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise self.error(error.msg) from error


def _lists(text: _Text) -> Iterator[tuple[str, HashList]]:
    """Yield each tag with its hashes."""
    text.take(b"{")
    more = text.next() == b'"' or text.take(b"}") != b"}"
    while more:
        tag = text.string()
        text.take(b":")
        yield tag, _hashes(text)
        more = text.take(b",}") == b","
        if more and text.next() == b"}":
            raise text.error("a comma is missing, or one too many")
    text.end()


def _hashes(text: _Text) -> HashList:
    """Return the hashes of one tag."""
    hashes = HashList()
    if text.next() != b"[":
        raise text.errors.foreign("a tag has something else than a list")
    text.take(b"[")
    more = text.next() != b"]" or text.take(b"]") != b"]"
    while more:
        hashes.extend(text.hashes())
        if text.next() in b"[{0123456789-tfn":
            raise text.errors.foreign("a list holds something else than hashes")
        hash_id = text.string()
        if len(hash_id) > LONGEST_HASH:
            raise text.errors.foreign(f"a hash is longer than {LONGEST_HASH:,} characters")
        hashes.extend([hash_id])
        if len(hashes) > _MOST_HASHES:
            raise text.errors.foreign(f"a tag has more than {_MOST_HASHES:,} hashes")
        more = text.take(b",]") == b","
    return hashes
