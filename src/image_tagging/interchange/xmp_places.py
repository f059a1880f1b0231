"""Where in an XMP sidecar of others a tag can be put in: positions in its bytes, found by a strict parser.

The parser reads no entity and no document type: XMP has neither (specification part 1, section 7), and a stranger's
could stand for gigabytes, or for a file of this machine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Optional
from xml.parsers import expat

from ..errors import InputError

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

_LISTS = frozenset(f"{RDF} {kind}" for kind in ("Bag", "Seq", "Alt"))

#: Of deeper ones there are none in XMP.
_DEEPEST = 200


class Place(NamedTuple):
    """A position in the bytes: text is put in ``at`` it, or replaces what reaches to ``end``, the ``/>`` of an element
    that is empty, which is called ``element``.
    """

    at: int
    end: int
    element: str


@dataclass
class FoundList:
    """A list in a sidecar: its items, the prefix of RDF there, and where further items go."""

    rdf: str
    items: set[str] = field(default_factory=set)
    place: Optional[Place] = None


class Places(NamedTuple):
    """The lists that were looked for, ``None`` where there is none, and the place of further properties."""

    lists: list[Optional[FoundList]]
    description: Place
    wide: str

    def encoded(self, text: str) -> bytes:
        """Return text as the sidecar has it."""
        return text.encode(self.wide) if self.wide != "ascii" else text.encode("ascii", "xmlcharrefreplace")


def find_places(content: bytes, names: list[str]) -> Places:
    """Return where the items of the lists of ``names`` (namespace, space, name) go.

    Raises
    ------
    InputError
        It is no XML or no XMP, or has a document type, in words that follow the path of the file.
    """
    finder = _Finder(content, names)
    try:
        finder.parser.Parse(content, True)
    except expat.ExpatError as error:
        what = expat.ErrorString(error.code)
        raise InputError(f"is not XML (line {error.lineno:,}: {what})") from error
    except (LookupError, ValueError) as error:  # an encoding that Python does not know
        raise InputError(f"is not XML that can be read ({error})") from error
    if finder.description is None:
        raise InputError("is not XMP: it has no rdf:Description in an rdf:RDF")
    return Places([finder.found.get(name) for name in names], finder.description, finder.encoding)


class _Finder:
    def __init__(self, content: bytes, names: list[str]) -> None:
        self._content, self._names = content, frozenset(names)
        self._stack: list[str] = []
        self._starts: list[int] = []  # where the tags of these begin, in bytes
        self._text: Optional[list[str]] = None
        self.found: dict[str, FoundList] = {}
        self.description: Optional[Place] = None
        self.encoding = _wide(content) or "ascii"
        self.parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.namespace_prefixes = True
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._doctype
        parser.XmlDeclHandler = self._declared

    def _declared(self, _version: str, encoding: Optional[str], _standalone: int) -> None:
        if self.encoding == "ascii" and (encoding or "utf-8").lower() in {"utf-8", "utf8"}:
            self.encoding = "utf-8"

    @staticmethod
    def _doctype(*_: object) -> None:
        raise InputError("has a document type, which XMP has not")

    def _start(self, full: str, _attributes: dict[str, str]) -> None:
        name, prefix = _split(full)
        self._stack.append(name)
        self._starts.append(self.parser.CurrentByteIndex)
        if len(self._stack) > _DEEPEST:
            raise InputError("is not XMP: its elements are nested too deep")
        parent = self._stack[-2] if len(self._stack) > 1 else ""
        if self._is_in_property(2) and name in _LISTS:
            if parent not in self.found:
                self.found[parent] = FoundList(prefix)
        elif self._is_in_property(3) and name == f"{RDF} li":
            self._text = []

    def _is_in_property(self, depth: int) -> bool:
        """Return whether the element is ``depth`` levels below a Description of RDF, in a property looked for."""
        if len(self._stack) < depth + 2:
            return False
        root, description, name = self._stack[-depth - 2 : -depth + 1 or None][:3]
        return root == f"{RDF} RDF" and description == f"{RDF} Description" and name in self._names

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _end(self, full: str) -> None:
        name, prefix = _split(full)
        if self._is_in_property(3) and name == f"{RDF} li" and self._text is not None:
            self.found[self._stack[-3]].items.add("".join(self._text))
            self._text = None
        elif self._is_in_property(2) and name in _LISTS:
            found = self.found[self._stack[-2]]
            if found.place is None:
                found.place = self._place(name, prefix)
        elif self._is_in_property(1) and name not in self.found:
            raise InputError(f"has a {name.partition(' ')[2]} that is no list, which XMP does not allow")
        elif self._stack[-2:] == [f"{RDF} RDF", f"{RDF} Description"] and self.description is None:
            self.description = self._place(name, prefix)
        self._stack.pop()
        self._starts.pop()

    def _place(self, name: str, prefix: str) -> Place:
        """Return the place before the end of an element, which ends here."""
        at, local, closing = self.parser.CurrentByteIndex, name.partition(" ")[2], self._bytes("/>")
        end = self._end_of_tag(self._starts[-1])
        if end == at and self._content.endswith(closing, 0, end):  # an empty element: it ends where its only tag does
            return Place(end - len(closing), end, f"{prefix}:{local}" if prefix else local)
        return Place(at, at, "")

    def _end_of_tag(self, at: int) -> int:
        quote, step = b"", len(self._bytes("<"))
        while at < len(self._content):
            char = self._content[at : at + step]
            if quote:
                quote = b"" if char == quote else quote
            elif char in {self._bytes("'"), self._bytes('"')}:
                quote = char
            elif char == self._bytes(">"):
                return at + step
            at += step
        raise InputError("is not XML (a tag does not end)")

    def _bytes(self, text: str) -> bytes:
        return text.encode(self.encoding)


def _wide(content: bytes) -> str:
    """Return the encoding of two bytes a character, empty where there is another."""
    if content.startswith(b"\xff\xfe") or content[:2] == b"<\0":
        return "utf-16-le"
    return "utf-16-be" if content.startswith(b"\xfe\xff") or content[:2] == b"\0<" else ""


def _split(full: str) -> tuple[str, str]:
    """Return a name as namespace, space and name, and its prefix."""
    namespace, _, rest = full.partition(" ")
    name, _, prefix = rest.partition(" ")
    return (f"{namespace} {name}", prefix) if rest else (f" {full}", "")
