"""XMP sidecars: tags in three places, and what others wrote stays to the byte."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_tagging.interchange import MODEL, ExportedPicture, ExportedTag, ExportOptions, sidecar_format

XMP = sidecar_format("xmp", ExportOptions())
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
PLACES = (
    "{http://purl.org/dc/elements/1.1/}subject",
    "{http://www.digikam.org/ns/1.0/}TagsList",
    "{http://ns.adobe.com/lightroom/1.0/}hierarchicalSubject",
)

DARKTABLE = b"""<?xml version="1.0" encoding="UTF-8"?>
<!-- kept -->
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <r:Description r:about="a > b" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmp:Rating="5">
   <dc:title><r:Alt><r:li xml:lang="x-default">caf\xc3\xa9 /&gt;</r:li></r:Alt></dc:title>
   <dc:subject><r:Seq><r:li>holidays</r:li><r:li>tiles</r:li></r:Seq></dc:subject>
   <lr:hierarchicalSubject xmlns:lr="http://ns.adobe.com/lightroom/1.0/"><r:Bag/></lr:hierarchicalSubject>
  </r:Description>
 </r:RDF>
</x:xmpmeta>
"""


def picture(*tags):
    return ExportedPicture("h", (), "PNG", 1, 1, tuple(ExportedTag(tag, 0.9, MODEL) for tag in tags))


def content(*tags, before=None):
    return XMP.content(picture(*tags), None, before)


def items(sidecar):
    """The items of the three lists, by a parser of XML."""
    root = ET.fromstring(sidecar)
    return [[item.text for found in root.iter(place) for item in found.iter(f"{RDF}li")] for place in PLACES]


def test_a_new_sidecar_has_the_tags_in_three_places():
    assert items(content("tiles", "fantasy/castle")) == [
        ["tiles", "fantasy/castle"],
        ["tiles", "fantasy/castle"],
        ["tiles", "fantasy|castle"],
    ]


def test_the_kinds_of_lists_are_those_of_the_specifications():
    root = ET.fromstring(content("tiles"))
    kinds = [next(root.iter(place))[0].tag.removeprefix(RDF) for place in PLACES]
    assert kinds == ["Bag", "Seq", "Bag"]


ODD = st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\ufffe\uffff"), min_size=1)


@given(st.lists(ODD))
def test_odd_tags_are_given_back_as_they_are(tags):
    unique = list(dict.fromkeys(tags))
    assert items(content(*tags))[0] == unique
    assert items(content(*tags, before=DARKTABLE))[0][2:] == [tag for tag in unique if tag not in {"holidays", "tiles"}]


def test_characters_that_xml_cannot_hold_are_replaced_and_named():
    assert items(content("bell\x07", "line\nend"))[0] == ["bell\ufffd", "line\nend"]
    assert XMP.changed_tags(["bell\x07", "line\nend", "plain"]) == ["bell\x07"]


def test_a_sidecar_of_others_keeps_every_byte_and_gets_the_tags_it_lacks():
    merged = content("tiles", "sprites", before=DARKTABLE)
    assert items(merged) == [["holidays", "tiles", "sprites"], ["tiles", "sprites"], ["tiles", "sprites"]]
    kept = iter(merged)
    assert all(byte in kept for byte in DARKTABLE.replace(b"<r:Bag/>", b"<r:Bag>"))  # in this order; the list is opened
    assert b'x:xmptk="XMP Core 4.4.0-Exiv2"' in merged
    assert b"<!-- kept -->" in merged
    assert b'xmp:Rating="5"' in merged


def test_merging_again_gives_the_same_bytes():
    merged = content("tiles", "sprites", before=DARKTABLE)
    assert content("tiles", "sprites", before=merged) == merged


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_sidecar_in_utf_16_stays_one(encoding):
    text = DARKTABLE.decode().partition("\n")[2]
    merged = content("日本", before=("\ufeff" + text).encode(encoding))
    assert items(merged)[0] == ["holidays", "tiles", "日本"]
    assert merged.decode(encoding).startswith("\ufeff<!-- kept -->")


def test_a_sidecar_in_latin_1_stays_one():
    text = DARKTABLE.decode().replace('"UTF-8"', '"ISO-8859-1"').encode("latin-1")
    merged = content("日本", before=text)
    assert items(merged)[0] == ["holidays", "tiles", "日本"]
    assert "café".encode("latin-1") in merged


@pytest.mark.parametrize(
    "description",
    [
        "<rdf:Description/>",
        "<rdf:Description rdf:about='/>'/>",
        "<rdf:Description></rdf:Description>",
        "<rdf:Description><a:b xmlns:a='urn:a'/></rdf:Description>",
        "<rdf:Description/><rdf:Description/>",
    ],
)
def test_an_empty_description_is_filled(description):
    before = f"<rdf:RDF xmlns:rdf='{RDF[1:-1]}'>{description}</rdf:RDF>".encode()
    assert items(content("tiles", before=before)) == [["tiles"]] * 3


def test_rdf_as_the_default_namespace_is_kept():
    before = f"<RDF xmlns='{RDF[1:-1]}'><Description><d:subject xmlns:d='{PLACES[0][1:33]}'><Bag/></d:subject>"
    before += "</Description></RDF>"
    assert items(content("tiles", before=before.encode())) == [["tiles"]] * 3


def test_an_empty_file_becomes_a_sidecar():
    assert content("tiles", before=b"\n") == content("tiles")
