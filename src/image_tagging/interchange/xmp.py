"""XMP sidecars: a small XML file for each image, which photo managers read and write.

Tags stand three times, as programs look for them in different places: ``dc:subject`` (XMP specification part 1, April
2012, 8.3, "Dublin Core namespace": an unordered array, ``rdf:Bag``, of texts), ``digiKam:TagsList`` (an ``rdf:Seq`` of
paths with ``/`` between their parts, namespace ``http://www.digikam.org/ns/1.0/``: digiKam,
``DMetadataSettingsContainer::defaultTagValues``; Shotwell and immich read it too) and ``lr:hierarchicalSubject``
(Lightroom: an ``rdf:Bag`` of paths with ``|``, namespace ``http://ns.adobe.com/lightroom/1.0/``), which darktable
reads, or ``dc:subject`` where it is missing (``src/common/exif.cc``). digiKam and darktable call the file
``a.jpg.xmp``, Lightroom and Bridge ``a.xmp``; these two read sidecars of raw files alone, and look into other images
themselves. immich takes both names (https://docs.immich.app/features/xmp-sidecars).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import lru_cache
from html import escape
from typing import NamedTuple, Optional

from ..addresses import ImageRef
from ..text import encodable, for_xml
from .base import ExportedPicture, ExportOptions
from .xmp_places import RDF, Place, Places, find_places


class _Property(NamedTuple):
    """A list of tags in XMP: its namespace, the name there, the kind of its list, and what parts a path."""

    prefix: str
    namespace: str
    name: str
    kind: str
    parting: str


_PROPERTIES = (
    _Property("dc", "http://purl.org/dc/elements/1.1/", "subject", "Bag", "/"),
    _Property("digiKam", "http://www.digikam.org/ns/1.0/", "TagsList", "Seq", "/"),
    _Property("lr", "http://ns.adobe.com/lightroom/1.0/", "hierarchicalSubject", "Bag", "|"),
)

#: What a reader would change: it makes spaces of line ends in some places.
_TO_REFER = {9: "&#9;", 10: "&#10;", 13: "&#13;"}

_BEGIN = (
    "<?xpacket begin='\ufeff' id='W5M0MpCehiHzreSzNTczkc9d'?>\n<x:xmpmeta xmlns:x='adobe:ns:meta/'>\n"
    f" <rdf:RDF xmlns:rdf='{RDF}'>\n  <rdf:Description rdf:about=''"
)
_END = "  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n<?xpacket end='w'?>\n"


class XmpFormat:
    """The format ``xmp``. What is in a sidecar already stays, to the byte; tags that it lacks are added."""

    merges = True

    def __init__(self, options: ExportOptions) -> None:
        self._is_stem = options.sidecar_name == "stem"

    def is_wanted(self, picture: ExportedPicture) -> bool:
        """Return whether there is a tag to write."""
        return bool(picture.tags)

    def changed_tags(self, tags: Iterable[str]) -> list[str]:
        """Return the tags with characters that XML cannot hold, in place of which U+FFFD is written."""
        return [tag for tag in tags if for_xml(tag) != encodable(tag)]

    def name_of(self, name: str) -> str:
        """Return ``a.jpg.xmp`` for ``a.jpg``, or ``a.xmp`` where stems are asked for."""
        return f"{os.path.splitext(name)[0] if self._is_stem else name}.xmp"

    def content(self, picture: ExportedPicture, _ref: ImageRef, before: Optional[bytes]) -> bytes:
        """Return a new sidecar, or what is in one ``before``, with the tags that it lacks.

        Raises
        ------
        InputError
            It is no XMP, in words that follow the path of the file.
        """
        tags = list(dict.fromkeys(_written(each.tag) for each in picture.tags))
        if before is None or not before.strip():
            return _new(tags)
        return _merged(before, tags)


def _new(tags: list[str]) -> bytes:
    names = "".join(f"\n    xmlns:{each.prefix}='{each.namespace}'" for each in _PROPERTIES)
    lists = "".join(_list(each, _paths(each, tags), "rdf", is_new=True) for each in _PROPERTIES)
    return f"{_BEGIN}{names}>\n{lists}{_END}".encode()


def _paths(each: _Property, tags: list[str]) -> list[str]:
    return tags if each.parting == "/" else [tag.replace("/", each.parting) for tag in tags]


def _list(each: _Property, tags: Iterable[str], rdf: str, *, is_new: bool) -> str:
    """Return a whole property; in a sidecar of others it brings its own namespaces along."""
    spaces = "" if is_new else f" xmlns:{each.prefix}='{each.namespace}' xmlns:{rdf}='{RDF}'"
    items = _items(tags, rdf)
    name, kind = f"{each.prefix}:{each.name}", f"{rdf}:{each.kind}"
    return f"   <{name}{spaces}>\n    <{kind}>\n{items}    </{kind}>\n   </{name}>\n"


def _items(tags: Iterable[str], rdf: str) -> str:
    item = f"{rdf}:li" if rdf else "li"
    return "".join([_item(tag, item) for tag in tags])


@lru_cache(maxsize=4096)
def _item(tag: str, item: str) -> str:
    return f"     <{item}>{escape(tag, quote=False).translate(_TO_REFER)}</{item}>\n"


_written = lru_cache(maxsize=4096)(for_xml)


def _merged(before: bytes, tags: list[str]) -> bytes:
    """Return a sidecar with the tags that it lacks put in at their places; all other bytes stay."""
    places = find_places(before, [f"{each.namespace} {each.name}" for each in _PROPERTIES])
    added: dict[Place, str] = {}
    for each, found in zip(_PROPERTIES, places.lists):
        paths = _paths(each, tags)
        if found is None:
            place = places.description
            added[place] = added.get(place, "") + _list(each, paths, "rdf", is_new=False)
        elif found.place and (lacking := [tag for tag in paths if tag not in found.items]):
            added[found.place] = _items(lacking, found.rdf)
    return _put_in(before, added, places)


def _put_in(before: bytes, added: dict[Place, str], places: Places) -> bytes:
    parts, at = [], 0
    for place, text in sorted(added.items()):
        parts.append(before[at : place.at])
        parts.append(places.encoded(f">\n{text}</{place.element}>" if place.element else text))
        at = place.end
    return b"".join([*parts, before[at:]])
